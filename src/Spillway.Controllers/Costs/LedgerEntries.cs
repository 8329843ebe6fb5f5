using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;

namespace Spillway.Controllers.Costs;

/// <summary>One node's time in the cluster: rented ones from the launch on, owned ones from when they were first seen.</summary>
/// <param name="Id">The claim's uid, or <c>machine/NAME</c> for a machine of the team's own.</param>
public sealed record NodeEntry(string Id, string Name, HourlyPrice Price, DateTimeOffset LaunchedAt)
{
    /// <summary>Empty for a machine of the team's own.</summary>
    public string Pool { get; init; } = "";

    public string Site { get; init; } = "";

    public string InstanceType { get; init; } = "";

    public string Zone { get; init; } = "";

    /// <summary>How it is paid for; null for a machine of the team's own.</summary>
    public PurchaseOption? Purchase { get; init; }

    /// <summary>The shortest time that is billed.</summary>
    public TimeSpan MinimumBilling { get; init; }

    public DateTimeOffset? ReadyAt { get; init; }

    public DateTimeOffset? RemovedAt { get; init; }

    public string Why { get; init; } = "";

    public bool IsRented => Pool.Length > 0;

    /// <summary>What it has cost up to <paramref name="now"/>, of that only what falls after <paramref name="from"/>.</summary>
    public Money Cost(DateTimeOffset from, DateTimeOffset now)
    {
        var end = RemovedAt ?? now;
        if (end < LaunchedAt + MinimumBilling) end = LaunchedAt + MinimumBilling;
        var start = LaunchedAt > from ? LaunchedAt : from;
        return end > start ? Price.For(end - start) : new Money(0, Price.Currency);
    }
}

/// <summary>One pod's run.</summary>
public sealed record PodEntry(string Uid, PodKey Key, DateTimeOffset SubmittedAt)
{
    public string Node { get; init; } = "";

    public string NodeId { get; init; } = "";

    public string Site { get; init; } = "";

    public string Pool { get; init; } = "";

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public string Phase { get; init; } = "Pending";

    /// <summary>The part of its node's price that it takes: its largest request as a share of the node.</summary>
    public HourlyPrice Price { get; init; }

    /// <summary>The part of the cheapest offer that could hold it, what it would have cost rented; null when none could.</summary>
    public HourlyPrice? CloudPrice { get; init; }

    public string Why { get; init; } = "";

    public TimeSpan Ran(DateTimeOffset now) => StartedAt is { } from ? (FinishedAt ?? now) - from : TimeSpan.Zero;

    public Money Cost(DateTimeOffset now) => Price.For(Ran(now));
}

/// <summary>One decision as it was taken.</summary>
/// <param name="Key">Names the decision, so that a repeat after a crash is not a second one.</param>
/// <param name="Kind"><c>burst</c>, <c>wait</c>, <c>hold</c>, <c>refuse</c>, <c>reclaim</c>, <c>replace</c>,
/// <c>consolidate</c>.</param>
public sealed record DecisionEntry(string Key, DateTimeOffset At, string Kind, string Why)
{
    /// <summary>
    /// What it is a part of: a decision for several nodes is written node by node, so that a crash in the middle counts
    /// exactly what was done, and read as one.
    /// </summary>
    public string PartOf { get; init; } = "";

    public string Pool { get; init; } = "";

    public int Count { get; init; }

    public IReadOnlyList<PodKey> Pods { get; init; } = [];

    public IReadOnlyList<RejectedPool> Rejected { get; init; } = [];

    public string WouldChange { get; init; } = "";
}

/// <summary>A pool that was not chosen, and why.</summary>
public sealed record RejectedPool(string Pool, string Why);

/// <summary>What all of it cost.</summary>
/// <param name="OnPrem">The team's machines, idle or not.</param>
/// <param name="Cloud">Rented nodes.</param>
/// <param name="AllCloud">What the same pods would have cost with no machine of the team's own.</param>
public sealed record CostSummary(Money OnPrem, Money Cloud, Money AllCloud)
{
    public Money Total => OnPrem + Cloud;

    public Money Saved => AllCloud - Total;

    /// <summary>The whole bill of some nodes and pods up to a moment.</summary>
    public static CostSummary Of(
        IReadOnlyList<NodeEntry> nodes, IReadOnlyList<PodEntry> pods, DateTimeOffset now)
    {
        var (onPrem, cloud) = (Money.Zero, Money.Zero);
        foreach (var node in nodes)
        {
            var cost = node.Cost(DateTimeOffset.MinValue, now);
            if (node.IsRented) cloud += cost;
            else onPrem += cost;
        }

        // What ran on rented nodes is paid at their real price, idle time and start-up included; what ran on owned
        // machines is priced as if each pod had taken its share of the cheapest node that could have held it.
        var allCloud = cloud;
        foreach (var pod in pods)
        {
            if (pod.Pool.Length == 0 && pod.CloudPrice is { } price) allCloud += price.For(pod.Ran(now));
        }

        return new CostSummary(onPrem, cloud, allCloud);
    }
}
