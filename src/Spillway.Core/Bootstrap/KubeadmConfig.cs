using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Yaml;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Bootstrap;

/// <summary>
/// kubeadm's configuration. From Kubernetes 1.31 on it is v1beta4, where arguments are lists of name and value; before,
/// v1beta3 with mappings. v1beta2 is not written: kubeadm has refused it since 1.27.
/// </summary>
public static class KubeadmConfig
{
    public const string Folder = "/etc/kubernetes/spillway";
    public const string Path = $"{Folder}/kubeadm.yaml";

    /// <summary>The control plane's address, its certificate authority and a short-lived token, as a kubeconfig.</summary>
    public const string TicketPath = $"{Folder}/join.conf";

    private const string Patches = $"{Folder}/patches";
    private const int FirstWithLists = 31;

    /// <summary>For the first control plane <c>kubeadm init</c>'s documents, for every other machine those to join by.</summary>
    public static IReadOnlyList<HostFile> For(OverlayNode node, OverlayPlan plan)
    {
        var version = KubernetesVersion.Of(plan.Cluster.Kubernetes.Version);
        var lists = version.Minor >= FirstWithLists;
        var api = lists ? "kubeadm.k8s.io/v1beta4" : "kubeadm.k8s.io/v1beta3";
        JsonObject[] documents = IsFirst(node, plan)
            ? [Init(node, plan, api, lists), Cluster(plan, api, lists, version), Kubelet(), Proxy(plan.Cluster)]
            : [Join(node, plan, api, lists)];
        var files = new List<HostFile>
        {
            new(Path, "0600", string.Join("---\n", documents.Select(document => YamlWriter.From(document)))),
        };
        if (KubeletPatch(node.Machine) is { } patch)
            files.Add(new HostFile($"{Patches}/kubeletconfiguration+merge.yaml", "0644", YamlWriter.From(patch)));
        return files;
    }

    public static bool IsFirst(OverlayNode node, OverlayPlan plan) =>
        plan.Nodes.FirstOrDefault(other => other.Machine.Role == MachineRole.ControlPlane)?.Name == node.Name;

    public static string Socket(ContainerRuntime runtime) => runtime == ContainerRuntime.CriO
        ? "unix:///var/run/crio/crio.sock"
        : "unix:///run/containerd/containerd.sock";

    private static JsonObject Init(OverlayNode node, OverlayPlan plan, string api, bool lists)
    {
        var document = Document(api, "InitConfiguration");
        if (node.NodeIp is { } address)
            document["localAPIEndpoint"] = Endpoint(address.ToString());
        // kubeadm makes a token in any case; this one is of no use to who finds it in the log tomorrow.
        document["bootstrapTokens"] = new JsonArray(new JsonObject
        {
            ["groups"] = new JsonArray("system:bootstrappers:kubeadm:default-node-token"),
            ["ttl"] = "15m0s",
            ["usages"] = new JsonArray("signing", "authentication"),
        });
        document["nodeRegistration"] = Registration(node, plan, lists);
        AddPatches(document, node.Machine);
        return document;
    }

    private static JsonObject Join(OverlayNode node, OverlayPlan plan, string api, bool lists)
    {
        var document = Document(api, "JoinConfiguration");
        // The ticket stays out of this file, which is shown in plans: it comes in one of its own, mode 0600.
        document["discovery"] = new JsonObject { ["file"] = new JsonObject { ["kubeConfigPath"] = TicketPath } };
        document["nodeRegistration"] = Registration(node, plan, lists);
        if (node.Machine.Role == MachineRole.ControlPlane && node.NodeIp is { } address)
            document["controlPlane"] = new JsonObject { ["localAPIEndpoint"] = Endpoint(address.ToString()) };
        AddPatches(document, node.Machine);
        return document;
    }

    private static JsonObject Registration(OverlayNode node, OverlayPlan plan, bool lists)
    {
        var settings = NodeSettings.Of(node, plan);
        var arguments = new List<(string, string)>();
        if (settings.NodeIp is { } address)
            arguments.Add(("node-ip", address));
        if (settings.OwnLabels.Count > 0)
            arguments.Add(("node-labels", string.Join(',', settings.OwnLabels)));
        var registration = new JsonObject
        {
            ["name"] = node.Name,
            ["criSocket"] = Socket(plan.Cluster.Kubernetes.Runtime),
            ["kubeletExtraArgs"] = Arguments(lists, arguments),
        };
        if (settings.Taints is { } taints)
            registration["taints"] = new JsonArray([.. taints.Select(taint => (JsonNode)Taint(taint))]);
        return registration;
    }

    private static JsonObject Cluster(OverlayPlan plan, string api, bool lists, KubernetesVersion version)
    {
        var cluster = plan.Cluster;
        var document = Document(api, "ClusterConfiguration");
        document["clusterName"] = cluster.Name;
        document["kubernetesVersion"] = version.Patch is null ? $"stable-{version}" : $"v{version}";
        if (plan.Api.Endpoint is { } endpoint)
            document["controlPlaneEndpoint"] = endpoint.ToString();
        document["networking"] = new JsonObject
        {
            ["dnsDomain"] = "cluster.local",
            ["podSubnet"] = cluster.Kubernetes.PodCidr.ToString(),
            ["serviceSubnet"] = cluster.Kubernetes.ServiceCidr.ToString(),
        };
        document["apiServer"] = new JsonObject
        {
            ["certSANs"] = new JsonArray([.. plan.Api.Sans.Select(name => (JsonNode)name)]),
        };
        // The tunnel already knows which node has which pods: the controller must not give out others.
        if (cluster.Kubernetes.Routing == PodRouting.Native)
            document["controllerManager"] = new JsonObject
            {
                ["extraArgs"] = Arguments(lists, [("allocate-node-cidrs", "false")]),
            };
        return document;
    }

    private static JsonObject Kubelet()
    {
        var document = Document("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration");
        document["cgroupDriver"] = "systemd";
        document["failSwapOn"] = true;
        return document;
    }

    private static JsonObject Proxy(Cluster cluster)
    {
        var document = Document("kubeproxy.config.k8s.io/v1alpha1", "KubeProxyConfiguration");
        // With it kube-proxy gives traffic of hosts to services the sender that the tunnel lets through.
        document["clusterCIDR"] = cluster.Kubernetes.PodCidr.ToString();
        return document;
    }

    /// <summary>What one node's kubelet has otherwise than the cluster's; null for nothing.</summary>
    internal static JsonObject? KubeletPatch(Machine machine)
    {
        if (!machine.ExclusiveCpus && machine.ReservedCpus is null)
            return null;
        var patch = Document("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration");
        if (machine.ExclusiveCpus)
        {
            patch["cpuManagerPolicy"] = "static";
            // Whole cores, so that two pods never share one; without siblings there is nothing to share.
            if (machine.Smt)
                patch["cpuManagerPolicyOptions"] = new JsonObject { ["full-pcpus-only"] = "true" };
        }

        if (machine.ReservedCpus is { } reserved)
            patch["reservedSystemCPUs"] = reserved;
        return patch;
    }

    private static void AddPatches(JsonObject document, Machine machine)
    {
        if (KubeletPatch(machine) is not null)
            document["patches"] = new JsonObject { ["directory"] = Patches };
    }

    private static JsonNode Arguments(bool lists, IReadOnlyList<(string Name, string Value)> arguments)
    {
        if (lists)
            return new JsonArray([.. arguments.Select(argument =>
                (JsonNode)new JsonObject { ["name"] = argument.Name, ["value"] = argument.Value })]);
        var map = new JsonObject();
        foreach (var (name, value) in arguments)
            map[name] = value;
        return map;
    }

    private static JsonObject Taint(Taint taint)
    {
        var json = new JsonObject { ["key"] = taint.Key };
        if (taint.Value.Length > 0)
            json["value"] = taint.Value;
        json["effect"] = taint.Effect.ToString();
        return json;
    }

    private static JsonObject Endpoint(string address) =>
        new() { ["advertiseAddress"] = address, ["bindPort"] = ApiServerPlan.Port };

    private static JsonObject Document(string api, string kind) => new() { ["apiVersion"] = api, ["kind"] = kind };
}
