using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.Bootstrap;

/// <summary>What every distribution has to tell a node's kubelet, each in its own words.</summary>
internal sealed record NodeSettings(
    string Name, string? NodeIp, IReadOnlyList<string> OwnLabels, IReadOnlyList<string> GivenLabels,
    IReadOnlyList<Taint>? Taints)
{
    private static readonly string[] SelfSet =
    [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone", "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch", "beta.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
    ];

    public static NodeSettings Of(OverlayNode node, OverlayPlan plan)
    {
        // The kubelet finds architecture, system and name by itself; kubeadm and RKE2 set the role.
        var labels = NodeTemplates.ForMachine(node.Machine, new ClusterModel(plan.Cluster, [])).Labels
            .Where(label => label.Key is not (NodeLabels.Arch or NodeLabels.Os or NodeLabels.Hostname
                or NodeLabels.ControlPlane))
            .ToList();
        return new NodeSettings(node.Name, node.NodeIp?.ToString(),
            [.. labels.Where(label => MaySetItself(label.Key)).Select(label => $"{label.Key}={label.Value}")],
            [.. labels.Where(label => !MaySetItself(label.Key)).Select(label => $"{label.Key}={label.Value}")],
            node.Machine.Taints);
    }

    /// <summary>Kubernetes lets a node give itself only some of its own labels, and the kubelet does not start with others.</summary>
    public static bool MaySetItself(string key)
    {
        var slash = key.IndexOf('/');
        if (slash < 0 || SelfSet.Contains(key))
            return true;
        var domain = key[..slash];
        var own = new[] { "kubelet.kubernetes.io", "node.kubernetes.io" };
        if (own.Any(allowed => domain == allowed || domain.EndsWith("." + allowed, StringComparison.Ordinal)))
            return true;
        return !new[] { "kubernetes.io", "k8s.io" }
            .Any(reserved => domain == reserved || domain.EndsWith("." + reserved, StringComparison.Ordinal));
    }
}
