using Spillway.Core.Burst;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Burst;

public sealed class PackedBurstTests
{
    [Fact]
    public void A_pass_over_many_pods_states_how_cheap_it_could_be_at_best()
    {
        var scene = new BurstScene().Pool(
            "cpu", "m5.large m5.xlarge m5.2xlarge c5.2xlarge r5.2xlarge", pool => pool with { Max = 500 });
        string[] kinds = ["cpu=900m memory=1Gi", "cpu=3 memory=6Gi", "cpu=500m memory=7Gi"];
        for (var pod = 0; pod < 300; pod++) scene.Pending($"job-{pod:000}", kinds[pod % 3]);

        var plan = scene.Decide();

        var bursts = plan.Decisions.OfType<BurstDecision.Burst>().ToList();
        bursts.Sum(burst => burst.Pods.Count).ShouldBe(300);
        var bound = plan.Bound.ShouldNotBeNull();
        bound.Pods.ShouldBe(300);
        bursts.ShouldAllBe(burst => burst.Bound == bound);
        var price = bursts.Sum(burst => burst.Count * burst.Offer.Price.Amount);
        price.ShouldBeInRange(bound.LeastPerHour, bound.LeastPerHour * 1.1m);
    }

    [Fact]
    public void A_pool_that_holds_only_some_gangs_grows_for_whole_gangs_only()
    {
        // Five nodes of eight CPUs hold ten pods of four, that is two gangs of four and no third one.
        var scene = new BurstScene().Pool("cpu", "m5.2xlarge", pool => pool with { Max = 5 });
        for (var gang = 0; gang < 4; gang++)
        {
            for (var member = 0; member < 4; member++)
            {
                var name = $"gang{gang}";
                scene.Pending(
                    $"{name}-{member}", "cpu=3500m memory=1Gi", change: pod => pod with { Gang = new Gang(name, 4) });
            }
        }

        var bursts = scene.Decide().Decisions.OfType<BurstDecision.Burst>().ToList();

        bursts.Sum(burst => burst.Count).ShouldBe(4);
        bursts.SelectMany(burst => burst.Pods).Select(pod => pod.Name[..5]).Distinct().Count().ShouldBe(2);
        bursts.Sum(burst => burst.Pods.Count).ShouldBe(8);
    }
}
