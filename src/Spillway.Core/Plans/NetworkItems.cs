using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.Plans;

/// <summary>The network's part of a plan.</summary>
public static class NetworkItems
{
    /// <summary>Every pair with its way and the reason: the part of the plan that only scripts want in full.</summary>
    public static JsonArray Ways(OverlayPlan plan) => new([.. plan.Ways.Select(way =>
    {
        var json = new JsonObject { ["from"] = way.From, ["to"] = way.To, ["way"] = KindOf(way), ["why"] = way.Why };
        if (Via(way) is { } via)
            json["via"] = via;
        return (JsonNode)json;
    })]);

    internal static PlanItem Overlay(OverlayPlan plan)
    {
        var overlay = plan.Cluster.Overlay;
        return new PlanItem(PlanKinds.Overlay, Words.Of(overlay.Kind),
            "it joins machines of different sites and rented nodes into one network",
            new Facts()
                .Add("range", overlay.Cidr)
                .Add("port", $"{overlay.Port}/udp")
                .Add("topology", overlay.Topology == OverlayTopology.Mesh && overlay.Kind != OverlayKind.OpenVpn
                    ? "mesh"
                    : "hub")
                .Add("hub", plan.Hub)
                .Add("keepalive", Durations.Print(overlay.Keepalive))
                .Add("mtu", $"{plan.Mtu.Tunnel}: {plan.Mtu.TunnelWhy}; {plan.Mtu.PathWhy}")
                .List);
    }

    internal static IEnumerable<PlanItem> Of(OverlayPlan plan)
    {
        yield return new PlanItem(PlanKinds.Network, "api server",
            "nodes and its certificate have to agree on where it is", new Facts()
                .Add("endpoint", plan.Api.Endpoint)
                .Add("advertise", string.Join(", ", plan.Api.Advertise.Select(pair => $"{pair.Key} {pair.Value}")))
                .Add("certificate for", string.Join(", ", plan.Api.Sans))
                .List);
        var pods = new Facts().Add("interface", string.Join(", ", plan.Pods.Interfaces));
        foreach (var (path, value) in Flat(plan.Pods.Values, ""))
            pods.Add($"setting {path}", value);
        foreach (var (node, annotation) in plan.Pods.Annotations)
            pods.Add($"annotation {node}", $"{annotation.Key}={annotation.Value}");
        yield return new PlanItem(PlanKinds.Network, $"pods by {Words.Of(plan.Pods.Kind)}",
            string.Join("; ", plan.Pods.Why), pods.List);
        var ways = plan.Nodes.ToDictionary(node => node.Name, _ => new List<Way>(plan.Nodes.Count));
        foreach (var way in plan.Ways)
        {
            ways[way.From].Add(way);
            ways[way.To].Add(way);
        }

        foreach (var node in plan.Nodes)
            yield return Node(node, ways[node.Name]);
    }

    private static PlanItem Node(OverlayNode node, List<Way> ways)
    {
        var facts = new Facts()
            .Add("address", node.NodeIp)
            .Add("interface", node.Interface)
            .Add("behind", node.Gateway);
        foreach (var mtu in node.Mtus)
            facts.Add($"mtu {mtu.Interface}", $"{mtu.Mtu}, {mtu.Why}");
        foreach (var group in ways.GroupBy(way => (Kind: KindOf(way), Via: Via(way), Why: GroupReason(way, node.Name))))
        {
            var through = group.Key.Via is { } via ? $" through {via}" : "";
            facts.Add($"way {group.Key.Kind}{through}, because {group.Key.Why}",
                string.Join(", ", group.Select(way => way.Other(node.Name))));
        }

        var kept = node.Peers.Where(peer => peer.Keepalive > TimeSpan.Zero).ToList();
        if (kept.Count > 0)
            facts.Add("keepalive", $"every {Durations.Print(kept[0].Keepalive)} to "
                + $"{string.Join(", ", kept.Select(peer => peer.Machine))}: nobody else can open the way");
        foreach (var route in node.Routes)
            facts.Add($"route {route.To}", $"{(route.Via is null ? "" : $"via {route.Via} ")}dev {route.Device}"
                + $"{(route.Source is null ? "" : $" src {route.Source}")}: {route.Why}");
        foreach (var rule in node.Firewall)
            facts.Add($"port {rule.Protocol} {rule.Ports}", $"from {Senders(rule.From)}: {rule.Why}"
                + (rule.OthersRefused ? "; closed to everybody else" : ""));
        return new PlanItem(PlanKinds.Network, node.Name, node.NodeIpWhy, facts.List);
    }

    private static string Senders(IReadOnlyList<Cidr> ranges) => ranges.Count switch
    {
        0 => "anywhere",
        <= 4 => string.Join(", ", ranges),
        _ => $"{string.Join(", ", ranges.Take(4))} and {ranges.Count - 4} more",
    };

    // The reason names both ends, which would keep pairs with one reason apart.
    private static string GroupReason(Way way, string name) => way switch
    {
        Way.Direct { SameSite: false, ToFrom: not null, ToTo: not null } => "all have public addresses",
        Way.Direct { SameSite: false } direct =>
            (direct.From == name ? direct.ToFrom : direct.ToTo) is not null
                ? $"{name} has a public address"
                : "they have public addresses",
        Way.Relayed { Cause: RelayCause.Apart } relayed =>
            $"different sites, and none of them has a public address; all can call {relayed.Relay}",
        Way.Relayed { Cause: RelayCause.Unaddressed } relayed =>
            $"one site, and the file has none of their addresses there; all can call {relayed.Relay}",
        Way.None => "nothing that both can call",
        _ => way.Why,
    };

    private static string KindOf(Way way) => way switch
    {
        Way.Direct => "direct",
        Way.Relayed => "relayed",
        Way.Plain => "local",
        _ => "none",
    };

    private static string? Via(Way way) => way switch
    {
        Way.Relayed relayed => relayed.Relay,
        Way.Plain plain => plain.Gateway,
        _ => null,
    };

    private static IEnumerable<(string Path, string Value)> Flat(JsonNode? node, string path) => node switch
    {
        JsonObject item => item.SelectMany(pair =>
            Flat(pair.Value, path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")),
        JsonArray items when items.Any(item => item is JsonObject) =>
            items.SelectMany((item, index) => Flat(item, $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]")),
        JsonArray items => [(path, string.Join(", ", items.Select(Text)))],
        _ => [(path, Text(node))],
    };

    private static string Text(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node?.ToJsonString() ?? "null";
}
