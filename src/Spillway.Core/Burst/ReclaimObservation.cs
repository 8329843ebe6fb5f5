using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>One picture of the rented nodes for the planner that gives them back.</summary>
public sealed record ReclaimObservation
{
    public required IReadOnlyList<RentedNode> Nodes { get; init; }

    public required IReadOnlyList<PoolState> Pools { get; init; }
}

/// <summary>A claim whose machine runs, with what is on its node.</summary>
public sealed record RentedNode(ClaimState Claim)
{
    public IReadOnlyList<NodePod> Pods { get; init; } = [];

    /// <summary>Since when it is without work, as the claim remembers it; null while it works or was never looked at.</summary>
    public DateTimeOffset? IdleSince { get; init; }

    /// <summary>False when the node's own agent is silent.</summary>
    public bool Reachable { get; init; } = true;

    /// <summary>True when the cloud's list proves that the machine has ended.</summary>
    public bool MachineGone { get; init; }

    public InterruptionNotice? Interruption { get; init; }

    /// <summary>Set when somebody deleted the claim: an order to give the node back, whatever its pool's minimum.</summary>
    public bool Ordered { get; init; }

    /// <summary>Set when its pods have room elsewhere and it is to be emptied.</summary>
    public ConsolidationOrder? Consolidation { get; init; }

    /// <summary>A pending pod that will go here, if any: the node is not idle for long.</summary>
    public PodKey? WantedBy { get; init; }
}

/// <summary>The order to empty a node whose pods have room elsewhere.</summary>
/// <param name="Kind"><c>consolidate</c>, or <c>replace</c> when another node was rented for it.</param>
/// <param name="Why">What it saves, in plain words.</param>
/// <param name="At">When it was given: an order that cannot be carried out is given up after a while.</param>
public sealed record ConsolidationOrder(string Kind, string Why, DateTimeOffset At);

/// <summary>Why a pod on a node counts or does not count as work.</summary>
public enum NodePodKind
{
    Work,
    DaemonSet,
    Mirror,
    Finished,
}

/// <summary>A pod on a rented node.</summary>
public sealed record NodePod(PodKey Key, NodePodKind Kind)
{
    /// <summary>Already being ended.</summary>
    public bool Terminating { get; init; }

    /// <summary>Marked <c>safe-to-evict: "false"</c> or <c>do-not-disrupt: "true"</c>.</summary>
    public bool DoNotDisrupt { get; init; }

    /// <summary>The disruption budget that allows no eviction now; null when none objects.</summary>
    public string? BlockedByBudget { get; init; }
}

/// <summary>What to do with one rented node.</summary>
public abstract record ReclaimDecision
{
    private ReclaimDecision()
    {
    }

    public required string Claim { get; init; }

    /// <summary>Plain words, one sentence, with the numbers.</summary>
    public required string Why { get; init; }

    /// <summary>The node stays.</summary>
    public sealed record Keep : ReclaimDecision
    {
        /// <summary>Since when it is idle; null when it works. The claim remembers it, so that a restart does not forget.</summary>
        public DateTimeOffset? IdleSince { get; init; }

        /// <summary>When to look again without an event; null when only an event can change the answer.</summary>
        public DateTimeOffset? Until { get; init; }
    }

    /// <summary>Cordon, then evict; the node is given back once it is empty.</summary>
    public sealed record Drain : ReclaimDecision
    {
        /// <summary>Pods that may be evicted now.</summary>
        public IReadOnlyList<PodKey> Evict { get; init; } = [];

        /// <summary>True when the node goes away by itself and its pods need another: <c>replace</c>, not <c>reclaim</c>.</summary>
        public bool Replaces { get; init; }

        /// <summary>The word in the ledger.</summary>
        public string Kind { get; init; } = "reclaim";
    }

    /// <summary>Work came between the decision and the cordon: the node serves again.</summary>
    public sealed record Release : ReclaimDecision;

    /// <summary>Cordoned and empty, or ending anyway: delete the node, end the machine.</summary>
    public sealed record Remove : ReclaimDecision;

    /// <summary>The machine is proven to be gone: delete what is left of it in the cluster.</summary>
    public sealed record Forget : ReclaimDecision;
}
