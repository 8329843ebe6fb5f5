using Spillway.Core.Burst;
using Spillway.Core.Costs;

namespace Spillway.Core.Tests.Burst;

public sealed class WaitOrBurstTests
{
    [Fact]
    public void No_more_than_the_share_waits_and_those_that_wait_are_dear()
    {
        var random = new Random(3);
        var policy = new WaitOrBurst(0.05);
        var waiting = new List<decimal>();
        var renting = new List<decimal>();
        for (var i = 0; i < 5000; i++)
        {
            policy.Saw();
            if (random.Next(3) > 0) continue;
            var job = Job(Math.Exp(random.NextDouble() * 10));
            (policy.Decide(job).Waits ? waiting : renting).Add(job.RentalCost);
        }

        waiting.Count.ShouldBeInRange(150, 250);
        waiting.Average().ShouldBeGreaterThan(5 * renting.Average());
    }

    [Fact]
    public void A_wait_shorter_than_a_nodes_start_is_always_taken() =>
        new WaitOrBurst(0).Decide(Job(60) with { ExpectedWait = TimeSpan.FromSeconds(80) }).Waits.ShouldBeTrue();

    [Fact]
    public void The_minimum_billing_is_part_of_the_cost() =>
        (Job(10) with { MinimumBilling = TimeSpan.FromHours(1) }).RentalCost.ShouldBe(3m);

    private static OverflowingJob Job(double seconds) => new(
        HourlyPrice.Usd(3), TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(seconds), null);
}
