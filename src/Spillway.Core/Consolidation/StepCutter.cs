using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;

namespace Spillway.Core.Consolidation;

/// <summary>Cuts what can go into steps that disruption budgets and <c>atOnce</c> allow, and says for each node why.</summary>
internal sealed class StepCutter(ConsolidationPolicy policy, Standing standing, ClearedCluster cluster)
{
    /// <summary>Steps for nodes whose pods have room elsewhere.</summary>
    public List<ConsolidationStep> Removals()
    {
        var steps = new List<ConsolidationStep>();
        var left = new List<Candidate>();
        foreach (var one in cluster.Cleared)
        {
            if (one.IsEmpty)
                standing.Say(one, VerdictReason.Leaves, "nothing runs on it: it goes back by policy.burst.idleAfter");
            else left.Add(one);
        }

        while (left.Count > 0) steps.Add(Next(left));
        return steps;
    }

    private ConsolidationStep Next(List<Candidate> left)
    {
        var budgets = standing.Budgets.Start();
        var (together, later) = (new List<Candidate>(), new List<Candidate>());
        foreach (var one in left)
        {
            var fits = together.Count < policy.AtOnce && budgets.Allows(one.Pods);
            if (fits) budgets.Take(one.Pods);
            (fits ? together : later).Add(one);
        }

        left.Clear();
        left.AddRange(later);
        var saving = together.Sum(one => one.Price);
        var cost = together.Sum(one => one.MoveCost);
        var pods = together.Sum(one => one.Pods.Count);
        var price = together[0].Offer.Price;
        foreach (var one in together)
        {
            standing.Say(one, VerdictReason.Leaves,
                $"the other nodes have room for {Words.Count(one.Pods.Count, "pod")}: saves {one.Offer.Price}");
        }

        return new ConsolidationStep
        {
            Remove = Names(together),
            Moves = Moves(together),
            Saving = price with { Amount = saving },
            MoveCost = new Money(cost, price.Currency),
            Why = $"the other nodes have room for {Words.Count(pods, "pod")} of {Words.Count(together.Count, "node")}: "
                + $"saves {price with { Amount = saving }}, moving costs {new Money(cost, price.Currency).Round(4)}",
        };
    }

    /// <summary>The step for nodes whose pods have room once another is rented.</summary>
    public ConsolidationStep Replacement(Exchange.Made made)
    {
        var offer = made.Rent!;
        var price = offer.Price;
        var cost = made.Removed.Sum(one => one.MoveCost) + Exchange.Overlap(offer);
        var saving = price with { Amount = made.Saving };
        var type = $"{offer.InstanceType} at {offer.Price}";
        foreach (var one in made.Removed)
        {
            standing.Say(one, VerdictReason.Replaced,
                $"one {type} takes the place of {Words.Count(made.Removed.Count, "node")}: saves {saving}");
        }

        return new ConsolidationStep
        {
            Remove = Names(made.Removed),
            Rent = offer,
            Moves = Moves(made.Removed),
            Saving = saving,
            MoveCost = new Money(cost, price.Currency),
            Why = $"one {type} takes the place of {string.Join(", ", Names(made.Removed))} at "
                + $"{price with { Amount = made.Removed.Sum(one => one.Price) }}: saves {saving}, "
                + $"moving costs {new Money(cost, price.Currency).Round(4)}",
        };
    }

    private static string[] Names(IEnumerable<Candidate> candidates) =>
        [.. candidates.Select(one => one.Name).Order(StringComparer.Ordinal)];

    private PodMove[] Moves(IEnumerable<Candidate> candidates) =>
    [
        .. candidates.SelectMany(one => one.Pods.Select(pod => new PodMove(pod.Key, one.Name, cluster.NodeOf(pod.Key))))
            .OrderBy(move => move.Pod),
    ];
}
