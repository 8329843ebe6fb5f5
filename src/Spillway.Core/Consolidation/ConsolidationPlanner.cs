using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Ports;

namespace Spillway.Core.Consolidation;

/// <summary>
/// Decides which rented nodes can go together, with their pods on the others, and which can make way for cheaper ones.
/// </summary>
/// <remarks>
/// Nodes that may go are emptied one after the other in one what-if, so that what the first took is not there for the
/// second; two orders are raced, and the better one is improved by exchanges. The same picture gives the same plan in
/// whatever order it was handed over, and a plan that was carried out leaves nothing to plan.
/// </remarks>
public static class ConsolidationPlanner
{
    // Each try goes over the whole cluster; a pass a minute later tries again.
    private const int MostTries = 20;

    /// <param name="policy">What the team wants of moving pods.</param>
    /// <param name="burst">Whether nodes may be rented, and within which budget; replacements obey it.</param>
    /// <param name="seen">The cluster; its placement model is tried out and left as it was.</param>
    /// <param name="now">The time of the picture.</param>
    public static ConsolidationPlan Plan(
        ConsolidationPolicy policy, BurstPolicy burst, ConsolidationObservation seen, DateTimeOffset now)
    {
        if (policy.Mode == ConsolidationMode.Off) return ConsolidationPlan.Nothing;
        var standing = new Standing(policy, seen, now);
        var before = Sum(seen.Cluster.Claims.Where(claim => claim.Phase == ClaimPhase.Ready));
        if (standing.Candidates.Count == 0) return Finish(standing, [], before);

        using var cluster = new ClearedCluster(seen);
        var cheapestFirst = standing.Candidates.Values
            .OrderBy(one => one.Price == 0 ? 0 : one.MoveCost / one.Price)
            .ThenByDescending(one => one.Price).ThenBy(one => one.Name, StringComparer.Ordinal).ToList();
        var wasteFirst = standing.Candidates.Values
            .OrderByDescending(one => one.Waste).ThenBy(one => one.Name, StringComparer.Ordinal).ToList();

        var mark = cluster.Mark();
        var stuck = Clear(cluster, cheapestFirst);
        var worth = Worth(policy, cluster);
        if (!cheapestFirst.SequenceEqual(wasteFirst))
        {
            cluster.Rollback(mark);
            mark = cluster.Mark();
            stuck = Clear(cluster, wasteFirst);
            if (Worth(policy, cluster) < worth)
            {
                cluster.Rollback(mark);
                stuck = Clear(cluster, cheapestFirst);
            }
        }

        var mayRent = burst.Mode == BurstMode.Auto;
        var book = mayRent ? new OfferBook(burst, seen.Cluster, now) : null;
        var staying = stuck.Keys.Where(one => one is { Price: > 0, IsEmpty: false }).ToList();
        new Exchange(policy, standing, cluster, book: null).Run(staying);
        var cutter = new StepCutter(policy, standing, cluster);
        var steps = cutter.Removals();
        if (book is not null)
            steps.AddRange(new Exchange(policy, standing, cluster, book).Run(staying).Select(cutter.Replacement));
        foreach (var (one, (reason, why)) in stuck)
        {
            if (standing.Verdicts.ContainsKey(one.Name)) continue;
            standing.Say(one, reason, reason == VerdictReason.NoRoom && mayRent
                ? $"{why}, and no other node would save {policy.MinSaving:0%} of its price" : why);
        }

        foreach (var one in staying)
        {
            if (standing.Verdicts.ContainsKey(one.Name)) continue;
            standing.Say(one, VerdictReason.NoRoom, "it takes the place of dearer nodes");
        }

        return Finish(standing, steps, before);
    }

    /// <summary>
    /// What speaks against a step as things are now, in plain words; null when it may be taken. To be asked with a fresh
    /// picture right before acting, and again, without <see cref="ConsolidationStep.Rent"/>, when a replacement has joined.
    /// </summary>
    public static string? Objection(
        ConsolidationPolicy policy, ConsolidationObservation seen, ConsolidationStep step, DateTimeOffset now)
    {
        var standing = new Standing(policy, seen, now);
        var budgets = standing.Budgets.Start();
        var going = new List<Candidate>();
        foreach (var name in step.Remove.Order(StringComparer.Ordinal))
        {
            if (!standing.Candidates.TryGetValue(name, out var candidate))
            {
                return standing.Verdicts.TryGetValue(name, out var verdict)
                    ? $"{name}: {verdict.Why}" : $"{name} is gone";
            }

            if (!budgets.Allows(candidate.Pods))
                return $"{name}: disruption budgets do not allow it together with the others";
            budgets.Take(candidate.Pods);
            going.Add(candidate);
        }

        using var cluster = new ClearedCluster(seen);
        if (step.Rent is { } offer)
        {
            if (going.Sum(one => one.Price) <= offer.Price.Amount) return "the replacement is no longer cheaper";
            cluster.Add(offer);
        }

        // Idle nodes are about to go by themselves: they are no place to move to.
        foreach (var one in standing.Candidates.Values)
        {
            if (one.IsEmpty && !going.Contains(one)) cluster.TryClear(one);
        }

        var mark = cluster.Mark();
        foreach (var one in going)
        {
            if (cluster.TryClear(one) is { } stuck) return $"{one.Name}: {stuck.Why}";
        }

        cluster.Rollback(mark);
        return cluster.Drain(going);
    }

    /// <summary>
    /// The first step that nothing speaks against; of a step that cannot be taken as a whole, a node on its own. Null when
    /// nothing can be done now.
    /// </summary>
    public static ConsolidationStep? Next(
        ConsolidationPolicy policy, ConsolidationObservation seen, ConsolidationPlan plan, DateTimeOffset now)
    {
        var tries = 0;
        foreach (var step in plan.Steps)
        {
            if (tries++ >= MostTries) return null;
            if (Objection(policy, seen, step, now) is null) return step;
            if (step.Rent is not null || step.Remove.Count == 1) continue;
            foreach (var name in step.Remove)
            {
                if (tries++ >= MostTries) return null;
                var claim = seen.Cluster.Claims.First(claim => claim.Name == name);
                var alone = step with
                {
                    Remove = [name],
                    Moves = [.. step.Moves.Where(move => move.From == name)],
                    Saving = claim.Offer.Price,
                    MoveCost = step.MoveCost * (claim.Offer.Price.Amount / step.Saving.Amount),
                    Why = plan.Verdicts.First(verdict => verdict.Claim == name).Why,
                };
                if (Objection(policy, seen, alone, now) is null) return alone;
            }
        }

        return null;
    }

    private static Dictionary<Candidate, (VerdictReason Reason, string Why)> Clear(
        ClearedCluster cluster, List<Candidate> order)
    {
        var stuck = new Dictionary<Candidate, (VerdictReason, string)>(ReferenceEqualityComparer.Instance);
        foreach (var one in order)
        {
            if (cluster.TryClear(one) is { } why) stuck.Add(one, why);
        }

        return stuck;
    }

    private static decimal Worth(ConsolidationPolicy policy, ClearedCluster cluster) => cluster.Cleared.Sum(
        one => (one.Price * (decimal)policy.Payback.TotalHours) - one.MoveCost);

    private static ConsolidationPlan Finish(
        Standing standing, IReadOnlyList<ConsolidationStep> steps, HourlyPrice before)
    {
        var after = steps.Aggregate(before, (price, step) => price with { Amount = price.Amount - step.Saving.Amount });
        var until = standing.Verdicts.Values.Select(verdict => verdict.Until).Where(time => time is not null).Min();
        return new ConsolidationPlan
        {
            Steps = steps,
            Verdicts = [.. standing.Verdicts.Values.OrderBy(one => one.Claim, StringComparer.Ordinal)],
            Before = before,
            After = after,
            LookAgainAt = until,
        };
    }

    private static HourlyPrice Sum(IEnumerable<ClaimState> claims) =>
        claims.Aggregate(HourlyPrice.Zero, (sum, claim) => sum + claim.Offer.Price);
}
