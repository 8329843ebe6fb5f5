using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>
/// What pods of one node allow each other, in a form that holds whatever the order: a node with a pod that limits a
/// selector holds at most so many pods of that selector.
/// </summary>
internal static class HostLimits
{
    /// <summary>How many pods of the kind may join those on the bin, as far as limits by host go.</summary>
    public static int Room(Bin bin, Kind kind, IReadOnlyList<Item> items)
    {
        var room = int.MaxValue;
        foreach (var (matcher, most) in kind.Limits)
        {
            var there = Count(bin, matcher, items);
            if (kind.IsMatched(matcher)) room = Math.Min(room, most - there);
            else if (there > most) return 0;
        }
        if (kind.Matched.Length > 0)
        {
            foreach (var (item, _) in bin.Content)
            {
                var other = items[item].Kind;
                if (other == kind) continue;
                foreach (var (matcher, most) in other.Limits)
                {
                    if (kind.IsMatched(matcher)) room = Math.Min(room, most - Count(bin, matcher, items));
                }
            }
        }
        return kind.Sample.Requirements.HostPorts.IsEmpty ? room : Math.Min(room, PortsRoom(bin, kind, items));
    }

    private static int Count(Bin bin, int matcher, IReadOnlyList<Item> items)
    {
        var count = 0;
        foreach (var (item, number) in bin.Content)
        {
            if (items[item].Kind.IsMatched(matcher)) count += number;
        }
        return count;
    }

    private static int PortsRoom(Bin bin, Kind kind, IReadOnlyList<Item> items)
    {
        foreach (var (item, _) in bin.Content)
        {
            foreach (var taken in items[item].Kind.Sample.Requirements.HostPorts)
            {
                foreach (var wanted in kind.Sample.Requirements.HostPorts)
                {
                    if (NodeChecks.Conflict(wanted, taken)) return 0;
                }
            }
        }
        return 1;
    }
}
