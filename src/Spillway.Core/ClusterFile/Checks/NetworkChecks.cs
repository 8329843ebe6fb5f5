using System.Net;
using Spillway.Core.Overlay;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Checks;

internal static class NetworkChecks
{
    private sealed record Range(string What, Cidr Cidr, SourcePlace Place);

    public static void Run(Cluster cluster, Problems problems)
    {
        var ranges = Ranges(cluster);
        for (var i = 0; i < ranges.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                // Two offices may well both use 192.168.1.0/24; traffic between them goes through the overlay.
                var bothSites = ranges[i].What.StartsWith("site", StringComparison.Ordinal)
                    && ranges[j].What.StartsWith("site", StringComparison.Ordinal);
                if (!bothSites && ranges[i].Cidr.Overlaps(ranges[j].Cidr))
                    problems.Error(DiagnosticCodes.RangesOverlap, ranges[i].Place,
                        $"the {ranges[i].What} network {ranges[i].Cidr} overlaps the {ranges[j].What} network {ranges[j].Cidr}",
                        $"choose a range outside {ranges[j].Cidr}");
            }

            if (!ranges[i].Cidr.IsPrivate && !ranges[i].What.StartsWith("site", StringComparison.Ordinal))
                problems.Warning(DiagnosticCodes.PublicRange, ranges[i].Place,
                    $"the {ranges[i].What} network {ranges[i].Cidr} belongs to the public internet: "
                    + "hosts there become unreachable from the nodes", "use a range such as 10.77.0.0/24");
        }

        foreach (var machine in cluster.Machines)
            CheckAddress(machine, cluster, ranges, problems);
        if (cluster.Overlay.Kind != OverlayKind.None)
            CheckOverlay(cluster, problems);
        CheckNames(cluster, problems);
        // What the plan would refuse is said here already, by the plan's own predicates; two machines of one name are
        // an error of their own, and make nonsense of any network.
        if (cluster.Machines.Select(machine => machine.Name).Distinct().Count() != cluster.Machines.Count)
            return;
        foreach (var complaint in OverlayPlanner.Plan(cluster, new Dictionary<string, IPAddress>()).Complaints)
            problems.Add(complaint);
    }

    private static void CheckNames(Cluster cluster, Problems problems)
    {
        foreach (var (name, target) in cluster.Names)
        {
            if (!Cidr.TryParseAddress(target, out _) && cluster.FindMachine(target) is null)
                problems.Error(DiagnosticCodes.UnknownMachine, cluster.Places["names"],
                    $"{name} points to '{target}', which is no machine of this file and no address",
                    Shapes.Spelling.Closest(target, cluster.Machines.Select(machine => machine.Name)) is { } close
                        ? $"did you mean '{close}'?"
                        : null);
        }
    }

    private static List<Range> Ranges(Cluster cluster)
    {
        var kubernetes = cluster.Kubernetes;
        var ranges = new List<Range>
        {
            new("pod", kubernetes.PodCidr, Written(kubernetes.Places["podCidr"])),
            new("service", kubernetes.ServiceCidr, Written(kubernetes.Places["serviceCidr"])),
        };
        if (cluster.Overlay.Kind != OverlayKind.None)
            ranges.Add(new Range("overlay", cluster.Overlay.Cidr, cluster.Overlay.Places["cidr"]));
        foreach (var site in cluster.Sites)
        {
            if (site.Cidr is not null)
                ranges.Add(new Range($"site {site.Name}", site.Cidr, site.Places["cidr"]));
        }

        return ranges;

        // A default that collides has no place of its own.
        SourcePlace Written(SourcePlace place) => place.Line > 0 ? place : cluster.Places.Start;
    }

    private static void CheckAddress(Machine machine, Cluster cluster, List<Range> ranges, Problems problems)
    {
        if (machine.Address?.Address is not { } address)
            return;
        foreach (var range in ranges)
        {
            if (range.What is "pod" or "service" or "overlay" && range.Cidr.Contains(address))
                problems.Error(DiagnosticCodes.RangesOverlap, machine.Places["address"],
                    $"the address {address} of {machine.Name} lies in the {range.What} network {range.Cidr}",
                    $"choose another {range.What} network, one that holds no machine's address");
        }

        var site = cluster.Sites.FirstOrDefault(site => site.Name == machine.Site);
        if (site?.Cidr is { } cidr && Cidr.IsPrivateAddress(address) && !cidr.Contains(address))
            problems.Warning(DiagnosticCodes.AddressMisplaced, machine.Places["address"],
                $"the address {address} of {machine.Name} is not in the network {cidr} of its site '{site.Name}'");
    }

    private static void CheckOverlay(Cluster cluster, Problems problems)
    {
        var overlay = cluster.Overlay;
        var hosts = overlay.Cidr.Size > 2 ? overlay.Cidr.Size - 2 : 0;
        var most = cluster.Machines.Count + cluster.Pools.Sum(pool => (long)pool.Max);
        if (hosts < (UInt128)cluster.Machines.Count)
            problems.Error(DiagnosticCodes.RangeTooSmall, overlay.Places["cidr"],
                $"{overlay.Cidr} has {hosts} addresses for {cluster.Machines.Count} machines", "use a shorter prefix");
        else if (hosts < (UInt128)most)
            problems.Warning(DiagnosticCodes.RangeTooSmall, overlay.Places["cidr"],
                $"{overlay.Cidr} has {hosts} addresses, and machines and pools may come to {most} nodes",
                "use a shorter prefix");

        var taken = new Dictionary<IPAddress, Machine>();
        foreach (var machine in cluster.Machines)
        {
            if (machine.OverlayAddress is not { } address)
                continue;
            var place = machine.Places["overlayAddress"];
            if (!overlay.Cidr.Contains(address) || address.Equals(overlay.Cidr.Network))
                problems.Error(DiagnosticCodes.AddressMisplaced, place,
                    $"the overlay address {address} of {machine.Name} is no host of {overlay.Cidr}");
            else if (!taken.TryAdd(address, machine))
                problems.Error(DiagnosticCodes.AddressMisplaced, place,
                    $"{machine.Name} and {taken[address].Name} have the same overlay address {address}");
        }
    }
}
