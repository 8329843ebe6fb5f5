using System.Text;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>The container runtime for kubeadm; RKE2 and k3s bring their own.</summary>
internal static class RuntimeSteps
{
    private const string CriOSource = "https://download.opensuse.org/repositories/isv:/cri-o:/stable:";
    private const string DockerSource = "https://download.docker.com/linux";

    // 2.x: Kubernetes 1.36 has dropped the configuration interface of 1.x.
    private const string ContainerdMajor = "2";

    public static IEnumerable<BootstrapStep> For(OverlayNode node, KubernetesSettings settings)
    {
        var version = KubernetesVersion.Of(settings.Version);
        if (settings.Runtime == ContainerRuntime.CriO)
        {
            // Kubernetes and CRI-O of one minor version are tested together. Patches do not run in step.
            yield return Packages.Pinned(node.Machine.Os, "cri-o",
                $"the runtime, of the same minor version as Kubernetes, {version.Short}",
                $"{CriOSource}/v{version.Short}", version.Short, "cri-o");
            yield return Service("crio", CriOMirrors(settings), "the kubelet talks to it");
            yield break;
        }

        yield return node.Machine.Os == OsFamily.Rhel ? ContainerdByDnf() : ContainerdByApt(node.Machine.Os);
        yield return Service("containerd",
            [new HostFile("/etc/containerd/config.toml", "0644", ContainerdConfig), .. ContainerdMirrors(settings)],
            "the kubelet talks to it; both must count with systemd's groups");
    }

    private static BootstrapStep Service(string unit, IReadOnlyList<HostFile> files, string why) => new(
        $"{unit} service", why, $"systemctl is-active -q {unit}", files,
        $"systemctl enable {unit}\nsystemctl restart {unit}",
        string.Join('\n', files.Select(file => $"rm -f {Shell.Quote(file.Path)}")
            .Append($"systemctl disable --now {unit}")));

    private static BootstrapStep ContainerdByApt(OsFamily os)
    {
        var system = os == OsFamily.Ubuntu ? "ubuntu" : "debian";
        const string key = "/etc/apt/keyrings/docker.asc";
        const string list = "/etc/apt/sources.list.d/docker.list";
        return BootstrapStep.Command("containerd", $"the runtime, {ContainerdMajor}.x, from the source that its project names",
            $"[[ \"$(dpkg-query -W -f '${{Version}}' containerd.io 2>/dev/null)\" == {ContainerdMajor}.* ]]",
            $"""
            export DEBIAN_FRONTEND=noninteractive
            install -d -m 0755 /etc/apt/keyrings
            curl -fsSL --retry 5 --proto =https -o {key}.new {DockerSource}/{system}/gpg
            grep -q 'BEGIN PGP PUBLIC KEY BLOCK' {key}.new
            mv {key}.new {key}
            codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
            printf 'deb [signed-by={key}] {DockerSource}/{system} %s stable\n' "$codename" > {list}
            apt-get -o DPkg::Lock::Timeout=300 update -q
            apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends 'containerd.io={ContainerdMajor}.*'
            apt-mark hold containerd.io
            """,
            $"apt-mark unhold containerd.io\napt-get remove -y -q containerd.io\nrm -f {list} {key}");
    }

    private static BootstrapStep ContainerdByDnf() => BootstrapStep.File("containerd",
        $"the runtime, {ContainerdMajor}.x, from the source that its project names",
        new HostFile("/etc/yum.repos.d/docker.repo", "0644",
            $"[docker]\nname=docker\nbaseurl={DockerSource}/centos/$releasever/$basearch/stable\nenabled=1\ngpgcheck=1\n"
            + $"gpgkey={DockerSource}/centos/gpg\nexclude=containerd.io\n"),
        $"dnf install -y --disableexcludes=docker 'containerd.io-{ContainerdMajor}.*'",
        $"rpm -q containerd.io | grep -q '^containerd.io-{ContainerdMajor}[.]'");

    private static string ContainerdConfig => """
        # written by spillway, changes get lost
        version = 3

        [plugins.'io.containerd.cri.v1.images'.registry]
          config_path = '/etc/containerd/certs.d'

        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
          runtime_type = 'io.containerd.runc.v2'

        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
          SystemdCgroup = true

        """.ReplaceLineEndings("\n");

    private static IEnumerable<HostFile> ContainerdMirrors(KubernetesSettings settings)
    {
        foreach (var (registry, urls) in settings.Registries)
        {
            var text = new StringBuilder();
            text.Append($"server = \"https://{(registry == "docker.io" ? "registry-1.docker.io" : registry)}\"\n");
            foreach (var url in urls)
                text.Append($"\n[host.\"{url}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
            yield return new HostFile($"/etc/containerd/certs.d/{registry}/hosts.toml", "0644", text.ToString());
        }
    }

    private static IReadOnlyList<HostFile> CriOMirrors(KubernetesSettings settings)
    {
        if (settings.Registries.Count == 0)
            return [];
        var text = new StringBuilder("# written by spillway, changes get lost\n");
        foreach (var (registry, urls) in settings.Registries)
        {
            text.Append($"\n[[registry]]\nprefix = \"{registry}\"\nlocation = \"{registry}\"\n");
            foreach (var url in urls.Select(url => new Uri(url)))
                text.Append($"\n[[registry.mirror]]\nlocation = \"{url.Authority}{url.AbsolutePath.TrimEnd('/')}\"\n"
                    + $"insecure = {(url.Scheme == "http" ? "true" : "false")}\n");
        }

        return [new HostFile("/etc/containers/registries.conf.d/90-spillway.conf", "0644", text.ToString())];
    }
}
