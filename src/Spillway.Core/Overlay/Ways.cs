using Spillway.Core.ClusterFile;

namespace Spillway.Core.Overlay;

/// <summary>Decides for every pair of machines which way it talks.</summary>
internal sealed class Ways
{
    private readonly Cluster cluster;
    private readonly Dictionary<string, Reach> reach;
    private readonly Dictionary<string, string> gatewayOfSite;

    public Ways(Cluster cluster)
    {
        this.cluster = cluster;
        reach = new Dictionary<string, Reach>(StringComparer.Ordinal);
        foreach (var machine in cluster.Machines)
            reach.TryAdd(machine.Name, Reach.Of(machine, cluster.Overlay.Port));
        gatewayOfSite = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var site in cluster.Sites)
        {
            if (site.Gateway is { } gateway && cluster.FindMachine(gateway)?.Site == site.Name)
                gatewayOfSite.TryAdd(site.Name, gateway);
        }

        Members = [.. cluster.Machines.Where(machine => GatewayOf(machine) is null)];
        Hub = FindHub();
    }

    /// <summary>Machines with a tunnel of their own: all but those behind their site's gateway.</summary>
    public IReadOnlyList<Machine> Members { get; }

    /// <summary>
    /// The machine that carries what cannot go directly, and in a hub topology everything: the first control plane with
    /// a public address, then any machine with one, then the first control plane (all may stand at one site).
    /// </summary>
    public Machine? Hub { get; }

    public Reach ReachOf(Machine machine) => reach[machine.Name];

    /// <summary>The machine that has the tunnel for this one; null for a machine that has its own.</summary>
    public string? GatewayOf(Machine machine) =>
        gatewayOfSite.TryGetValue(machine.Site, out var gateway) && gateway != machine.Name ? gateway : null;

    /// <summary>OpenVPN has no peers but its server.</summary>
    public bool AllThroughHub =>
        cluster.Overlay.Topology == OverlayTopology.Hub || cluster.Overlay.Kind == OverlayKind.OpenVpn;

    /// <summary>For every pair, in the order of the file.</summary>
    public List<Way> All()
    {
        var machines = cluster.Machines;
        var ways = new List<Way>(machines.Count * (machines.Count - 1) / 2);
        for (var i = 0; i < machines.Count; i++)
        {
            for (var j = i + 1; j < machines.Count; j++)
                ways.Add(Between(machines[i], machines[j]));
        }

        return ways;
    }

    public Way Between(Machine a, Machine b)
    {
        var (gatewayOfA, gatewayOfB) = (GatewayOf(a), GatewayOf(b));
        if (gatewayOfA is null && gatewayOfB is null)
            return Tunnel(a, b);
        if (a.Site == b.Site)
            return new Way.Plain(a.Name, b.Name, null, $"both are in the local network of {a.Site}");
        var gateway = gatewayOfB ?? gatewayOfA!;
        return new Way.Plain(a.Name, b.Name, gateway,
            $"{gateway} is the gateway of {(gatewayOfB is null ? a : b).Site}: its tunnel carries the whole site");
    }

    private Way Tunnel(Machine a, Machine b)
    {
        if (AllThroughHub && Hub is not null && a != Hub && b != Hub)
            return new Way.Relayed(a.Name, b.Name, Hub.Name, RelayCause.Topology,
                cluster.Overlay.Kind == OverlayKind.OpenVpn
                    ? $"OpenVPN's clients talk through its server, {Hub.Name}"
                    : $"the topology is hub, and {Hub.Name} is the hub");
        if (Direct(a, b) is { } direct)
            return direct;
        var reason = a.Site == b.Site
            ? $"both stand at {a.Site}, but the file gives the address of neither there"
            : $"{a.Name} and {b.Name} stand at different sites and neither has a public address";
        return Relay(a, b) is { } relay
            ? new Way.Relayed(a.Name, b.Name, relay.Name,
                a.Site == b.Site ? RelayCause.Unaddressed : RelayCause.Apart, $"{reason}; both can call {relay.Name}")
            : new Way.None(a.Name, b.Name, $"{reason}, and there is no machine that both can call");
    }

    private Way.Direct? Direct(Machine a, Machine b)
    {
        var (ofA, ofB) = (ReachOf(a), ReachOf(b));
        if (a.Site == b.Site && (ofA.InSite ?? ofB.InSite) is not null)
            return new Way.Direct(a.Name, b.Name, ofA.InSite, ofB.InSite, true, $"both stand at {a.Site}");
        if ((ofA.Public ?? ofB.Public) is not { } known)
            return null;
        var why = ofA.Public is not null && ofB.Public is not null
            ? "both have public addresses"
            : $"{(ofA.Public is null ? b : a).Name} has a public address, {known.Host}";
        return new Way.Direct(a.Name, b.Name, ofA.Public, ofB.Public, false, why);
    }

    private Machine? Relay(Machine a, Machine b)
    {
        if (Hub is not null && Links(Hub, a) && Links(Hub, b))
            return Hub;
        // The hub always is the best there is; another one helps only where the hub has no public address itself.
        return Members.FirstOrDefault(machine =>
            (ReachOf(machine).Public is not null || machine.Site == a.Site || machine.Site == b.Site)
            && Links(machine, a) && Links(machine, b));
    }

    private bool Links(Machine relay, Machine end) => relay != end && Direct(relay, end) is not null;

    private Machine? FindHub() =>
        Members.FirstOrDefault(machine =>
            machine.Role == MachineRole.ControlPlane && ReachOf(machine).Public is not null)
        ?? Members.FirstOrDefault(machine => ReachOf(machine).Public is not null)
        ?? Members.FirstOrDefault(machine =>
            machine.Role == MachineRole.ControlPlane && ReachOf(machine).Local is not null)
        ?? Members.FirstOrDefault(machine => machine.Role == MachineRole.ControlPlane);
}
