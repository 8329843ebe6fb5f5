using System.Net;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Overlay;

/// <summary>Which machine has which address in the overlay.</summary>
public static class OverlayAddresses
{
    /// <summary>
    /// Addresses said in the file, then those kept from before, then the lowest free ones: control planes first, each
    /// in the order of the file. So adding or removing a machine moves no other. Empty without an overlay.
    /// </summary>
    /// <param name="kept">Addresses given out earlier, by machine name.</param>
    public static IReadOnlyDictionary<string, IPAddress> Assign(
        Cluster cluster, IReadOnlyDictionary<string, IPAddress> kept)
    {
        var assigned = new SortedDictionary<string, IPAddress>(StringComparer.Ordinal);
        if (cluster.Overlay.Kind == OverlayKind.None)
            return assigned;

        var range = cluster.Overlay.Cidr;
        var taken = new HashSet<IPAddress>();
        foreach (var machine in cluster.Machines)
        {
            if (machine.OverlayAddress is { } said && taken.Add(said))
                assigned[machine.Name] = said;
        }

        foreach (var machine in cluster.Machines)
        {
            if (!assigned.ContainsKey(machine.Name) && kept.TryGetValue(machine.Name, out var earlier)
                && range.Contains(earlier) && taken.Add(earlier))
                assigned[machine.Name] = earlier;
        }

        UInt128 next = 1;
        foreach (var machine in cluster.Machines.OrderBy(machine => machine.Role != MachineRole.ControlPlane))
        {
            if (assigned.ContainsKey(machine.Name))
                continue;
            // The last address is IPv4's broadcast; the checks have made sure that the range is large enough.
            while (next < range.Size - 1 && !taken.Add(range.AddressAt(next)))
                next++;
            if (next >= range.Size - 1)
                break;
            assigned[machine.Name] = range.AddressAt(next);
        }

        return assigned;
    }
}
