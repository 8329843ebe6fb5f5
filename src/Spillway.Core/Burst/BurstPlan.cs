using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>What to do now, and why. Every pending pod is in exactly one decision.</summary>
public sealed record BurstPlan(IReadOnlyList<BurstDecision> Decisions)
{
    /// <summary>Nodes that are there and the first pending pod that will go to each: they are not idle for long.</summary>
    public IReadOnlyDictionary<string, PodKey> Wanted { get; init; } = new Dictionary<string, PodKey>();

    /// <summary>Price and lower bound of what is rented in this pass; null when so few pods wait that nobody asked.</summary>
    public RentBound? Bound { get; init; }

    /// <summary>The earliest time at which the answer may change without any event; null for none.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }
}

/// <summary>How far from the cheapest possible a pass can be at most.</summary>
/// <param name="PricePerHour">What the packer would rent for the pods it found nodes for.</param>
/// <param name="LeastPerHour">No nodes for these pods cost less: the packer's lower bound.</param>
/// <param name="Pods">How many pods that is about.</param>
public sealed record RentBound(decimal PricePerHour, decimal LeastPerHour, int Pods)
{
    internal RentBound Plus(RentBound other) =>
        new(PricePerHour + other.PricePerHour, LeastPerHour + other.LeastPerHour, Pods + other.Pods);
}

/// <summary>Why, as data. The words are in the decision.</summary>
public enum BurstReason
{
    NeedsNode,
    BelowMinimum,
    FitsNow,
    Preempts,
    JoiningNode,
    NodeStarting,
    OnPremSoon,
    OnPremMaybe,
    NoStock,
    PoolAtMax,
    OverBudget,
    QuotaExceeded,
    PoolPaused,
    ModeOff,
    NeedsApproval,
    Expendable,
    HeldBack,
    DaemonSetPod,
    GangHeld,
    NothingFits,
}

/// <summary>A pool that was not chosen.</summary>
public sealed record Rejection(string Pool, BurstReason Reason, string Why);

/// <summary>One step, or one reason not to take one.</summary>
public abstract record BurstDecision
{
    private BurstDecision()
    {
    }

    public required IReadOnlyList<PodKey> Pods { get; init; }

    public required BurstReason Reason { get; init; }

    /// <summary>Plain words, one sentence, with the numbers.</summary>
    public required string Why { get; init; }

    /// <summary>What would lead to another answer; empty when nothing sensible would.</summary>
    public string WouldChange { get; init; } = "";

    /// <summary>Every other pool, and why not.</summary>
    public IReadOnlyList<Rejection> Rejected { get; init; } = [];

    /// <summary>The word in the JSON, the ledger and the events.</summary>
    public abstract string Kind { get; }

    /// <summary>Rent nodes of one offer.</summary>
    public sealed record Burst(Offer Offer, int Count) : BurstDecision
    {
        public override string Kind => "burst";

        /// <summary>The pods meant for each node, as many lists as nodes: what the claims remember.</summary>
        public required IReadOnlyList<IReadOnlyList<PodKey>> PodsPerNode { get; init; }

        /// <summary>Price and lower bound of the pass that this is a part of; null when few pods wait.</summary>
        public RentBound? Bound { get; init; }
    }

    /// <summary>Room comes by itself: a node that joins, an owned machine that frees up, stock that returns.</summary>
    public sealed record Wait(DateTimeOffset? Until) : BurstDecision
    {
        public override string Kind => "wait";
    }

    /// <summary>Nothing is rented until a person, a budget or another component changes something.</summary>
    public sealed record Hold : BurstDecision
    {
        public override string Kind => "hold";
    }

    /// <summary>No machine and no pool can ever take it as it is written.</summary>
    public sealed record Refuse : BurstDecision
    {
        public override string Kind => "refuse";
    }
}
