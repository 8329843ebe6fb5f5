using System.Globalization;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>Which ports of a machine others need, and which must be closed to everybody else.</summary>
internal static class FirewallRules
{
    private const string NodePorts = "30000-32767";

    public static IReadOnlyList<FirewallRule> For(
        OverlayNode node, IReadOnlyList<OverlayNode> nodes, Cluster cluster)
    {
        var rules = new List<FirewallRule>();
        if (node.IsCalled && cluster.Overlay.Kind != OverlayKind.None)
            rules.Add(Tunnel(node, cluster));
        var inside = Inside(cluster, nodes);
        var control = node.Machine.Role == MachineRole.ControlPlane;
        var others = nodes
            .Where(other => other.Machine.Role == MachineRole.ControlPlane && other.NodeIp is not null)
            .Select(other => Cidr.Host(other.NodeIp!))
            .ToList();
        if (control)
        {
            rules.Add(new FirewallRule("tcp", "6443", inside, false, "the API server, for nodes and pods"));
            if (cluster.Kubernetes.Distribution == Distribution.Rke2)
                rules.Add(new FirewallRule("tcp", "9345", inside, false, "RKE2's supervisor, which nodes join by"));
            Only(rules, "tcp", "2379-2381", others, "etcd, for control planes alone");
        }

        Only(rules, "tcp", "10250", inside, "the kubelet, for the API server and metrics");
        foreach (var (protocol, ports, why) in PodNetworkPorts(cluster.Kubernetes))
            Only(rules, protocol, ports, inside, why);
        rules.Add(new FirewallRule("tcp", NodePorts, inside, false, "services of type NodePort"));
        return rules;
    }

    private static FirewallRule Tunnel(OverlayNode node, Cluster cluster)
    {
        var port = cluster.Overlay.Port.ToString(CultureInfo.InvariantCulture);
        var reach = Reach.Of(node.Machine, cluster.Overlay.Port);
        if (reach.Public is not null)
            return new FirewallRule("udp", port, [], false,
                "the tunnel, from anywhere; a cloud's security group needs the same rule");
        var site = cluster.Sites.FirstOrDefault(site => site.Name == node.Machine.Site)?.Cidr;
        return new FirewallRule("udp", port, site is null ? [] : [site], false,
            $"the tunnel, for machines of {node.Machine.Site}");
    }

    // Accepting alone closes nothing on a host whose firewall is off, and these ports trust whoever reaches them.
    private static void Only(
        List<FirewallRule> rules, string protocol, string ports, IReadOnlyList<Cidr> from, string why)
    {
        if (from.Count > 0)
            rules.Add(new FirewallRule(protocol, ports, from, true, why));
    }

    private static IReadOnlyList<Cidr> Inside(Cluster cluster, IReadOnlyList<OverlayNode> nodes)
    {
        var ranges = new List<Cidr>();
        if (cluster.Overlay.Kind != OverlayKind.None)
            ranges.Add(cluster.Overlay.Cidr);
        ranges.Add(cluster.Kubernetes.PodCidr);
        ranges.AddRange(nodes
            .Where(node => node.NodeIp is { } address && !ranges.Any(range => range.Contains(address)))
            .Select(node => Cidr.Host(node.NodeIp!)));
        return ranges;
    }

    private static IEnumerable<(string Protocol, string Ports, string Why)> PodNetworkPorts(KubernetesSettings settings)
    {
        if (settings.Routing == PodRouting.Tunnel)
            yield return ("udp", settings.Network == PodNetwork.Calico ? "4789" : "8472", "VXLAN between nodes");
        if (settings.Network == PodNetwork.Cilium)
            yield return ("tcp", "4240", "Cilium's health checks");
        if (settings.Network is PodNetwork.Calico)
            yield return ("tcp", "5473", "Calico's Typha");
    }
}
