using Spillway.Core.Burst;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Burst;

public sealed class BurstGangTests
{
    [Fact]
    public void A_gang_is_served_whole_or_not_at_all()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large", pool => pool with { Max = 2 });
        for (var i = 0; i < 3; i++)
            scene.Pending($"member-{i}", "cpu=1900m", change: pod => pod with { Gang = new Gang("ring", 3) });

        var plan = scene.Decide();
        plan.Decisions.ShouldAllBe(decision => decision is BurstDecision.Hold);
        plan.Decisions.SelectMany(decision => decision.Pods).Count().ShouldBe(3);

        scene.Change("cpu", pool => pool with { Max = 3 });
        scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>().Count.ShouldBe(3);
    }

    [Fact]
    public void An_incomplete_gang_buys_nothing()
    {
        var plan = new BurstScene()
            .Pool("cpu", "m5.large")
            .Pending("member-0", "cpu=1", change: pod => pod with { Gang = new Gang("ring", 2) })
            .Decide();

        plan.Decisions.ShouldHaveSingleItem().Reason.ShouldBe(BurstReason.GangHeld);
    }

    [Fact]
    public void A_gang_rents_only_for_the_members_that_owned_machines_do_not_take()
    {
        var scene = new BurstScene()
            .Machine("box", "cpu=8 memory=32Gi")
            .Pool("cpu", "m5.2xlarge", pool => pool with { Max = 2 });
        for (var i = 0; i < 4; i++)
            scene.Pending($"member-{i}", "cpu=4 memory=4Gi", change: pod => pod with { Gang = new Gang("ring", 4) });

        var plan = scene.Decide();

        plan.Decisions.OfType<BurstDecision.Burst>().Single().Count.ShouldBe(2);
        var waits = plan.Decisions.OfType<BurstDecision.Wait>().SelectMany(wait => wait.Pods).ToList();
        waits.Count.ShouldBe(2);
    }
}
