using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class PreemptionTests
{
    [Fact]
    public void Fewest_and_least_important_pods_make_room()
    {
        var model = Model(Node("a"));
        model.SetPod(Pod("small", "1").Priority(1).On("a"));
        model.SetPod(Pod("large", "2").Priority(1).On("a"));
        model.SetPod(Pod("dear", "1").Priority(5).On("a"));

        var preempts = Preempts(model, Pod("p", "1").Priority(10));

        preempts.Node.ShouldBe("a");
        preempts.Victims.ShouldHaveSingleItem().Name.ShouldBe("small");
    }

    [Fact]
    public void Among_equals_the_pod_that_started_last_goes()
    {
        var model = Model(Node("a"));
        for (var i = 0; i < 4; i++)
            model.SetPod(Pod($"p{i}", "1").On("a") with { StartedAt = Start.AddMinutes(i == 2 ? 60 : i) });

        Preempts(model, Pod("p", "1").Priority(1)).Victims.ShouldHaveSingleItem().Name.ShouldBe("p2");
    }

    [Fact]
    public void Node_whose_worst_victim_matters_least_is_chosen()
    {
        var model = Model(Node("a", "2"), Node("b", "2"), Node("c", "2"));
        model.SetPod(Pod("a1", "2").Priority(5).On("a"));
        model.SetPod(Pod("b1", "1").Priority(1).On("b"));
        model.SetPod(Pod("b2", "1").Priority(3).On("b"));
        model.SetPod(Pod("c1", "1").Priority(3).On("c"));
        model.SetPod(Pod("c2", "1").Priority(3).On("c"));

        var preempts = Preempts(model, Pod("p", "2").Priority(10));

        preempts.Node.ShouldBe("b");
        preempts.Victims.Select(victim => victim.Name).ShouldBe(["b2", "b1"]);
    }

    [Fact]
    public void Disruption_budgets_are_spared_while_another_node_will_do()
    {
        var model = Model(Node("a", "2"), Node("b", "2"));
        model.SetPod(Pod("guarded", "2").Labeled(("app", "db")).On("a"));
        model.SetPod(Pod("plain", "2").Priority(2).On("b"));
        var database = LabelSelector.ForLabels(("app", "db"));
        model.SetDisruptionBudgets([new DisruptionBudgetRecord("default", "db", database, 0)]);

        Preempts(model, Pod("p", "2").Priority(10)).Node.ShouldBe("b");

        model.SetDisruptionBudgets([]);
        Preempts(model, Pod("p", "2").Priority(10)).Node.ShouldBe("a");
    }

    [Fact]
    public void Equal_priority_is_no_victim_and_the_message_says_so()
    {
        var model = Model(Node("a"), Node("b").Tainted("k", "", TaintEffect.NoSchedule), Pod("full", "4").On("a"));

        model.Refused(Pod("p", "1")).ToSchedulerMessage().ShouldBe(
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
            + " no new claims to deallocate, preemption: 0/2 nodes are available:"
            + " 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.");
    }

    [Fact]
    public void Removing_all_lower_pods_may_not_be_enough()
    {
        var model = Model(Node("a"), Pod("high", "3").Priority(100).On("a"), Pod("low", "1").On("a"));

        model.Refused(Pod("p", "2").Priority(10)).Preemption.ShouldBe(
            "0/1 nodes are available: 1 Insufficient cpu.");
    }

    [Fact]
    public void Policy_never_asks_nobody_to_leave()
    {
        var model = Model(Node("a"), Pod("low", "4").On("a"));
        var pod = Pod("p", "1").Priority(10).Asking(ask => ask with { MayPreempt = false });

        model.Refused(pod).ToSchedulerMessage().ShouldBe(
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate,"
            + " preemption: not eligible due to preemptionPolicy=Never.");
    }

    [Fact]
    public void While_victims_leave_nobody_else_is_asked()
    {
        var model = Model(Node("a"), Node("b"));
        model.SetPod(Pod("leaving", "4").On("a") with { Terminating = true });
        model.SetPod(Pod("staying", "4").On("b"));
        var pod = Pod("p", "4").Priority(10) with { NominatedNode = "a" };

        model.Refused(pod).Preemption.ShouldBe("not eligible due to a terminating pod on the nominated node.");
    }

    [Fact]
    public void Promised_room_is_kept_from_others_but_not_from_more_important_ones()
    {
        var model = Model(Node("a"));
        model.SetPod(Pod("promised", "3").Priority(5) with { NominatedNode = "a" });

        model.PlacedOn(Pod("late", "2")).ShouldBe("");
        model.PlacedOn(Pod("small", "1")).ShouldBe("a");
        model.PlacedOn(Pod("important", "2").Priority(9)).ShouldBe("a");
        model.Refused(Pod("late", "2")).Message().ShouldBe("0/1 nodes are available: 1 Insufficient cpu.");
    }

    [Fact]
    public void In_one_pass_a_second_pod_does_not_count_on_the_same_victims_room()
    {
        var model = Model(Node("a", "2"), Node("b", "2"));
        model.SetPod(Pod("low-a", "2").On("a"));
        model.SetPod(Pod("low-b", "2").On("b"));
        model.SetPod(Pod("p1", "2").Priority(10));
        model.SetPod(Pod("p2", "2").Priority(10));
        model.SetPod(Pod("p3", "2").Priority(10));

        var outcomes = model.PlaceAll().Select(decision => decision.Outcome).ToList();

        outcomes.OfType<PlacementOutcome.Preempts>().Select(preempts => preempts.Node).ShouldBe(["a", "b"]);
        outcomes[2].ShouldBeOfType<PlacementOutcome.Unplaceable>();
    }

    private static PlacementOutcome.Preempts Preempts(PlacementModel model, PodRecord pod) =>
        model.Try(pod).ShouldBeOfType<PlacementOutcome.Preempts>();
}
