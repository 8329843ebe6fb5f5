using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Tests.Burst;

public sealed class ReclaimPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly BurstPolicy Policy = new() { IdleAfter = TimeSpan.FromMinutes(5) };

    private readonly BurstScene _scene = new BurstScene().Pool("cpu", "m5.large m5.xlarge");

    [Fact]
    public void An_idle_node_goes_back_after_the_idle_time_and_not_before()
    {
        Decide(Idle("a", minutes: 4)).ShouldBeOfType<ReclaimDecision.Keep>().Until.ShouldBe(Now.AddMinutes(1));
        Decide(Idle("a", minutes: 5)).ShouldBeOfType<ReclaimDecision.Drain>().Why.ShouldBe(
            "it has been idle for 5m (policy: 5m)");
    }

    [Fact]
    public void A_node_that_was_never_seen_idle_begins_its_idle_time_now()
    {
        var keep = Decide(Node("a")).ShouldBeOfType<ReclaimDecision.Keep>();

        keep.IdleSince.ShouldBe(Now);
        keep.Until.ShouldBe(Now.AddMinutes(5));
    }

    [Fact]
    public void Daemons_mirrors_and_finished_pods_are_no_work()
    {
        var node = Idle("a", minutes: 10) with
        {
            Pods = [Pod("agent", NodePodKind.DaemonSet), Pod("proxy", NodePodKind.Mirror),
                Pod("done", NodePodKind.Finished)],
        };

        Decide(node).ShouldBeOfType<ReclaimDecision.Drain>().Evict.ShouldBeEmpty();
    }

    [Fact]
    public void Work_ends_the_idle_time()
    {
        var keep = Decide(Idle("a", minutes: 10) with { Pods = [Pod("job", NodePodKind.Work)] })
            .ShouldBeOfType<ReclaimDecision.Keep>();

        keep.IdleSince.ShouldBeNull();
        keep.Why.ShouldBe("it runs default/job");
    }

    [Fact]
    public void A_node_that_a_pending_pod_will_take_is_kept() =>
        Decide(Idle("a", minutes: 10) with { WantedBy = new PodKey("default", "job") })
            .ShouldBeOfType<ReclaimDecision.Keep>().Why.ShouldBe("default/job will run on it");

    [Fact]
    public void Unreachable_is_not_gone()
    {
        Decide(Idle("a", minutes: 60) with { Reachable = false })
            .ShouldBeOfType<ReclaimDecision.Keep>().Why.ShouldContain("unreachable is not gone");
        Decide(Idle("a", minutes: 60) with { Reachable = false, MachineGone = true })
            .ShouldBeOfType<ReclaimDecision.Forget>();
    }

    [Fact]
    public void A_minimum_keeps_the_cheapest_of_the_idle_nodes()
    {
        _scene.Change("cpu", pool => pool with { Min = 1 });

        var decisions = ReclaimPlanner.Decide(
            Policy, Seen(Idle("cheap", minutes: 20), Idle("dear", minutes: 10, offer: 1)), Now);

        decisions.Single(one => one.Claim == "cheap").ShouldBeOfType<ReclaimDecision.Keep>();
        decisions.Single(one => one.Claim == "dear").ShouldBeOfType<ReclaimDecision.Drain>();
    }

    [Fact]
    public void An_interruption_evicts_even_what_asks_not_to_be_disturbed_and_an_order_does_not()
    {
        var node = Node("a") with { Pods = [Pod("job", NodePodKind.Work) with { DoNotDisrupt = true }] };
        var notice = new InterruptionNotice("i-1", Now.AddMinutes(2), "spot interruption");

        var replaced = Decide(node with { Interruption = notice }).ShouldBeOfType<ReclaimDecision.Drain>();
        replaced.Replaces.ShouldBeTrue();
        replaced.Evict.ShouldHaveSingleItem().Name.ShouldBe("job");
        Decide(node with { Ordered = true }).ShouldBeOfType<ReclaimDecision.Drain>().Evict.ShouldBeEmpty();
    }

    [Fact]
    public void A_pod_that_a_budget_protects_is_not_evicted()
    {
        var node = Node("a", ClaimPhase.Draining) with
        {
            Ordered = true,
            Pods = [Pod("web", NodePodKind.Work) with { BlockedByBudget = "web-pdb" }],
        };

        var drain = Decide(node).ShouldBeOfType<ReclaimDecision.Drain>();
        drain.Evict.ShouldBeEmpty();
        drain.Why.ShouldContain("web-pdb");
    }

    [Fact]
    public void Work_that_came_before_the_cordon_keeps_the_node() =>
        Decide(Node("a", ClaimPhase.Draining) with { Pods = [Pod("job", NodePodKind.Work)] })
            .ShouldBeOfType<ReclaimDecision.Release>();

    [Fact]
    public void A_drained_node_that_is_empty_is_removed() =>
        Decide(Node("a", ClaimPhase.Draining)).ShouldBeOfType<ReclaimDecision.Remove>();

    private ReclaimDecision Decide(RentedNode node) =>
        ReclaimPlanner.Decide(Policy, Seen(node), Now).ShouldHaveSingleItem();

    private ReclaimObservation Seen(params RentedNode[] nodes) =>
        new() { Nodes = nodes, Pools = _scene.Observation().Pools };

    private RentedNode Idle(string name, int minutes, int offer = 0) =>
        Node(name, offer: offer) with { IdleSince = Now.AddMinutes(-minutes) };

    private RentedNode Node(string name, ClaimPhase phase = ClaimPhase.Ready, int offer = 0) =>
        new(new ClaimState(name, _scene.Offer("cpu", offer), phase, Now.AddHours(-1)));

    private static NodePod Pod(string name, NodePodKind kind) => new(new PodKey("default", name), kind);
}
