using Spillway.Core.ClusterFile;

namespace Spillway.Core.Overlay;

/// <summary>Sizes of packets in bytes, each with the sum that it comes from.</summary>
/// <param name="Path">The largest packet that every way between two machines carries.</param>
/// <param name="Tunnel">For the tunnel's interface, on every machine the same; the path where there is no tunnel.</param>
/// <param name="Pod">For pods.</param>
public sealed record TunnelMtu(int Path, string PathWhy, int Tunnel, string TunnelWhy, int Pod, string PodWhy)
{
    /// <summary>No line of the internet is sure to carry more.</summary>
    public const int Internet = 1500;

    /// <summary>IPv6 40, UDP 8, WireGuard's header 16 and tag 16. On IPv4 20 would do for the first: nobody renumbers MTUs.</summary>
    public const int WireGuardOverhead = 80;

    /// <summary>IPv6 40, UDP 8, OpenVPN's opcode and peer 4, packet number 4, AES-GCM tag 16.</summary>
    public const int OpenVpnOverhead = 72;

    /// <summary>Outer IPv4 20, UDP 8, VXLAN or Geneve 8, inner Ethernet 14.</summary>
    public const int VxlanOverhead = 50;

    private const int Ipv6Surplus = 20;

    /// <summary>
    /// One size for the whole overlay: an interface has one, and a hub with 9001 bytes in front of a client with 1500
    /// would otherwise send what the client's line drops.
    /// </summary>
    public static TunnelMtu Of(Cluster cluster, IReadOnlyList<Machine> machines)
    {
        var (path, pathWhy) = PathOf(cluster, machines);
        var (overhead, name) = cluster.Overlay.Kind switch
        {
            OverlayKind.WireGuard => (WireGuardOverhead, "WireGuard"),
            OverlayKind.OpenVpn => (OpenVpnOverhead, "OpenVPN"),
            _ => (0, ""),
        };
        var tunnel = path - overhead;
        var tunnelWhy = overhead == 0
            ? "there is no tunnel"
            : $"{path} less {overhead} that {name} adds over IPv6 (over IPv4 {overhead - Ipv6Surplus}); the same on all";
        if (cluster.Kubernetes.Routing == PodRouting.Native)
            return new TunnelMtu(path, pathWhy, tunnel, tunnelWhy, tunnel, "pods' packets travel as they are");

        var outerIpv6 = cluster.Overlay.Kind != OverlayKind.None && cluster.Overlay.Cidr.IsIpv6;
        var vxlan = VxlanOverhead + (outerIpv6 ? Ipv6Surplus : 0);
        return new TunnelMtu(path, pathWhy, tunnel, tunnelWhy, tunnel - vxlan,
            $"{tunnel} less {vxlan} of VXLAN{(outerIpv6 ? " over IPv6" : "")}");
    }

    private static (int Mtu, string Why) PathOf(Cluster cluster, IReadOnlyList<Machine> machines)
    {
        var smallest = machines.MinBy(machine => machine.Mtu);
        var (mtu, why) = smallest is null
            ? (Internet, "nothing is known yet")
            : (smallest.Mtu, $"the card of {smallest.Name} sends {smallest.Mtu}");
        var crossesInternet = cluster.Pools.Any(pool => pool.Max > 0)
            || machines.Select(machine => machine.Site).Distinct().Count() > 1;
        if (!crossesInternet)
            return (mtu, why);
        if (mtu > Internet)
            (mtu, why) = (Internet, $"the internet carries {Internet}, whatever the cards send");
        foreach (var site in cluster.Sites)
        {
            if (site.Mtu < mtu && machines.Any(machine => machine.Site == site.Name))
                (mtu, why) = (site.Mtu.Value, $"the line of {site.Name} carries {site.Mtu}");
        }

        return (mtu, why);
    }
}
