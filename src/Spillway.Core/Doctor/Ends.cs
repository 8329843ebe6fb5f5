using Spillway.Core.Overlay;

namespace Spillway.Core.Doctor;

/// <summary>The two ends of a pair with what the plan wants and what was seen between them.</summary>
internal sealed class Ends
{
    private static readonly PingReport NoPing = new(false, 0);

    public Ends(
        OverlayPlan plan, IReadOnlyDictionary<string, HostReport> reports, OverlayNode from, OverlayNode to)
    {
        Plan = plan;
        From = from;
        To = to;
        Here = reports[from.Name];
        There = reports[to.Name];
        IsTunnelled = from.OverlayAddress is not null && to.OverlayAddress is not null;
        Planned = to.NodeIp is { } address
            ? from.Peers.MaxBy(peer => peer.AllowedIps
                .Where(range => range.Contains(address)).Select(range => range.PrefixLength).DefaultIfEmpty(-1).Max())
            : null;
        if (Planned is not null && !Planned.AllowedIps.Any(range => range.Contains(to.NodeIp!)))
            Planned = null;
        var next = Planned?.Machine;
        Relay = next is null || next == to.Name ? null : next;
        Next = next is not null && reports.TryGetValue(next, out var report) ? report : There;
        Set = Next.PublicKey.Length > 0 ? Here.Peers.FirstOrDefault(peer => peer.Key == Next.PublicKey) : null;
        // Known by another key: it is the peer that carries the address.
        Set ??= Here.Peers.FirstOrDefault(peer => peer.AllowedIps.Any(range => Carries(range, to)));
        Ping = Here.Pings.GetValueOrDefault($"{to.NodeIp}", NoPing);
        All = Relay is null ? [Here, There] : [Here, Next, There];
    }

    public OverlayPlan Plan { get; }
    public OverlayNode From { get; }
    public OverlayNode To { get; }
    public HostReport Here { get; }
    public HostReport There { get; }

    /// <summary>The machine at the other end of the tunnel that carries the pair: the other one, or a relay.</summary>
    public HostReport Next { get; }

    public string? Relay { get; }
    public IReadOnlyList<HostReport> All { get; }
    public bool IsTunnelled { get; }

    /// <summary>What the plan wants of the tunnel.</summary>
    public OverlayPeer? Planned { get; }

    /// <summary>What the machine is set to.</summary>
    public PeerReport? Set { get; }

    public PingReport Ping { get; }

    public Ends Reversed(IReadOnlyDictionary<string, HostReport> reports) => new(Plan, reports, To, From);

    /// <summary>The kernel takes the stricter of the two settings, except that loose beats strict.</summary>
    public bool IsStrict(HostReport report) => report.Sysctls
        .Where(setting => setting.Key.StartsWith("rp_filter.", StringComparison.Ordinal))
        .Select(setting => setting.Value).DefaultIfEmpty("0").Max() == "1";

    public Finding Good(Layer layer, string proof) => new(From.Name, To.Name, layer, Health.Good, proof, "");

    public Finding NotSeen(Layer layer, string proof) => new(From.Name, To.Name, layer, Health.NotSeen, proof, "");

    public Finding Broken(Layer layer, string proof, string fix) =>
        new(From.Name, To.Name, layer, Health.Broken, proof, fix);

    private static bool Carries(string range, OverlayNode to) =>
        to.NodeIp is { } address && Quantities.Cidr.TryParse(range, out var parsed) && parsed.Contains(address);
}
