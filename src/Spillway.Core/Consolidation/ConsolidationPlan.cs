using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Consolidation;

/// <summary>What could go, in order, and for every rented node why it goes or stays.</summary>
public sealed record ConsolidationPlan
{
    public static ConsolidationPlan Nothing { get; } = new() { Steps = [], Verdicts = [] };

    /// <summary>
    /// To be taken one at a time, each after a fresh look: <see cref="ConsolidationPlanner.Objection"/>. Every step on its
    /// own lowers the price.
    /// </summary>
    public required IReadOnlyList<ConsolidationStep> Steps { get; init; }

    /// <summary>One for each rented node that is not over, by name.</summary>
    public required IReadOnlyList<NodeVerdict> Verdicts { get; init; }

    /// <summary>Prices of all rented nodes that are ready, now and after all steps.</summary>
    public HourlyPrice Before { get; init; } = HourlyPrice.Zero;

    public HourlyPrice After { get; init; } = HourlyPrice.Zero;

    /// <summary>The earliest time at which the answer may change without any event; null for none.</summary>
    public DateTimeOffset? LookAgainAt { get; init; }
}

/// <summary>Nodes that are emptied together.</summary>
public sealed record ConsolidationStep
{
    /// <summary>Claims to give back, by name.</summary>
    public required IReadOnlyList<string> Remove { get; init; }

    /// <summary>To be rented, and ready, before anything is emptied; null when the other nodes have room.</summary>
    public Offer? Rent { get; init; }

    public required IReadOnlyList<PodMove> Moves { get; init; }

    /// <summary>What an hour costs less afterwards. Always above zero.</summary>
    public required HourlyPrice Saving { get; init; }

    /// <summary>What the moving costs once: restarts, and a replacement's time until it is of use.</summary>
    public required Money MoveCost { get; init; }

    public required string Why { get; init; }

    /// <summary>The word in the ledger: <c>consolidate</c> or <c>replace</c>.</summary>
    public string Kind => Rent is null ? "consolidate" : "replace";
}

/// <summary>
/// A pod that starts anew elsewhere. A real cluster's scheduler chooses the node; this is where the engine found room.
/// </summary>
/// <param name="To">A node, or the name that stands for the node to be rented.</param>
public readonly record struct PodMove(PodKey Pod, string From, string To);

/// <summary>Why a node stays or goes, as data.</summary>
public enum VerdictReason
{
    Leaves,
    Replaced,
    NotReady,
    Silent,
    Settling,
    Resting,
    PaidFor,
    Replacement,
    PoolMinimum,
    PodFixed,
    BudgetFixed,
    NoRoom,
    NotWorthMoving,
}

/// <summary>"Why is this node still here?", with the money.</summary>
public sealed record NodeVerdict(string Claim, VerdictReason Reason, string Why, HourlyPrice Price)
{
    public bool Goes => Reason is VerdictReason.Leaves or VerdictReason.Replaced;

    /// <summary>When the answer may change by itself.</summary>
    public DateTimeOffset? Until { get; init; }
}
