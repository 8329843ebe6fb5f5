using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>A node by RKE2 or k3s.</summary>
internal static class RancherSteps
{
    public static IEnumerable<BootstrapStep> For(OverlayNode node, OverlayPlan plan)
    {
        var distribution = plan.Cluster.Kubernetes.Distribution;
        var isServer = node.Machine.Role == MachineRole.ControlPlane;
        var unit = UnitOf(distribution, isServer);
        yield return distribution == Distribution.Rke2
            ? Rke2(node, plan.Cluster.Kubernetes)
            : K3s(node, plan.Cluster.Kubernetes, isServer);
        yield return Token(node, plan, distribution);
        yield return new BootstrapStep($"{unit} waits",
            $"without its address {node.NodeIp} it would register another one, or fail", "",
            [TunnelSteps.WaitScript, TunnelSteps.WaitsForTunnel($"{unit}.service", node, plan)],
            "systemctl daemon-reload",
            $"rm -rf /etc/systemd/system/{unit}.service.d/10-spillway-tunnel.conf\nsystemctl daemon-reload");
        yield return new BootstrapStep(unit, isServer ? "it runs the control plane" : "it runs the node",
            $"systemctl is-active -q {unit}", RancherConfig.For(node, plan),
            $"systemctl enable {unit}\nsystemctl restart {unit}",
            $"systemctl disable --now {unit}\nrm -f {RancherConfig.Folder(distribution)}/config.yaml");
    }

    public static string UnitOf(Distribution distribution, bool isServer) => (distribution, isServer) switch
    {
        (Distribution.Rke2, true) => "rke2-server",
        (Distribution.Rke2, false) => "rke2-agent",
        (_, true) => "k3s",
        _ => "k3s-agent",
    };

    private static BootstrapStep Token(OverlayNode node, OverlayPlan plan, Distribution distribution)
    {
        var path = RancherConfig.TokenPath(distribution);
        return BootstrapStep.Command("token",
            "what nodes join with: made on the first server, in a file that only root reads",
            $"[ -s {path} ] && [ \"$(stat -c %a {path})\" = 600 ]",
            KubeadmConfig.IsFirst(node, plan)
                ? $"install -d -m 0755 {RancherConfig.Folder(distribution)}\numask 077\n"
                    + $"[ -s {path} ] || head -c 32 /dev/urandom | base64 | tr -d '\\n=+/' > {path}\nchmod 600 {path}"
                : $"chmod 600 {path} || {{ echo 'bring the token of the first server to {path}' >&2; exit 1; }}");
    }

    private static BootstrapStep Rke2(OverlayNode node, KubernetesSettings settings) => BootstrapStep.Command(
        "rke2 program",
        "from its makers' release; the archive is compared with the sum that they publish",
        Installed("/usr/local/bin/rke2", settings),
        Release("rke2", settings) + $"""

            {Fetch("rke2", $"rke2.linux-{node.Machine.Arch}.tar.gz", node.Machine.Arch)}
            tar -xzf rke2.linux-{node.Machine.Arch}.tar.gz -C /usr/local
            systemctl daemon-reload
            """,
        "/usr/local/bin/rke2-uninstall.sh");

    private static BootstrapStep K3s(OverlayNode node, KubernetesSettings settings, bool isServer)
    {
        var asset = node.Machine.Arch == "amd64" ? "k3s" : $"k3s-{node.Machine.Arch}";
        var unit = UnitOf(Distribution.K3s, isServer);
        return new BootstrapStep("k3s program", "from its makers' release; the program is compared with the sum that they publish",
            Installed("/usr/local/bin/k3s", settings),
            [
                new HostFile($"/etc/systemd/system/{unit}.service", "0644", $"""
                    [Unit]
                    Description=Lightweight Kubernetes
                    Wants=network-online.target
                    After=network-online.target

                    [Service]
                    Type={(isServer ? "notify" : "exec")}
                    KillMode=process
                    Delegate=yes
                    LimitNOFILE=1048576
                    LimitNPROC=infinity
                    LimitCORE=infinity
                    TasksMax=infinity
                    TimeoutStartSec=0
                    Restart=always
                    RestartSec=5s
                    ExecStart=/usr/local/bin/k3s {(isServer ? "server" : "agent")}

                    [Install]
                    WantedBy=multi-user.target

                    """.ReplaceLineEndings("\n")),
            ],
            Release("k3s", settings) + $"""

            {Fetch("k3s", asset, node.Machine.Arch)}
            install -m 0755 {asset} /usr/local/bin/k3s
            systemctl daemon-reload
            """,
            $"systemctl disable --now {unit}\nrm -f /usr/local/bin/k3s /etc/systemd/system/{unit}.service\n"
            + "systemctl daemon-reload");
    }

    private static string Installed(string program, KubernetesSettings settings)
    {
        var version = KubernetesVersion.Of(settings.Version);
        var end = version.Patch is null ? "[.]" : "[+]";
        return $"{program} --version 2>/dev/null | grep -q 'v{version.ToString().Replace(".", "[.]")}{end}'";
    }

    // A minor version stands for its channel's newest; an exact one for its first packaging.
    private static string Release(string name, KubernetesSettings settings)
    {
        var version = KubernetesVersion.Of(settings.Version);
        var ending = name == "rke2" ? "rke2r1" : "k3s1";
        return version.Patch is not null
            ? $"release='v{version}+{ending}'"
            : $"channel=https://update.{name}.io/v1-release/channels/v{version}\n"
                + "release=$(curl -fsSL --retry 5 --proto =https -o /dev/null -w '%{url_effective}' \"$channel\")\n"
                + "release=$(printf %s \"${release##*/}\" | sed 's/%2B/+/')\n"
                + $"case \"$release\" in v{version}.*+{name}*) ;; *)\n"
                + "  echo \"the channel answered '$release'\" >&2; exit 1 ;; esac";
    }

    private static string Fetch(string name, string asset, string arch) => $"""
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        cd "$folder"
        tag=$(printf %s "$release" | sed 's/+/%2B/')
        from="https://github.com/{(name == "rke2" ? "rancher/rke2" : "k3s-io/k3s")}/releases/download/$tag"
        curl -fsSL --retry 5 --proto =https -O "$from/{asset}"
        curl -fsSL --retry 5 --proto =https -O "$from/sha256sum-{arch}.txt"
        grep ' {asset}$' sha256sum-{arch}.txt | sha256sum -c
        """;
}
