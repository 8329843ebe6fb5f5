using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>What would not work, or work only by luck.</summary>
internal static class OverlayComplaints
{
    public static IReadOnlyList<Diagnostic> Of(
        Cluster cluster, Ways ways, IReadOnlyList<Way> all, IReadOnlyList<OverlayNode> nodes)
    {
        // Where nothing is installed, what would not work on real hosts is worth a word and no refusal.
        var severity = cluster.Kubernetes.Distribution is Distribution.Embedded or Distribution.Existing
            ? DiagnosticSeverity.Warning
            : DiagnosticSeverity.Error;
        var found = new List<Diagnostic>();
        if (ways.AllThroughHub)
            Hub(cluster, ways, severity, found);
        else
            Pairs(cluster, all, severity, found);
        if (cluster.Overlay is { Kind: OverlayKind.OpenVpn, Cidr.IsIpv6: true })
            found.Add(new Diagnostic(DiagnosticCodes.AddressMisplaced, DiagnosticSeverity.Error,
                cluster.Overlay.Places["cidr"], "an OpenVPN overlay has an IPv4 range",
                "use one such as 10.77.0.0/24"));
        Gateways(cluster, nodes, severity, found);
        AllowedIps(cluster, ways, severity, found);
        PodRanges(cluster, severity, found);
        Keepalive(cluster, nodes, found);
        return found;
    }

    private static void Hub(Cluster cluster, Ways ways, DiagnosticSeverity severity, List<Diagnostic> found)
    {
        if (cluster.Machines.Count < 2 || ways.Hub is not { } hub)
            return;
        var reach = ways.ReachOf(hub);
        var lost = ways.Members
            .Where(machine => machine != hub && reach.Public is null
                && (machine.Site != hub.Site || reach.InSite is null)
                && (ways.ReachOf(machine).Public is null || cluster.Overlay.Kind == OverlayKind.OpenVpn))
            .ToList();
        if (lost.Count == 0)
            return;
        var who = Names(lost.Select(machine => machine.Name).ToList());
        found.Add(new Diagnostic(DiagnosticCodes.HubUnreachable, severity, hub.Places.Start,
            $"{who} cannot reach the hub {hub.Name}: it has no public address, and they stand elsewhere",
            $"give {hub.Name} an address: the public one, or host:port that its router forwards"));
    }

    private static void Pairs(
        Cluster cluster, IReadOnlyList<Way> all, DiagnosticSeverity severity, List<Diagnostic> found)
    {
        var none = all.OfType<Way.None>().ToList();
        if (none.Count == 0)
            return;
        var more = none.Count == 1 ? "" : $"; so do {none.Count - 1} more pairs";
        found.Add(new Diagnostic(DiagnosticCodes.NoWay, severity, cluster.FindMachine(none[0].To)!.Places.Start,
            $"{none[0].From} and {none[0].To} have no way to each other: {none[0].Why}{more}",
            "give one machine that all can call a public address, or machines of one site their addresses there"));
    }

    private static void Gateways(
        Cluster cluster, IReadOnlyList<OverlayNode> nodes, DiagnosticSeverity severity, List<Diagnostic> found)
    {
        foreach (var site in cluster.Sites.Where(site => site.Gateway is not null))
        {
            var place = site.Places["gateway"];
            if (cluster.FindMachine(site.Gateway!) is not { } machine || machine.Site != site.Name)
                found.Add(new Diagnostic(DiagnosticCodes.BadGateway, DiagnosticSeverity.Error, place,
                    $"the gateway '{site.Gateway}' of {site.Name} is no machine of that site",
                    "name one of its machines"));
            else if (site.Cidr is null)
                found.Add(new Diagnostic(DiagnosticCodes.BadGateway, DiagnosticSeverity.Error, place,
                    $"{site.Name} has a gateway, and nothing says which addresses are behind it",
                    "add cidr: the site's local network"));
        }

        foreach (var node in nodes.Where(node => node.Gateway is not null))
        {
            if (node.NodeIp is null)
                found.Add(new Diagnostic(DiagnosticCodes.BadGateway, severity, node.Machine.Places.Start,
                    $"{node.Name} stands behind {node.Gateway}, and its address at {node.Machine.Site} is not known",
                    "add address: its local one"));
            else if (node.Routes.Count == 0)
                found.Add(new Diagnostic(DiagnosticCodes.BadGateway, severity,
                    node.Machine.Places.Start,
                    $"{node.Name} cannot be told its way out: {node.Gateway} has no address at {node.Machine.Site}",
                    $"add address or ssh with the local address to {node.Gateway}"));
        }
    }

    // WireGuard gives a range that two peers claim to whichever was configured last, and says nothing.
    private static void AllowedIps(
        Cluster cluster, Ways ways, DiagnosticSeverity severity, List<Diagnostic> found)
    {
        var claims = new List<(Cidr Range, string Machine, SourcePlace Place)>();
        foreach (var site in cluster.Sites)
        {
            if (site is { Gateway: { } gateway, Cidr: { } cidr })
                claims.Add((cidr, gateway, site.Places["cidr"]));
        }

        if (cluster.Kubernetes.Routing == PodRouting.Native)
        {
            foreach (var machine in cluster.Machines)
            {
                if (machine.PodCidr is { } pods)
                    claims.Add((pods, ways.GatewayOf(machine) ?? machine.Name, machine.Places["podCidr"]));
            }
        }

        foreach (var (first, second) in RangeOverlaps.Find(claims, claim => claim.Range))
            found.Add(new Diagnostic(DiagnosticCodes.AllowedIpsOverlap, severity, second.Place,
                $"{second.Range} is to be sent to {second.Machine} and {first.Range} to {first.Machine}: they overlap, "
                + "and a tunnel sends each address to one of them only", "give the two ranges that share no address"));
    }

    private static void PodRanges(Cluster cluster, DiagnosticSeverity severity, List<Diagnostic> found)
    {
        var native = cluster.Kubernetes.Routing == PodRouting.Native;
        foreach (var machine in cluster.Machines)
        {
            if (machine.PodCidr is { } range && !cluster.Kubernetes.PodCidr.Contains(range))
                found.Add(new Diagnostic(DiagnosticCodes.AddressMisplaced, DiagnosticSeverity.Error,
                    machine.Places["podCidr"],
                    $"the pod range {range} of {machine.Name} is no part of the cluster's, {cluster.Kubernetes.PodCidr}"));
        }

        var without = cluster.Machines.Where(machine => machine.PodCidr is null).ToList();
        if (!native || (without.Count == 0 && cluster.Pools.All(pool => pool.Max == 0)))
            return;
        var who = without.Count > 0
            ? $"{Names(without.Select(machine => machine.Name).ToList())} {(without.Count == 1 ? "has" : "have")} none"
            : "rented nodes have none";
        found.Add(new Diagnostic(DiagnosticCodes.NativeWithoutRanges, severity, cluster.Kubernetes.Places["routing"],
            $"with native routing the tunnel must know each node's pod range, or it drops the pods' packets: {who}",
            "add podCidr to the machines, or use routing: tunnel"));
    }

    private static void Keepalive(Cluster cluster, IReadOnlyList<OverlayNode> nodes, List<Diagnostic> found)
    {
        var silent = nodes.Where(node => !node.IsCalled && node.Peers.Count > 0).Select(node => node.Name).ToList();
        if (cluster.Overlay.Keepalive == TimeSpan.Zero && silent.Count > 0)
            found.Add(new Diagnostic(DiagnosticCodes.NoKeepalive, DiagnosticSeverity.Warning,
                cluster.Overlay.Places["keepalive"],
                $"{Names(silent)} can only call out, and without a keepalive nobody reaches them once they fall silent",
                "use keepalive: 21s"));
    }

    private static string Names(IReadOnlyList<string> names) => names.Count <= 3
        ? string.Join(" and ", names)
        : $"{string.Join(", ", names.Take(3))} and {names.Count - 3} more";
}
