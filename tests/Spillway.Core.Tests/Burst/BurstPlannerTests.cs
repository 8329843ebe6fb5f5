using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Burst;

public sealed class BurstPlannerTests
{
    private const string Xgboost = "accelerators.spillway.dev/com.inaccel.xgboost.exact";

    private static BurstScene Inaccel() => new BurstScene()
        .Accelerator("com.inaccel.xgboost.exact", ("xilinx-u250", 4), ("aws-vu9p-f1", 2))
        .Machine("fpga-box", "cpu=32 memory=128Gi", ("xilinx-u250", 1), ("xilinx-u280", 1))
        .Pool("f1-2xlarge", "f1.2xlarge", pool => pool with { Devices = [new DeviceClaim("aws-vu9p-f1")] })
        .Pool("f1-4xlarge", "f1.4xlarge", pool => pool with { Devices = [new DeviceClaim("aws-vu9p-f1", 2)] });

    [Fact]
    public void The_second_job_gets_one_node_with_two_devices_and_the_smaller_pool_says_why_not()
    {
        var plan = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box")
            .Pending("job-2", $"cpu=4 {Xgboost}=4")
            .Decide();

        var burst = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
        burst.Offer.Pool.ShouldBe("f1-4xlarge");
        burst.Count.ShouldBe(1);
        burst.Pods.ShouldHaveSingleItem().Name.ShouldBe("job-2");
        burst.Why.ShouldContain("4 × com.inaccel.xgboost.exact need 2 × aws-vu9p-f1 in one node");
        var rejected = burst.Rejected.ShouldHaveSingleItem();
        rejected.Pool.ShouldBe("f1-2xlarge");
        rejected.Why.ShouldContain("has 1 × aws-vu9p-f1");
    }

    [Fact]
    public void The_first_job_fits_on_prem_and_rents_nothing()
    {
        var plan = Inaccel().Pending("job-1", $"cpu=4 {Xgboost}=4").Decide();

        var wait = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();
        wait.Reason.ShouldBe(BurstReason.FitsNow);
        wait.Why.ShouldContain("fpga-box");
    }

    [Fact]
    public void Sixteen_accelerators_are_refused_with_the_numbers()
    {
        var plan = Inaccel().Pending("sixteen", $"cpu=4 {Xgboost}=16").Decide();

        var refusal = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Refuse>();
        refusal.Why.ShouldStartWith(
            "needs 8 × xilinx aws-vu9p-f1 in one node (16 accelerators, 2 a device); "
            + "the largest pool node is f1-4xlarge with 2");
        refusal.Rejected.Count.ShouldBe(2);
    }

    [Fact]
    public void A_pod_that_a_joining_node_will_take_buys_no_second_one()
    {
        var plan = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box")
            .Pending("job-2", $"cpu=4 {Xgboost}=4")
            .Claim("f1-4xlarge-abcde", "f1-4xlarge", ClaimPhase.Launched)
            .Decide();

        var wait = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();
        wait.Reason.ShouldBe(BurstReason.JoiningNode);
        wait.Why.ShouldContain("f1-4xlarge-abcde");
    }

    [Fact]
    public void A_pod_waits_for_an_owned_machine_whose_work_ends_in_time()
    {
        var scene = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box", endsIn: TimeSpan.FromSeconds(40))
            .Pending("job-2", $"cpu=4 {Xgboost}=4");
        scene.Policy = scene.Policy with { WaitForOnPrem = TimeSpan.FromMinutes(2) };

        var wait = scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();

        wait.Reason.ShouldBe(BurstReason.OnPremSoon);
        wait.Until.ShouldBe(scene.Now + TimeSpan.FromSeconds(40));
        wait.Why.ShouldContain("default/job-1 ends");
    }

    [Fact]
    public void A_pod_does_not_wait_for_a_machine_that_is_known_to_be_busy_for_longer()
    {
        var scene = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box", endsIn: TimeSpan.FromMinutes(10))
            .Pending("job-2", $"cpu=4 {Xgboost}=4");
        scene.Policy = scene.Policy with { WaitForOnPrem = TimeSpan.FromMinutes(2) };

        scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
    }

    [Fact]
    public void A_pod_waits_for_the_policys_time_when_nobody_knows_when_the_work_ends()
    {
        var scene = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box")
            .Pending("job-2", $"cpu=4 {Xgboost}=4", since: TimeSpan.FromSeconds(30));
        scene.Policy = scene.Policy with { WaitForOnPrem = TimeSpan.FromMinutes(2) };

        var plan = scene.Decide();

        var wait = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();
        wait.Reason.ShouldBe(BurstReason.OnPremMaybe);
        wait.Until.ShouldBe(scene.Now + TimeSpan.FromSeconds(90));
        plan.LookAgainAt.ShouldBe(wait.Until);
        scene.Now += TimeSpan.FromSeconds(91);
        scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
    }

    [Fact]
    public void Spent_budget_stops_launches_and_says_so()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large").Pending("job", "cpu=1 memory=1Gi");
        scene.Policy = scene.Policy with { Budget = new Budget { PerDay = Money.Usd(5) } };
        scene.Spend = new SpendSoFar(Money.Usd(5), Money.Usd(5));

        var hold = scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Hold>();

        hold.Reason.ShouldBe(BurstReason.OverBudget);
        hold.Why.ShouldContain("5.00 USD of the budget of 5.00 USD today is spent");
    }

    [Theory]
    [InlineData(ClaimPhase.Launched)]
    [InlineData(ClaimPhase.Ready)]
    public void The_budget_remembers_what_rented_nodes_have_before_them(ClaimPhase phase)
    {
        // Each node costs 0.768 USD/h and runs for half an hour: a second one would be too dear before it is.
        var scene = new BurstScene().Pool("cpu", "m5.4xlarge").Claim("cpu-1", "cpu", phase)
            .Pending("first", "cpu=14 memory=1Gi", pending: pod => pod with { Duration = TimeSpan.FromMinutes(30) })
            .Pending("second", "cpu=14 memory=1Gi", pending: pod => pod with { Duration = TimeSpan.FromMinutes(30) });
        scene.Policy = scene.Policy with { Budget = new Budget { PerDay = Money.Usd(0.8m) } };

        var hold = scene.Decide().Decisions.OfType<BurstDecision.Hold>().Single();

        hold.Reason.ShouldBe(BurstReason.OverBudget);
        hold.Pods.Single().Name.ShouldBe("second");
    }

    [Theory]
    [InlineData(ClaimPhase.Ready)]
    [InlineData(ClaimPhase.Launched)]
    public void A_full_pool_says_so(ClaimPhase phase)
    {
        var plan = new BurstScene()
            .Pool("cpu", "m5.large", pool => pool with { Max = 1 })
            .Claim("cpu-aaaaa", "cpu", phase)
            .Running("busy", "cpu=1900m", "cpu-aaaaa")
            .Pending("other", "cpu=1900m")
            .Pending("job", "cpu=1900m", since: TimeSpan.FromSeconds(-1))
            .Decide();

        var hold = plan.Decisions.OfType<BurstDecision.Hold>().ShouldHaveSingleItem();
        hold.Reason.ShouldBe(BurstReason.PoolAtMax);
        hold.Why.ShouldContain("1 of at most 1 node");
    }

    [Fact]
    public void An_offer_that_was_out_of_stock_is_left_alone_and_the_next_best_is_taken_in_the_same_pass()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large m5.xlarge").Pending("job", "cpu=1 memory=1Gi");
        scene.StockOut(scene.Offer("cpu"), TimeSpan.FromMinutes(1));

        var burst = scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();

        burst.Offer.InstanceType.ShouldBe("m5.xlarge");
    }

    [Fact]
    public void With_no_stock_anywhere_the_pod_waits_until_the_next_try()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large").Pending("job", "cpu=1 memory=1Gi");
        scene.StockOut(scene.Offer("cpu"), TimeSpan.FromMinutes(1));

        var wait = scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();

        wait.Reason.ShouldBe(BurstReason.NoStock);
        wait.Until.ShouldBe(scene.Now + TimeSpan.FromMinutes(1));
        wait.Why.ShouldContain("InsufficientInstanceCapacity");
    }

    [Fact]
    public void Many_pods_are_packed_onto_few_nodes()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large m5.2xlarge");
        for (var i = 0; i < 12; i++) scene.Pending($"job-{i:00}", "cpu=900m memory=1Gi");

        var bursts = scene.Decide().Decisions.Cast<BurstDecision.Burst>().ToList();

        bursts.Sum(burst => burst.Pods.Count).ShouldBe(12);

        // 12 × 0.9 CPU: a pair fills an m5.large (1.93 CPU), eight an m5.2xlarge (7.91) at four times the price.
        bursts.Sum(burst => burst.Count * burst.Offer.Price.Amount).ShouldBeLessThanOrEqualTo(6 * 0.096m);
    }

    [Fact]
    public void A_pod_that_refuses_spot_never_goes_there()
    {
        ValueList<NodeSelectorTerm> onDemandOnly =
            [new NodeSelectorTerm(
                [new LabelRequirement(NodeLabels.CapacityType, SelectorOperator.In, ["on-demand"])], [])];
        var plan = new BurstScene()
            .Pool("mixed", "m5.large", pool => pool with { Purchase = PoolPurchase.SpotThenOnDemand })
            .Pending("scheduler", "cpu=1", change: pod => pod with { NodeTerms = onDemandOnly })
            .Decide();

        var burst = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
        burst.Offer.Purchase.ShouldBe(PurchaseOption.OnDemand);
    }

    [Fact]
    public void Spot_is_taken_first_and_on_demand_when_spot_is_out_of_stock()
    {
        var scene = new BurstScene()
            .Pool("mixed", "m5.large", pool => pool with { Purchase = PoolPurchase.SpotThenOnDemand })
            .Pending("worker", "cpu=1");

        Burst(scene).Offer.Purchase.ShouldBe(PurchaseOption.Spot);

        scene.StockOut(scene.Offer("mixed"), TimeSpan.FromMinutes(5));
        Burst(scene).Offer.Purchase.ShouldBe(PurchaseOption.OnDemand);
    }

    [Fact]
    public void A_gated_pod_a_daemon_and_an_expendable_pod_buy_nothing()
    {
        var plan = new BurstScene()
            .Pool("cpu", "m5.large")
            .Pending("gated", "cpu=1", change: pod => pod with { SchedulingGates = ["kueue.x-k8s.io/admission"] })
            .Pending("agent", "cpu=1", pending: pod => pod with { IsDaemon = true })
            .Pending("filler", "cpu=1", change: pod => pod with { Priority = -11 })
            .Pending("foreign", "cpu=1", change: pod => pod with { SchedulerName = "volcano" })
            .Decide();

        plan.Decisions.ShouldAllBe(decision => decision is BurstDecision.Hold);
        Reason(plan, "gated").ShouldBe(BurstReason.HeldBack);
        Reason(plan, "agent").ShouldBe(BurstReason.DaemonSetPod);
        Reason(plan, "filler").ShouldBe(BurstReason.Expendable);
        Reason(plan, "foreign").ShouldBe(BurstReason.HeldBack);
    }

    [Fact]
    public void A_placeholder_at_the_cutoff_pulls_a_node()
    {
        var plan = new BurstScene()
            .Pool("cpu", "m5.large")
            .Pending("placeholder", "cpu=1", change: pod => pod with { Priority = -10 })
            .Decide();

        plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
    }

    [Theory]
    [InlineData(BurstMode.Off, BurstReason.ModeOff)]
    [InlineData(BurstMode.Advise, BurstReason.NeedsApproval)]
    public void Modes_that_do_not_rent_say_what_they_would_do(BurstMode mode, BurstReason reason)
    {
        var scene = new BurstScene().Pool("cpu", "m5.large").Pending("job", "cpu=1");
        scene.Policy = scene.Policy with { Mode = mode };

        scene.Decide().Decisions.ShouldHaveSingleItem().Reason.ShouldBe(reason);
    }

    [Fact]
    public void An_approved_pod_is_served_where_the_policy_only_advises()
    {
        var scene = new BurstScene()
            .Pool("cpu", "m5.large")
            .Pending("job", "cpu=1", pending: pod => pod with { Approved = true });
        scene.Policy = scene.Policy with { Mode = BurstMode.Advise };

        Burst(scene).Pods.ShouldHaveSingleItem().Name.ShouldBe("job");
    }

    [Fact]
    public void A_pool_below_its_minimum_is_filled_up()
    {
        var plan = new BurstScene().Pool("cpu", "m5.large", pool => pool with { Min = 2 }).Decide();

        var burst = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
        burst.Count.ShouldBe(2);
        burst.Reason.ShouldBe(BurstReason.BelowMinimum);
    }

    [Fact]
    public void What_only_an_owned_machine_can_take_waits_for_it()
    {
        var plan = new BurstScene()
            .Machine("big", "cpu=64 memory=512Gi")
            .Pool("cpu", "m5.large")
            .Running("busy", "cpu=60", "big")
            .Pending("job", "cpu=32")
            .Decide();

        var wait = plan.Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Wait>();
        wait.Reason.ShouldBe(BurstReason.OnPremMaybe);
        wait.Until.ShouldBeNull();
        wait.Why.ShouldContain("only big could take it");
    }

    [Fact]
    public void Deciding_changes_nothing()
    {
        var scene = Inaccel()
            .Running("job-1", $"cpu=4 {Xgboost}=4", "fpga-box")
            .Pending("job-2", $"cpu=4 {Xgboost}=4");
        var first = BurstPlanText.Print(scene.Decide());

        BurstPlanText.Print(scene.Decide()).ShouldBe(first);
        scene.Model.NodeCount.ShouldBe(1);
        scene.Model.NodeOf(new PodKey("default", "job-2")).ShouldBeEmpty();
    }

    [Fact]
    public void A_daemon_takes_its_part_of_every_new_node()
    {
        var scene = new BurstScene().Pool("cpu", "m5.large m5.xlarge").Pending("job", "cpu=1900m memory=1Gi");
        Burst(scene).Offer.InstanceType.ShouldBe("m5.large");

        scene.Daemons.Add(BurstScene.Record("agent", "cpu=200m", null));

        Burst(scene).Offer.InstanceType.ShouldBe("m5.xlarge");
    }

    [Fact]
    public void A_machine_that_is_just_starting_makes_nobody_rent()
    {
        var scene = Inaccel().Pending("job-1", $"cpu=4 {Xgboost}=4");
        scene.Model.SetNode(scene.Model.Node("fpga-box")! with
        {
            Ready = false,
            CreatedAt = scene.Now - TimeSpan.FromSeconds(5),
            Taints = [new Taint("node.kubernetes.io/not-ready", "", TaintEffect.NoSchedule)],
        });

        scene.Decide().Decisions.ShouldHaveSingleItem().Reason.ShouldBe(BurstReason.NodeStarting);
        scene.Now += TimeSpan.FromMinutes(5);
        scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();
    }

    [Fact]
    public void Anti_affinity_takes_a_node_for_each_pod()
    {
        var scene = new BurstScene().Pool("cpu", "m5.2xlarge");
        var apart = new PodAffinityTerm
        {
            TopologyKey = "kubernetes.io/hostname",
            Selector = LabelSelector.ForLabels(("app", "web")),
            Namespaces = ["default"],
        };
        for (var i = 0; i < 3; i++) scene.Pending($"web-{i}", "cpu=100m", change: pod =>
            pod with { AntiAffinity = [apart] });

        Burst(scene).Count.ShouldBe(3);
    }

    private static BurstDecision.Burst Burst(BurstScene scene) =>
        scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();

    private static BurstReason Reason(BurstPlan plan, string pod) =>
        plan.Decisions.Single(decision => decision.Pods.Any(key => key.Name == pod)).Reason;

    [Fact]
    public void A_pool_that_would_do_as_well_says_that_the_file_names_another_first()
    {
        var scene = new BurstScene().Pool("one", "m5.xlarge").Pool("two", "m5.xlarge");
        for (var i = 0; i < 2; i++) scene.Pending($"job-{i}", "cpu=3 memory=1Gi");

        var burst = scene.Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Burst>();

        burst.Rejected.ShouldHaveSingleItem().Why.ShouldContain("the file names one first");
    }

    [Fact]
    public void Nothing_is_rented_for_a_pod_whose_claim_does_not_exist()
    {
        var hold = new BurstScene()
            .Pool("cpu", "m5.large")
            .Pending("job", "cpu=1", change: pod => pod with { Volumes = [new PodVolume.Claim("lost", Ephemeral: false)] })
            .Decide().Decisions.ShouldHaveSingleItem().ShouldBeOfType<BurstDecision.Hold>();

        hold.Why.ShouldContain("persistentvolumeclaim \"lost\" not found");
    }
}
