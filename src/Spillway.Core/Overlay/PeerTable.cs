using System.Net;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>From the ways between pairs to each machine's peers and what goes to them.</summary>
internal sealed class PeerTable
{
    private readonly Cluster cluster;
    private readonly Ways ways;
    private readonly IReadOnlyDictionary<string, IPAddress> addresses;
    private readonly Dictionary<string, List<Way>> waysOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<Cidr>> ranges = new(StringComparer.Ordinal);
    private readonly HashSet<string> called = new(StringComparer.Ordinal);
    private readonly HashSet<string> forwards = new(StringComparer.Ordinal);

    public PeerTable(
        Cluster cluster, Ways ways, IReadOnlyList<Way> all, IReadOnlyDictionary<string, IPAddress> addresses)
    {
        this.cluster = cluster;
        this.ways = ways;
        this.addresses = addresses;
        foreach (var machine in ways.Members)
        {
            waysOf[machine.Name] = [];
            ranges[machine.Name] = RangesOf(machine);
        }

        foreach (var way in all)
        {
            if (way is Way.Plain { Gateway: { } gateway })
                forwards.Add(gateway);
            if (way is Way.Relayed relayed)
                forwards.Add(relayed.Relay);
            if (way is Way.Direct direct)
            {
                if (direct.ToFrom is not null)
                    called.Add(direct.From);
                if (direct.ToTo is not null)
                    called.Add(direct.To);
            }

            if (way is not Way.Plain && waysOf.TryGetValue(way.From, out var from)
                && waysOf.TryGetValue(way.To, out var to))
            {
                from.Add(way);
                to.Add(way);
            }
        }
    }

    public bool IsCalled(string machine) => called.Contains(machine);

    public bool Forwards(string machine) => forwards.Contains(machine);

    /// <summary>
    /// A direct peer gets its own addresses. The hub gets the whole range, so that a machine that joins later, or whose
    /// tunnel is not yet known here, is reached through it; WireGuard prefers the longer prefix.
    /// </summary>
    public IReadOnlyList<OverlayPeer> Of(Machine machine)
    {
        var hub = ways.Hub?.Name;
        var through = new Dictionary<string, List<Cidr>>(StringComparer.Ordinal);
        var direct = new Dictionary<string, Way.Direct>(StringComparer.Ordinal);
        foreach (var way in waysOf[machine.Name])
        {
            var other = way.Other(machine.Name);
            if (way is Way.Direct tunnel)
                direct[other] = tunnel;
            var next = way switch
            {
                Way.Direct => other,
                Way.Relayed relayed => relayed.Relay,
                _ => null,
            };
            if (next is null)
                continue;
            if (!through.TryGetValue(next, out var list))
                through[next] = list = [];
            list.AddRange(ranges[other].Where(range => next != hub || !cluster.Overlay.Cidr.Contains(range)));
        }

        if (hub is not null && hub != machine.Name && through.TryGetValue(hub, out var all))
            all.Insert(0, cluster.Overlay.Cidr);
        return [.. cluster.Machines
            .Where(other => direct.ContainsKey(other.Name) && through.ContainsKey(other.Name))
            .Select(other => Peer(machine, other, direct[other.Name], through[other.Name]))];
    }

    private OverlayPeer Peer(Machine machine, Machine other, Way.Direct way, List<Cidr> allowed)
    {
        var (mine, theirs) = way.From == machine.Name ? (way.ToFrom, way.ToTo) : (way.ToTo, way.ToFrom);
        // Only the side that nobody can call has a mapping to keep open.
        var keepalive = mine is null && theirs is not null ? cluster.Overlay.Keepalive : TimeSpan.Zero;
        return new OverlayPeer(other.Name, theirs, allowed, keepalive, way.Why);
    }

    /// <summary>What is reached at this machine: itself, the site behind it, and with native routing the pods of both.</summary>
    private List<Cidr> RangesOf(Machine machine)
    {
        var found = new List<Cidr>();
        if (addresses.TryGetValue(machine.Name, out var own))
            found.Add(Cidr.Host(own));
        var site = cluster.Sites.FirstOrDefault(site => site.Name == machine.Site && site.Gateway == machine.Name);
        if (site?.Cidr is { } cidr)
            found.Add(cidr);
        if (cluster.Kubernetes.Routing != PodRouting.Native)
            return found;
        found.AddRange(cluster.Machines
            .Where(other => other == machine || ways.GatewayOf(other) == machine.Name)
            .Select(other => other.PodCidr)
            .OfType<Cidr>());
        return found;
    }
}
