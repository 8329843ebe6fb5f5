using System.Net;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Bootstrap;

/// <summary>The configuration files of RKE2 and k3s, which differ in little but names.</summary>
public static class RancherConfig
{
    private const int Rke2Supervisor = 9345;

    public static string Folder(Distribution distribution) => $"/etc/rancher/{Name(distribution)}";

    /// <summary>Holds the token, mode 0600; the configuration only names it.</summary>
    public static string TokenPath(Distribution distribution) => $"{Folder(distribution)}/token";

    public static string Manifests(Distribution distribution) =>
        $"/var/lib/rancher/{Name(distribution)}/server/manifests";

    public static string Name(Distribution distribution) => distribution == Distribution.Rke2 ? "rke2" : "k3s";

    /// <summary>config.yaml, registries.yaml where there are mirrors, and on servers the pod network's settings.</summary>
    public static IReadOnlyList<HostFile> For(OverlayNode node, OverlayPlan plan)
    {
        var kubernetes = plan.Cluster.Kubernetes;
        var distribution = kubernetes.Distribution;
        var isServer = node.Machine.Role == MachineRole.ControlPlane;
        var files = new List<HostFile>
        {
            new($"{Folder(distribution)}/config.yaml", "0600", YamlWriter.From(Config(node, plan, isServer))),
        };
        if (kubernetes.Registries.Count > 0)
            files.Add(new HostFile($"{Folder(distribution)}/registries.yaml", "0600",
                YamlWriter.From(Registries(kubernetes))));
        if (isServer && PodNetworkManifest(plan) is { } manifest)
            files.Add(manifest);
        return files;
    }

    private static JsonObject Config(OverlayNode node, OverlayPlan plan, bool isServer)
    {
        var distribution = plan.Cluster.Kubernetes.Distribution;
        var settings = NodeSettings.Of(node, plan);
        var config = new JsonObject();
        if (!KubeadmConfig.IsFirst(node, plan) && plan.Api.Endpoint is { } endpoint)
            config["server"] = "https://" + (distribution == Distribution.Rke2
                ? endpoint with { Port = Rke2Supervisor }
                : endpoint);
        config["token-file"] = TokenPath(distribution);
        config["node-name"] = node.Name;
        if (settings.NodeIp is { } address)
            config["node-ip"] = address;
        if (isServer)
            AddServer(config, node, plan);
        if (settings.OwnLabels.Count > 0)
            config["node-label"] = Strings(settings.OwnLabels);
        if (settings.Taints is { Count: > 0 } taints)
            config["node-taint"] = Strings(taints.Select(taint => taint.ToString()!));
        if (KubeletArguments(node.Machine) is { Count: > 0 } arguments)
            config["kubelet-arg"] = Strings(arguments);
        if (distribution == Distribution.K3s && plan.Cluster.Kubernetes.Network == PodNetwork.Flannel)
            config["flannel-iface"] = node.Interface;
        return config;
    }

    private static void AddServer(JsonObject config, OverlayNode node, OverlayPlan plan)
    {
        var kubernetes = plan.Cluster.Kubernetes;
        if (node.NodeIp is { } address)
            config["advertise-address"] = address.ToString();
        config["tls-san"] = Strings(plan.Api.Sans);
        config["cluster-cidr"] = kubernetes.PodCidr.ToString();
        config["service-cidr"] = kubernetes.ServiceCidr.ToString();
        config["cluster-dns"] = DnsAddress(kubernetes.ServiceCidr).ToString();
        config["write-kubeconfig-mode"] = "0600";
        if (kubernetes.Distribution == Distribution.Rke2)
        {
            config["cni"] = kubernetes.Network.ToString().ToLowerInvariant();
            return;
        }

        if (plan.Nodes.Count(other => other.Machine.Role == MachineRole.ControlPlane) > 1
            && KubeadmConfig.IsFirst(node, plan))
            config["cluster-init"] = true;
        if (kubernetes.Network == PodNetwork.Flannel)
        {
            config["flannel-backend"] = kubernetes.Routing == PodRouting.Native ? "host-gw" : "vxlan";
            return;
        }

        config["flannel-backend"] = "none";
        config["disable-network-policy"] = true;
    }

    /// <summary>
    /// RKE2 brings the charts of its pod networks and takes settings as a HelmChartConfig, which its upgrades keep; k3s
    /// is told the chart itself. k3s' own Flannel needs neither.
    /// </summary>
    private static HostFile? PodNetworkManifest(OverlayPlan plan)
    {
        var kubernetes = plan.Cluster.Kubernetes;
        var name = kubernetes.Network.ToString().ToLowerInvariant();
        var manifests = Manifests(kubernetes.Distribution);
        var values = YamlWriter.From(plan.Pods.Values);
        if (kubernetes.Distribution == Distribution.Rke2)
            return new HostFile($"{manifests}/rke2-{name}-config.yaml", "0600", YamlWriter.From(
                Helm("HelmChartConfig", $"rke2-{name}", new JsonObject { ["valuesContent"] = values })));
        if (kubernetes.Network == PodNetwork.Flannel)
            return null;
        var chart = PodNetworkChart.Of(kubernetes.Network);
        return new HostFile($"{manifests}/spillway-{name}.yaml", "0600", YamlWriter.From(
            Helm("HelmChart", name, new JsonObject
            {
                ["repo"] = chart.Repository,
                ["chart"] = chart.Chart,
                ["version"] = chart.Version,
                ["targetNamespace"] = chart.Namespace,
                ["createNamespace"] = true,
                ["bootstrap"] = true,
                ["valuesContent"] = values,
            })));
    }

    private static JsonObject Helm(string kind, string name, JsonObject spec) => new()
    {
        ["apiVersion"] = "helm.cattle.io/v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "kube-system" },
        ["spec"] = spec,
    };

    private static JsonObject Registries(KubernetesSettings kubernetes)
    {
        var mirrors = new JsonObject();
        foreach (var (registry, urls) in kubernetes.Registries)
            mirrors[registry] = new JsonObject { ["endpoint"] = Strings(urls) };
        return new JsonObject { ["mirrors"] = mirrors };
    }

    private static List<string> KubeletArguments(Machine machine)
    {
        var arguments = new List<string>();
        if (machine.ExclusiveCpus)
            arguments.Add("cpu-manager-policy=static");
        if (machine is { ExclusiveCpus: true, Smt: true })
            arguments.Add("cpu-manager-policy-options=full-pcpus-only=true");
        if (machine.ReservedCpus is { } reserved)
            arguments.Add($"reserved-cpus={reserved}");
        return arguments;
    }

    // Kubernetes' convention, which both distributions follow: the tenth address of the services.
    private static IPAddress DnsAddress(Cidr services) => services.AddressAt(10);

    private static JsonArray Strings(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)item)]);
}
