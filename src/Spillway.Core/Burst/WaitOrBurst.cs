using Spillway.Core.Costs;

namespace Spillway.Core.Burst;

/// <summary>One job that finds no room on the team's own machines.</summary>
/// <param name="Price">An hour of what would be rented for it.</param>
/// <param name="Startup">Until a rented node has joined: a wait up to this long loses nothing.</param>
/// <param name="MinimumBilling">The shortest time that is billed.</param>
/// <param name="Duration">How long it will run; null where nobody knows.</param>
/// <param name="ExpectedWait">Until an owned machine is expected to have room; null where nobody knows.</param>
public readonly record struct OverflowingJob(
    HourlyPrice Price, TimeSpan Startup, TimeSpan MinimumBilling, TimeSpan? Duration, TimeSpan? ExpectedWait)
{
    /// <summary>What renting for it costs: the start, its run, and no less than the minimum.</summary>
    public decimal RentalCost
    {
        get
        {
            var hours = (Startup + (Duration ?? UsualDuration)).TotalHours;
            return Price.Amount * (decimal)Math.Max(hours, MinimumBilling.TotalHours);
        }
    }

    // For a job that says nothing: an hour, about the mean of the public traces' shorter nine tenths.
    private static readonly TimeSpan UsualDuration = TimeSpan.FromHours(1);
}

/// <summary>The answer for one job.</summary>
public readonly record struct WaitAnswer(bool Waits, string Why);

/// <summary>
/// Decides who waits for a machine of the team's own and who gets a rented node at once. Waits are judged by a percentile
/// of all jobs, so a small part may wait long without the percentile moving; that part is given to the jobs that are the
/// dearest to rent for, which are few and pay most of the bill. Jobs come in order; nothing is known of those to come.
/// </summary>
/// <param name="share">The part of all jobs that may be made to wait, such as 0.05 where the 95th percentile counts.</param>
public sealed class WaitOrBurst(double share)
{
    // Below this many jobs the costs seen say little about which are dear.
    private const int Enough = 20;

    // Kept back, so that a run of dear jobs at the end does not carry the part over the percentile.
    private const double Reserve = 0.9;

    private readonly List<decimal> costs = [];
    private int seen;
    private int waited;

    /// <summary>A job came, with or without room for it.</summary>
    public void Saw() => seen++;

    /// <summary>Decides for a job that <see cref="Saw"/> has counted and that found no room.</summary>
    public WaitAnswer Decide(in OverflowingJob job)
    {
        var cost = job.RentalCost;
        var rank = costs.BinarySearch(cost);
        if (rank < 0) rank = ~rank;
        costs.Insert(rank, cost);
        if (job.ExpectedWait is { } wait && wait <= job.Startup)
        {
            return new WaitAnswer(
                true, $"a machine of our own has room in {Words.Span(wait)}, before a rented node would have joined");
        }
        var allowed = Reserve * share * seen;
        if (waited + 1 > allowed || costs.Count < Enough)
            return new WaitAnswer(false, $"{waited} of {seen} jobs wait already, and {share:P1} may");

        // As many of the dearest as the allowance has room for among all that overflow.
        var dearest = Math.Min(1, allowed / costs.Count);
        if (costs.Count - rank > Math.Ceiling(dearest * costs.Count))
            return new WaitAnswer(false, $"renting for it costs {cost:0.00}, less than for those that wait");
        waited++;
        return new WaitAnswer(
            true, $"renting for it would cost {cost:0.00}, among the dearest {dearest:P0} of what overflows");
    }
}
