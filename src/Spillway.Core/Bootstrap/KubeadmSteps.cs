using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;

namespace Spillway.Core.Bootstrap;

/// <summary>A node by kubeadm.</summary>
internal static class KubeadmSteps
{
    private const string Source = "https://pkgs.k8s.io/core:/stable:";
    private const string Helm = "v3.19.0";

    public static IEnumerable<BootstrapStep> For(OverlayNode node, OverlayPlan plan)
    {
        var settings = plan.Cluster.Kubernetes;
        var version = KubernetesVersion.Of(settings.Version);
        foreach (var step in RuntimeSteps.For(node, settings))
            yield return step;
        yield return new BootstrapStep("kubelet waits",
            $"without its address {node.NodeIp} it would register another one, or fail",
            "", [TunnelSteps.WaitScript, TunnelSteps.WaitsForTunnel("kubelet.service", node, plan)],
            "systemctl daemon-reload", "rm -rf /etc/systemd/system/kubelet.service.d/10-spillway-tunnel.conf\n"
            + "systemctl daemon-reload");
        yield return Packages.Pinned(node.Machine.Os, "kubernetes",
            $"kubelet, kubeadm and kubectl {version}, held so that a system upgrade leaves them alone",
            $"{Source}/v{version.Short}", version.ToString(), "kubelet", "kubeadm", "kubectl");
        yield return new BootstrapStep("kubeadm configuration", "what kubeadm builds the node from", "",
            KubeadmConfig.For(node, plan), "", $"rm -rf {KubeadmConfig.Folder}");
        if (!KubeadmConfig.IsFirst(node, plan))
        {
            yield return Join(node);
            yield break;
        }

        yield return Init();
        if (settings.Network == PodNetwork.Canal)
            yield break;
        yield return InstallHelm(node.Machine.Arch);
        yield return InstallPodNetwork(plan);
    }

    // An init that was cut off leaves half a control plane, which a second one refuses: it is cleared first. One that
    // has once been finished is never touched again, whatever its state.
    private static BootstrapStep Init() => BootstrapStep.Command("control plane",
        "the first control plane makes the cluster",
        $"[ -e {KubeadmConfig.Folder}/initialised ] || "
        + $"{{ [ -s /etc/kubernetes/admin.conf ] && [ ! -e {KubeadmConfig.Folder}/initialising ]; }}",
        $"""
        if [ -e {KubeadmConfig.Folder}/initialising ]; then kubeadm reset -f; fi
        touch {KubeadmConfig.Folder}/initialising
        systemctl enable kubelet.service
        kubeadm init --config {KubeadmConfig.Path}
        mv {KubeadmConfig.Folder}/initialising {KubeadmConfig.Folder}/initialised
        """,
        $"kubeadm reset -f\nrm -f {KubeadmConfig.Folder}/initialised");

    private static BootstrapStep Join(OverlayNode node)
    {
        var certificates = node.Machine.Role == MachineRole.ControlPlane
            ? "if [ ! -s /etc/kubernetes/pki/ca.key ]; then\n"
                + "  echo 'bring /etc/kubernetes/pki/{ca,sa,front-proxy-ca,etcd/ca} of the first control plane' >&2\n"
                + "  exit 1\nfi\n"
            : "";
        return BootstrapStep.Command("join", "a short-lived ticket, bound to this machine, lets it in; then it is removed",
            $"[ -s /etc/kubernetes/kubelet.conf ] && [ ! -e {KubeadmConfig.Folder}/joining ]",
            $"""
            if [ ! -s {KubeadmConfig.TicketPath} ]; then
              echo 'there is no ticket at {KubeadmConfig.TicketPath}' >&2
              exit 1
            fi
            chmod 600 {KubeadmConfig.TicketPath}
            {certificates}if [ -e {KubeadmConfig.Folder}/joining ]; then kubeadm reset -f; fi
            touch {KubeadmConfig.Folder}/joining
            systemctl enable kubelet.service
            kubeadm join --config {KubeadmConfig.Path}
            rm -f {KubeadmConfig.Folder}/joining {KubeadmConfig.TicketPath}
            """,
            "kubeadm reset -f");
    }

    private static BootstrapStep InstallHelm(string arch) => BootstrapStep.Command("helm",
        "it installs the pod network; the archive is compared with the sum that its makers publish",
        $"/usr/local/bin/helm version --short 2>/dev/null | grep -q '^{Helm}'",
        $"""
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        cd "$folder"
        curl -fsSL --retry 5 --proto =https -O https://get.helm.sh/helm-{Helm}-linux-{arch}.tar.gz
        curl -fsSL --retry 5 --proto =https -O https://get.helm.sh/helm-{Helm}-linux-{arch}.tar.gz.sha256sum
        sha256sum -c helm-{Helm}-linux-{arch}.tar.gz.sha256sum
        tar -xzf helm-{Helm}-linux-{arch}.tar.gz
        install -m 0755 linux-{arch}/helm /usr/local/bin/helm
        """,
        "rm -f /usr/local/bin/helm");

    private static BootstrapStep InstallPodNetwork(OverlayPlan plan)
    {
        var chart = PodNetworkChart.Of(plan.Pods.Kind);
        const string values = $"{KubeadmConfig.Folder}/pod-network.yaml";
        const string access = "--kubeconfig /etc/kubernetes/admin.conf";
        return new BootstrapStep("pod network", string.Join("; ", plan.Pods.Why),
            $"/usr/local/bin/helm {access} -n {chart.Namespace} status {chart.Chart} 2>/dev/null"
            + " | grep -q '^STATUS: deployed'",
            [new HostFile(values, "0644", YamlWriter.From(plan.Pods.Values))],
            $"/usr/local/bin/helm {access} upgrade --install {chart.Chart} {chart.Chart} --repo {chart.Repository} "
            + $"--version {chart.Version} -n {chart.Namespace} --create-namespace -f {values}",
            $"/usr/local/bin/helm {access} -n {chart.Namespace} uninstall {chart.Chart}");
    }
}
