using System.Diagnostics;
using Spillway.Core.Burst;

namespace Spillway.Core.Tests.Burst;

public sealed class BurstPlannerScaleTests(ITestOutputHelper output)
{
    [Fact]
    public void One_pod_in_a_cluster_of_a_thousand_nodes_is_answered_within_a_part_of_a_second()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large m5.xlarge m5.2xlarge c5.large r5.large");
        for (var node = 0; node < 1000; node++)
        {
            scene.Machine($"box-{node:0000}", "cpu=8 memory=32Gi");
            for (var pod = 0; pod < 10; pod++)
                scene.Running($"work-{node}-{pod}", "cpu=790m memory=1Gi", $"box-{node:0000}");
        }

        scene.Pending("job", "cpu=1 memory=1Gi");
        scene.Policy = scene.Policy with { WaitForOnPrem = TimeSpan.FromMinutes(1) };
        scene.Decide();

        var watch = Stopwatch.StartNew();
        var plan = scene.Decide();
        output.WriteLine($"wait: {watch.Elapsed.TotalMilliseconds:0.0} ms");
        plan.Decisions.ShouldHaveSingleItem().Reason.ShouldBe(BurstReason.OnPremMaybe);
        scene.Policy = scene.Policy with { WaitForOnPrem = TimeSpan.Zero };
        watch.Restart();
        plan = scene.Decide();
        output.WriteLine($"burst: {watch.Elapsed.TotalMilliseconds:0.0} ms");

        plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public void Two_thousand_pods_of_three_kinds_are_packed_in_seconds()
    {
        var scene = new BurstScene().Pool(
            "cpu", "m5.large m5.xlarge m5.2xlarge m5.4xlarge c5.2xlarge r5.2xlarge", pool => pool with { Max = 1000 });
        string[] kinds = ["cpu=900m memory=1Gi", "cpu=3 memory=6Gi", "cpu=500m memory=7Gi"];
        for (var pod = 0; pod < 2000; pod++) scene.Pending($"job{pod % 3}-{pod:0000}", kinds[pod % 3]);

        var watch = Stopwatch.StartNew();
        var bursts = scene.Decide().Decisions.OfType<BurstDecision.Burst>().ToList();
        output.WriteLine($"{watch.Elapsed.TotalMilliseconds:0} ms, {bursts.Sum(burst => burst.Count)} nodes, "
            + $"{bursts.Sum(burst => burst.Count * burst.Offer.Price.Amount):0.000} USD/h");

        bursts.Sum(burst => burst.Pods.Count).ShouldBe(2000);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }
}
