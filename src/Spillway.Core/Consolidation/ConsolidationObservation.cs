using Spillway.Core.Burst;
using Spillway.Core.Placement;

namespace Spillway.Core.Consolidation;

/// <summary>One picture of the cluster for the planner that moves pods together. Nothing in it is changed by planning.</summary>
public sealed record ConsolidationObservation
{
    /// <summary>Nodes, pods, pools, claims, prices, stock and money, as for renting.</summary>
    public required BurstObservation Cluster { get; init; }

    /// <summary>Disruption budgets with what they allow now.</summary>
    public IReadOnlyList<DisruptionBudgetRecord> Budgets { get; init; } = [];

    /// <summary>What is known of claims beyond their state, by claim; those that are absent have nothing special.</summary>
    public IReadOnlyDictionary<string, NodeHistory> Histories { get; init; } = new Dictionary<string, NodeHistory>();
}

/// <summary>What a claim remembers.</summary>
public sealed record NodeHistory
{
    /// <summary>False when the node's own agent is silent.</summary>
    public bool Reachable { get; init; } = true;

    /// <summary>It was rented to replace others that are not gone yet.</summary>
    public bool IsReplacement { get; init; }

    /// <summary>Until when it is left alone because a drain was given up.</summary>
    public DateTimeOffset? RestUntil { get; init; }
}
