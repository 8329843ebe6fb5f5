using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>What a pod network has to be told so that it uses the overlay: interface, addresses and sizes.</summary>
internal static class PodNetworkSettings
{
    private const string FlannelOverwrite = "flannel.alpha.coreos.com/public-ip-overwrite";

    public static PodNetworkPlan For(
        Cluster cluster, IReadOnlyList<OverlayNode> nodes, TunnelMtu mtu, ApiServerPlan api)
    {
        IReadOnlyList<string> interfaces = [.. nodes.Select(node => node.Interface).Distinct()];
        var kubernetes = cluster.Kubernetes;
        var native = kubernetes.Routing == PodRouting.Native;
        var annotations = new SortedDictionary<string, KeyValuePair<string, string>>(StringComparer.Ordinal);
        var why = new List<string>();
        if (interfaces.Count > 1)
        {
            why.Add($"machines differ in the interface they reach each other by ({string.Join(", ", interfaces)}), "
                + "so one name for all would be wrong on some");
            if (kubernetes.Network is PodNetwork.Flannel or PodNetwork.Canal)
            {
                foreach (var node in nodes.Where(node => node.NodeIp is not null))
                    annotations[node.Name] = new KeyValuePair<string, string>(FlannelOverwrite, $"{node.NodeIp}");
            }
        }

        why.Add($"pods send at most {mtu.Pod} bytes: {mtu.PodWhy}");
        var values = kubernetes.Network switch
        {
            PodNetwork.Cilium => Cilium(kubernetes, interfaces, mtu, api, native),
            PodNetwork.Calico => Calico(kubernetes, mtu, native),
            PodNetwork.Flannel => Flannel(cluster, nodes, interfaces, mtu, native),
            _ => Canal(cluster, nodes, interfaces, mtu),
        };
        return new PodNetworkPlan(kubernetes.Network, interfaces, mtu.Pod, values, annotations, why);
    }

    // Cilium takes the size of the network below it and subtracts its own share.
    private static JsonObject Cilium(
        KubernetesSettings settings, IReadOnlyList<string> interfaces, TunnelMtu mtu, ApiServerPlan api, bool native)
    {
        var values = new JsonObject { ["routingMode"] = native ? "native" : "tunnel" };
        if (native)
            values["ipv4NativeRoutingCIDR"] = settings.PodCidr.ToString();
        else
            values["tunnelProtocol"] = "vxlan";
        values["devices"] = Strings(interfaces);
        values["MTU"] = mtu.Tunnel;
        values["ipam"] = new JsonObject { ["mode"] = "kubernetes" };
        if (api.Endpoint is { } endpoint)
        {
            // The agent needs the API server before kube-proxy can translate the service's address.
            values["k8sServiceHost"] = endpoint.Host;
            values["k8sServicePort"] = ApiServerPlan.Port;
        }

        return values;
    }

    // The node's registered address is right on every machine, whatever its interface is called.
    private static JsonObject Calico(KubernetesSettings settings, TunnelMtu mtu, bool native)
    {
        var detection = settings.PodCidr.IsIpv6 ? "nodeAddressAutodetectionV6" : "nodeAddressAutodetectionV4";
        var network = new JsonObject
        {
            ["bgp"] = "Disabled",
            ["mtu"] = mtu.Pod,
            [detection] = new JsonObject { ["kubernetes"] = "NodeInternalIP" },
            ["ipPools"] = new JsonArray(new JsonObject
            {
                ["cidr"] = settings.PodCidr.ToString(),
                ["encapsulation"] = native ? "None" : "VXLAN",
                ["natOutgoing"] = "Enabled",
                ["nodeSelector"] = "all()",
            }),
        };
        var installation = new JsonObject { ["calicoNetwork"] = network };
        if (native)
            installation["cni"] = new JsonObject
            {
                ["type"] = "Calico", ["ipam"] = new JsonObject { ["type"] = "HostLocal" },
            };
        return new JsonObject { ["installation"] = installation };
    }

    private static JsonObject Flannel(
        Cluster cluster, IReadOnlyList<OverlayNode> nodes, IReadOnlyList<string> interfaces, TunnelMtu mtu, bool native)
    {
        var args = new List<string> { "--ip-masq", "--kube-subnet-mgr" };
        args.Add(interfaces.Count == 1
            ? $"--iface={interfaces[0]}"
            : $"--iface-regex={AddressPattern(cluster, nodes)}");
        return new JsonObject
        {
            ["podCidr"] = cluster.Kubernetes.PodCidr.ToString(),
            ["flannel"] = new JsonObject
            {
                // alloc only gives out the nodes' ranges: the tunnel itself knows where each of them is.
                ["backend"] = native ? "alloc" : "vxlan",
                ["mtu"] = mtu.Tunnel,
                ["args"] = Strings(args),
            },
        };
    }

    private static JsonObject Canal(
        Cluster cluster, IReadOnlyList<OverlayNode> nodes, IReadOnlyList<string> interfaces, TunnelMtu mtu)
    {
        var flannel = new JsonObject { ["backend"] = "vxlan" };
        if (interfaces.Count == 1)
            flannel["iface"] = interfaces[0];
        else
            flannel["regexIface"] = AddressPattern(cluster, nodes);
        return new JsonObject
        {
            ["flannel"] = flannel,
            ["calico"] = new JsonObject { ["vethuMTU"] = mtu.Pod },
        };
    }

    /// <summary>
    /// Flannel matches its expression against addresses too: those of the overlay, and the nodes' that have none there.
    /// </summary>
    private static string AddressPattern(Cluster cluster, IReadOnlyList<OverlayNode> nodes)
    {
        var parts = new List<string>();
        if (cluster.Overlay.Kind != OverlayKind.None)
            parts.Add(RangePattern(cluster.Overlay.Cidr));
        parts.AddRange(nodes
            .Where(node => node.OverlayAddress is null && node.NodeIp is not null)
            .Select(node => Escaped($"{node.NodeIp}") + "$"));
        return $"^({string.Join('|', parts)})";
    }

    private static string RangePattern(Cidr range)
    {
        var text = range.Network.ToString();
        if (range.IsIpv6)
            return Escaped(text.TrimEnd(':'));
        var octets = text.Split('.');
        var whole = range.PrefixLength / 8;
        var pattern = string.Concat(octets.Take(whole).Select(octet => Escaped(octet + ".")));
        var rest = range.PrefixLength % 8;
        if (rest == 0)
            return whole == 4 ? pattern[..^2] + "$" : pattern;
        var first = int.Parse(octets[whole], System.Globalization.CultureInfo.InvariantCulture);
        var choices = string.Join('|', Enumerable.Range(first, 1 << (8 - rest)));
        return $"{pattern}({choices})" + (whole == 3 ? "$" : "\\.");
    }

    private static string Escaped(string text) => text.Replace(".", "\\.", StringComparison.Ordinal);

    private static JsonArray Strings(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)item)]);
}
