using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>One picture of the cluster for the planner. Nothing in it is changed by deciding.</summary>
public sealed record BurstObservation
{
    /// <summary>Nodes and pods as they are. Claims that have not joined are not in it.</summary>
    public required PlacementModel Placement { get; init; }

    /// <summary>Pods without a node, in any order.</summary>
    public required IReadOnlyList<PendingPod> Pending { get; init; }

    /// <summary>In the order of the cluster file, which breaks ties.</summary>
    public required IReadOnlyList<PoolState> Pools { get; init; }

    /// <summary>Rented nodes in any phase that is not over: asked for, joining, joined.</summary>
    public required IReadOnlyList<ClaimState> Claims { get; init; }

    /// <summary>Offers that the cloud has lately refused to fill.</summary>
    public IReadOnlyList<StockOut> StockOuts { get; init; } = [];

    public required SpendSoFar Spend { get; init; }

    /// <summary>The logical accelerators that exist: what excludes what on a device, and the words for it.</summary>
    public IReadOnlyList<Accelerator> Accelerators { get; init; } = [];

    /// <summary>The pods that DaemonSets start on every node they fit, as records without a node.</summary>
    public IReadOnlyList<PodRecord> DaemonPods { get; init; } = [];

    /// <summary>When running pods are expected to end, where that is known.</summary>
    public IReadOnlyDictionary<PodKey, DateTimeOffset> ExpectedEnds { get; init; } =
        new Dictionary<PodKey, DateTimeOffset>();
}

/// <summary>A pod without a node.</summary>
/// <param name="Key">The pod.</param>
/// <param name="Since">When it became pending: created, or last taken from a node.</param>
public sealed record PendingPod(PodKey Key, DateTimeOffset Since)
{
    /// <summary>What the scheduler last said, verbatim; empty when it has not looked yet.</summary>
    public string SchedulerMessage { get; init; } = "";

    /// <summary>
    /// What holds it back on purpose although there might be room (a queue that has not admitted it); empty when nothing
    /// does. Scheduling gates, other schedulers and incomplete gangs need not be said: placement knows them.
    /// </summary>
    public string HeldBackBy { get; init; } = "";

    /// <summary>True for a pod of a DaemonSet: it wants this or that node, never one more.</summary>
    public bool IsDaemon { get; init; }

    /// <summary>How long it will run once started, where that is known.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>True when a person approved renting for it (manual mode).</summary>
    public bool Approved { get; init; }
}

/// <summary>A pool and what it may rent.</summary>
public sealed record PoolState(string Name, int Min, int Max, IReadOnlyList<Offer> Offers)
{
    /// <summary>The ways to pay that the pool allows, preferred one first.</summary>
    public IReadOnlyList<PurchaseOption> Purchases { get; init; } = [PurchaseOption.OnDemand];

    /// <summary>Set while the account's quota is exhausted: what the cloud said.</summary>
    public string? QuotaExceeded { get; init; }

    /// <summary>True while the pool is being taken away or is paused by its owner.</summary>
    public bool Paused { get; init; }

    /// <summary>The pool's own idle time; the policy's when null.</summary>
    public TimeSpan? IdleAfter { get; init; }
}

/// <summary>Where a rented node stands.</summary>
public enum ClaimPhase
{
    /// <summary>Stored; the cloud has not said yes yet.</summary>
    Pending,

    /// <summary>The cloud said yes; the node has not joined, or is not ready.</summary>
    Launched,

    /// <summary>The node is ready.</summary>
    Ready,

    /// <summary>Being emptied and given back.</summary>
    Draining,

    /// <summary>Given back; nothing bills.</summary>
    Removed,
}

/// <summary>One rented node.</summary>
/// <param name="Name">The claim's name, and its node's.</param>
/// <param name="Offer">What was bought, at the price of that moment.</param>
/// <param name="LaunchedAt">When billing began; null while the cloud has not said yes.</param>
public sealed record ClaimState(string Name, Offer Offer, ClaimPhase Phase, DateTimeOffset? LaunchedAt)
{
    /// <summary>True once pods can run there: until then the node counts by its template.</summary>
    public bool IsUsable => Phase == ClaimPhase.Ready;

    public bool IsJoining => Phase is ClaimPhase.Pending or ClaimPhase.Launched;
}

/// <summary>An offer that the cloud could not fill, and when it is worth asking again.</summary>
/// <param name="Failures">Refusals in a row.</param>
public sealed record StockOut(OfferKey Offer, int Failures, DateTimeOffset RetryAt, string Why)
{
    // Karpenter keeps an offer away for 3 minutes, the cluster autoscaler for 5 doubling to 30. Capacity of rare
    // devices comes back in minutes, and asking costs nothing: start short, double, stay below the autoscaler's bound.
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    // After this long without a new refusal the next one counts as the first again.
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    /// <summary>The stock-out after one more refusal at <paramref name="now"/>.</summary>
    public static StockOut Next(StockOut? previous, OfferKey offer, string why, DateTimeOffset now)
    {
        var failures = previous is null || now - previous.RetryAt > Forgotten ? 1 : previous.Failures + 1;
        var wait = First * Math.Pow(2, Math.Min(failures - 1, 10));
        return new StockOut(offer, failures, now + (wait < Longest ? wait : Longest), why);
    }
}
