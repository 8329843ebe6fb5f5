using Spillway.Core.Costs;

namespace Spillway.Core.Burst;

/// <summary>What holds for every cluster, whatever its policy.</summary>
public static class BurstRules
{
    /// <summary>
    /// Pods below this priority never lead to a node. The cluster autoscaler's cutoff, so that fillers made for it
    /// (priority -11 and less) behave here as they do there, and placeholders at -10 still pull a node.
    /// </summary>
    public const int ExpendableBelow = -10;

    /// <summary>The annotation by which a person approves renting for a pod where the policy only advises.</summary>
    public const string ApprovalAnnotation = "spillway.dev/burst";

    /// <summary>The value of <see cref="ApprovalAnnotation"/> that approves.</summary>
    public const string Approved = "approved";
}

/// <summary>What rented nodes have cost up to now, running ones included.</summary>
public sealed record SpendSoFar(Money Today, Money ThisMonth)
{
    public static SpendSoFar Nothing { get; } = new(Money.Zero, Money.Zero);
}
