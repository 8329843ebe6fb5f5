using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.Pools;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Burst;

/// <summary>Puts together what the planner sees. The model in it is the live one: keep the gate while deciding.</summary>
internal sealed class BurstObserver(ControllerContext context, ClusterState state, OfferDesk offers, StockBook stock)
{
    /// <summary>Asks for the offers of all pools, so that deciding needs no waiting.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        foreach (var pool in state.Pools.List().OrderBy(pool => pool.Name, StringComparer.Ordinal))
            await offers.OffersAsync(pool.Name, cancellationToken);
    }

    public BurstObservation Observe(DateTimeOffset now) => new()
    {
        Placement = state.Model,
        Pending = [.. state.Pending.Select(pod => pod.ToPending())],
        Pools = Pools(now),
        Claims = Claims(),
        StockOuts = stock.All(),
        Spend = context.Ledger.Spend(now),
        Accelerators = state.KnownAccelerators(),
        ExpectedEnds = state.ExpectedEnds,
        DaemonPods = [.. state.DaemonSets.List().Select(one => one.Record).OrderBy(one => one.Key)],
    };

    /// <summary>In the order of the cluster file, pools made by hand after them by name.</summary>
    public IReadOnlyList<PoolState> Pools(DateTimeOffset now)
    {
        var order = context.Model.Cluster.Pools.Select((pool, index) => (pool.Name, index)).ToDictionary(
            pool => pool.Name, pool => pool.index, StringComparer.Ordinal);
        return [.. state.Pools.List()
            .OrderBy(pool => order.GetValueOrDefault(pool.Name, int.MaxValue))
            .ThenBy(pool => pool.Name, StringComparer.Ordinal)
            .Select(pool => new PoolState(pool.Name, pool.Min, pool.Max, offers.Known(pool.Name))
            {
                Purchases = pool.Purchases,
                QuotaExceeded = pool.QuotaExceeded(now),
                Paused = pool.IsPaused,
            })];
    }

    public IReadOnlyList<ClaimState> Claims() =>
        [.. state.Claims.List().OrderBy(claim => claim.Name, StringComparer.Ordinal).Select(ToState)];

    /// <summary>
    /// The claim with the node that it promises. An offer that the cloud no longer has keeps its price and promises no
    /// room: a node that nobody can describe must not make pods wait for it.
    /// </summary>
    public ClaimState ToState(NodeClaim claim)
    {
        var known = offers.Known(claim.Pool).FirstOrDefault(offer => offer.Key == claim.OfferKey)
            ?? Unknown(claim);
        var phase = claim.IsOrderedAway && claim.Phase != ClaimPhase.Removed ? ClaimPhase.Draining : claim.Phase;
        return new ClaimState(claim.Name, known with { Price = claim.Price }, phase, claim.LaunchedAt);
    }

    private static Offer Unknown(NodeClaim claim) => new(
        claim.Pool, claim.InstanceType, claim.Zone, claim.Purchase, claim.Price, EmptyNode.Template);
}

/// <summary>A node with no room at all.</summary>
internal static class EmptyNode
{
    public static Core.Plans.NodeTemplate Template { get; } = new()
    {
        Labels = new Dictionary<string, string>(),
        Annotations = new Dictionary<string, string>(),
        Taints = [],
        Capacity = Core.Quantities.ResourceList.Empty,
        Allocatable = Core.Quantities.ResourceList.Empty.With("pods", Core.Quantities.Quantity.Zero),
        Devices = [],
        Price = null,
    };
}
