using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Consolidation;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Consolidation;

public sealed class ConsolidationPlannerTests
{
    private static Fleet TwoHalves(Func<PodRecord, PodRecord>? change = null) => new Fleet()
        .Type("c4", 4, 0.20m).Node("a", "c4").Node("b", "c4")
        .Pod("web-1", "1", "a").Pod("web-2", "1", "b", change);

    [Fact]
    public void Two_half_empty_nodes_become_one()
    {
        var plan = TwoHalves().Pod("web-3", "500m", "a").Plan();

        var step = plan.Steps.ShouldHaveSingleItem();
        step.Kind.ShouldBe("consolidate");
        step.Remove.ShouldBe(["b"]);
        step.Moves.ShouldBe([new PodMove(new PodKey("default", "web-2"), "b", "a")]);
        step.Saving.Amount.ShouldBe(0.20m);
        plan.Before.Amount.ShouldBe(0.40m);
        plan.After.Amount.ShouldBe(0.20m);
        Verdict(plan, "b").Why.ShouldBe("the other nodes have room for 1 pod: saves 0.20 USD/h");
        Verdict(plan, "a").Reason.ShouldBe(VerdictReason.NoRoom);
    }

    [Fact]
    public void Owned_machines_take_the_pods_of_all_rented_nodes()
    {
        var plan = TwoHalves().Machine("own", 8).Plan();

        plan.Steps.ShouldHaveSingleItem().Remove.ShouldBe(["a", "b"]);
        plan.After.Amount.ShouldBe(0);
    }

    [Fact]
    public void One_cheaper_node_takes_the_place_of_three()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m).Type("c8", 8, 0.36m);
        foreach (var name in (string[])["a", "b", "c"]) fleet.Node(name, "c4").Pod($"db-{name}", "2500m", name);

        var step = fleet.Plan().Steps.ShouldHaveSingleItem();

        step.Kind.ShouldBe("replace");
        step.Rent!.InstanceType.ShouldBe("c8");
        step.Remove.ShouldBe(["a", "b", "c"]);
        step.Saving.Amount.ShouldBe(0.24m);
        fleet.Burst = new BurstPolicy { Mode = BurstMode.Advise };
        fleet.Plan().Steps.ShouldBeEmpty();
    }

    [Fact]
    public void A_dear_node_makes_way_for_a_cheap_one_that_was_about_to_go()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m).Type("gold", 4, 0.90m).Node("cheap", "c4").Node("dear", "gold")
            .Pod("web-1", "3", "dear").Pod("web-2", "100m", "cheap");
        fleet.Burst = new BurstPolicy { Mode = BurstMode.Off };

        var step = fleet.Plan().Steps.ShouldHaveSingleItem();

        step.Remove.ShouldBe(["dear"]);
        step.Saving.Amount.ShouldBe(0.90m);
    }

    [Fact]
    public void A_replacement_that_saves_too_little_is_not_made()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m).Type("c4a", 4, 0.18m).Node("a", "c4").Pod("web-1", "3", "a");

        fleet.Plan().Steps.ShouldBeEmpty();
        Verdict(fleet.Plan(), "a").Why.ShouldBe(
            "default/web-1 (cpu: 3, memory: 64Mi) fits on no node that stays, "
            + "and no other node would save 15% of its price");
        fleet.Policy = fleet.Policy with { MinSaving = 0.05, Payback = TimeSpan.FromDays(1) };
        fleet.Plan().Steps.ShouldHaveSingleItem().Rent!.InstanceType.ShouldBe("c4a");
    }

    [Theory]
    [InlineData("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")]
    [InlineData("karpenter.sh/do-not-disrupt", "true")]
    public void A_pod_that_asks_to_be_left_alone_holds_its_node(string annotation, string value)
    {
        var fleet = TwoHalves(pod => pod with { Annotations = LabelMap.Of((annotation, value)) });

        fleet.Plan().Steps.ShouldHaveSingleItem().Remove.ShouldBe(["a"]);
        Verdict(fleet.Plan(), "b").Reason.ShouldBe(VerdictReason.PodFixed);
        Verdict(fleet.Plan(), "b").Why.ShouldBe("default/web-2 asks not to be disturbed");
    }

    [Fact]
    public void Pods_that_would_lose_something_hold_their_node_unless_they_say_otherwise()
    {
        Func<PodRecord, PodRecord>[] losses =
        [
            pod => pod with { Controller = null },
            pod => pod with { Controller = new PodController("Job", "train", "u") },
            pod => pod with { LocalVolumes = ["scratch"] },
        ];
        foreach (var loss in losses)
        {
            Verdict(TwoHalves(loss).Plan(), "b").Reason.ShouldBe(VerdictReason.PodFixed);
            var safe = LabelMap.Of(("cluster-autoscaler.kubernetes.io/safe-to-evict", "true"));
            TwoHalves(pod => loss(pod) with { Annotations = safe }).Plan().Steps.ShouldHaveSingleItem();
        }

        var volumes = LabelMap.Of(("cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes", "tmp, scratch"));
        Verdict(TwoHalves(pod => losses[2](pod) with { Annotations = volumes }).Plan(), "b")
            .Reason.ShouldNotBe(VerdictReason.PodFixed);
        Verdict(TwoHalves(Gang).Plan(), "b").Why.ShouldContain("gang ring");

        static PodRecord Gang(PodRecord pod) => pod with
        {
            Requirements = pod.Requirements with { Gang = new Gang("ring", 2) },
        };
    }

    [Fact]
    public void Budgets_hold_nodes_and_cut_steps()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m).Machine("own", 16);
        for (var i = 0; i < 4; i++) fleet.Node($"n{i}", "c4").Pod($"web-{i}", "1", $"n{i}");
        var web = LabelSelector.ForLabels(("app", "web"));

        fleet.Budgets.Add(new DisruptionBudgetRecord("default", "web-pdb", web, 2));
        fleet.Plan().Steps.Select(step => step.Moves.Count).ShouldBe([2, 2]);

        fleet.Budgets[0] = fleet.Budgets[0] with { DisruptionsAllowed = 0 };
        fleet.Plan().Steps.ShouldBeEmpty();
        Verdict(fleet.Plan(), "n0").Why.ShouldBe("disruption budget web-pdb allows no eviction of default/web-0 now");

        fleet.Budgets[0] = fleet.Budgets[0] with { DisruptionsAllowed = 9 };
        fleet.Budgets.Add(new DisruptionBudgetRecord("default", "another", web, 9));
        Verdict(fleet.Plan(), "n0").Why.ShouldContain("Kubernetes evicts no such pod");
    }

    [Fact]
    public void A_node_with_more_pods_than_its_budget_lets_go_at_once_goes_alone()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m).Machine("own", 16).Node("a", "c4").Node("b", "c4")
            .Pod("web-1", "1", "a").Pod("web-2", "1", "a").Pod("web-3", "1", "b");
        fleet.Budgets.Add(new DisruptionBudgetRecord("default", "pdb", LabelSelector.ForLabels(("app", "web")), 1));

        fleet.Plan().Steps.Select(step => string.Join(' ', step.Remove)).ShouldBe(["b", "a"], ignoreOrder: true);
    }

    [Fact]
    public void What_is_young_silent_resting_paid_for_or_at_the_minimum_stays()
    {
        Verdict(TwoHalves(pod => pod with { StartedAt = Fleet.Now.AddMinutes(-1) }).Plan(), "b")
            .Reason.ShouldBe(VerdictReason.Settling);
        var young = new Fleet().Type("c4", 4, 0.20m).Machine("own", 4).Node("a", "c4", age: TimeSpan.FromMinutes(9));
        Verdict(young.Plan(), "a").Until.ShouldBe(Fleet.Now.AddMinutes(1));
        var silent = TwoHalves();
        silent.Histories["b"] = new NodeHistory { Reachable = false };
        silent.Histories["a"] = new NodeHistory { RestUntil = Fleet.Now.AddHours(1) };
        silent.Plan().Steps.ShouldBeEmpty();
        var least = TwoHalves();
        least.Min = 2;
        least.Plan().Verdicts.ShouldAllBe(verdict => verdict.Reason == VerdictReason.PoolMinimum);
    }

    [Fact]
    public void Pods_that_end_soon_are_left_to_end()
    {
        var fleet = TwoHalves().Machine("own", 8);
        fleet.Ends[new PodKey("default", "web-2")] = Fleet.Now.AddSeconds(20);

        fleet.Plan().Steps.ShouldHaveSingleItem().Remove.ShouldBe(["a"]);
        Verdict(fleet.Plan(), "b").Reason.ShouldBe(VerdictReason.NotWorthMoving);
    }

    [Fact]
    public void Room_that_a_waiting_pod_takes_is_not_given_away() =>
        TwoHalves().Waiting("web-9", "2500m").Plan().Steps.ShouldBeEmpty();

    [Fact]
    public void Fillers_hold_no_node_and_block_no_room()
    {
        var fleet = TwoHalves().Pod("fill-1", "2", "a", Filler).Pod("fill-2", "3", "b", Filler);

        fleet.Plan().Steps.ShouldHaveSingleItem();

        static PodRecord Filler(PodRecord pod) => pod with
        {
            Controller = null,
            Requirements = pod.Requirements with { Priority = -20 },
        };
    }

    [Fact]
    public void Anti_affinity_between_zones_is_kept()
    {
        var fleet = new Fleet().Type("c4", 4, 0.20m, "z1").Type("c4", 4, 0.20m, "z2")
            .Node("a", "c4", "z1").Node("b", "c4", "z2").Pod("web-1", "1", "a", Apart).Pod("web-2", "1", "b", Apart)
            .Node("c", "c4", "z2").Pod("free-1", "1", "c");

        // Either of the two in zone z2 may go; web-1 and web-2 never share a zone.
        var plan = fleet.Plan();

        plan.Steps.SelectMany(step => step.Remove).Count().ShouldBe(1);

        static PodRecord Apart(PodRecord pod) => pod with
        {
            Requirements = pod.Requirements with
            {
                AntiAffinity =
                [
                    new PodAffinityTerm
                    {
                        TopologyKey = WellKnownLabels.Zone,
                        Selector = LabelSelector.ForLabels(("app", "web")),
                        Namespaces = ["default"],
                    },
                ],
            },
        };
    }

    [Fact]
    public void A_step_is_refused_once_the_cluster_has_changed()
    {
        var fleet = TwoHalves().Pod("web-3", "500m", "a");
        var step = fleet.Plan().Steps.Single();
        fleet.Objection(step).ShouldBeNull();

        fleet.Pod("late-1", "2", "a");

        fleet.Objection(step)!.ShouldStartWith("b: default/web-2 (cpu: 1, memory: 64Mi) fits on no node that stays");
    }

    private static NodeVerdict Verdict(ConsolidationPlan plan, string node) =>
        plan.Verdicts.Single(verdict => verdict.Claim == node);
}
