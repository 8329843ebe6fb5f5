using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class ScoringTests
{
    private const string Gpu = "nvidia.com/gpu";

    [Fact]
    public void Default_scores_are_those_of_the_default_profile()
    {
        // Worked by hand: least allocated (75 + 75) / 2, balance of equal shares 100.
        Score(Model(Node("a", "4", "4Gi")), Pod("p", "1", "1Gi")).ShouldBe(175);

        // Least allocated (50 + 75) / 2 = 62; balance of shares 0.5 and 0.25: deviation 0.125, so 87.
        Score(Model(Node("a", "4", "4Gi")), Pod("p", "2", "1Gi")).ShouldBe(62 + 87);
    }

    [Fact]
    public void Pods_without_requests_count_for_scoring_and_take_no_part_in_balance()
    {
        var model = Model(Node("a", "1", "2000Mi"), Node("b", "1", "2000Mi"));
        var nothing = PodReader.Read("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}"""u8);

        // (1000 - 100) / 1000 and (2000 - 200) / 2000.
        Score(model, nothing).ShouldBe(90);
        model.SetPod(nothing.On("a"));
        model.PlacedOn(nothing with { Key = new PodKey("default", "q") }).ShouldBe("b");
    }

    [Fact]
    public void Soft_taints_and_node_preferences_weigh_three_and_two()
    {
        var model = Model(Node("a").Tainted("soft", "", TaintEffect.PreferNoSchedule), Node("b"));
        var wantsA = Pod("p").Asking(ask => ask with
        {
            PreferredNodeTerms = [new PreferredNodeTerm(1, new NodeSelectorTerm(
                [], [new LabelRequirement("metadata.name", SelectorOperator.In, ["a"])]))],
        });

        model.PlacedOn(Pod("p")).ShouldBe("b");
        model.PlacedOn(wantsA).ShouldBe("b");
        Model(Node("a"), Node("0")).PlacedOn(wantsA).ShouldBe("a");
    }

    [Fact]
    public void Ties_go_to_the_first_name_whatever_the_order_of_arrival()
    {
        Model(Node("b"), Node("a"), Node("c")).PlacedOn(Pod("p")).ShouldBe("a");
        Model(Node("c"), Node("a"), Node("b")).PlacedOn(Pod("p")).ShouldBe("a");
    }

    [Fact]
    public void Own_machines_come_before_rented_ones_even_when_fuller()
    {
        var model = Spillway(Node("own"), Rented("a-rented"));
        model.SetPod(Pod("busy", "3").On("own"));

        model.PlacedOn(Pod("p", "500m")).ShouldBe("own");
        model.PlacedOn(Pod("p", "2")).ShouldBe("a-rented");
    }

    [Fact]
    public void Scarce_devices_are_left_to_those_who_ask()
    {
        var model = Spillway(Node("box", "32", "128Gi", (Gpu, "4")), Node("plain", "4"));
        model.SetPod(Pod("busy", "3").On("plain"));

        model.PlacedOn(Pod("p", "1")).ShouldBe("plain");
        model.PlacedOn(Pod("p", "1", extra: (Gpu, "1"))).ShouldBe("box");
        model.PlacedOn(Pod("p", "2")).ShouldBe("box");
    }

    [Fact]
    public void Least_versatile_device_node_that_serves_is_taken()
    {
        var model = Spillway(
            Node("both", "8", "32Gi", ("fpga/u250", "1"), ("accelerators.spillway.dev/x", "4")),
            Node("rich", "8", "32Gi", ("fpga/u280", "1"), (Gpu, "2"), ("accelerators.spillway.dev/x", "4")),
            Rented("f1", ("accelerators.spillway.dev/x", "4")));

        model.PlacedOn(Pod("p", extra: ("accelerators.spillway.dev/x", "4"))).ShouldBe("both");
    }

    [Fact]
    public void Rented_nodes_are_packed_full_and_own_ones_spread()
    {
        var rented = Spillway(Rented("a"), Rented("b"));
        rented.SetPod(Pod("busy", "1").On("b"));
        rented.PlacedOn(Pod("p", "1")).ShouldBe("b");

        var own = Spillway(Node("a"), Node("b"));
        own.SetPod(Pod("busy", "1").On("a"));
        own.PlacedOn(Pod("p", "1")).ShouldBe("b");
    }

    [Fact]
    public void Why_here_names_the_devices_and_the_pool()
    {
        var model = Spillway(Node("fpga-box", "8", "32Gi", ("accelerators.spillway.dev/x", "4")), Rented("f1-abcde"));
        var pod = Pod("p", extra: ("accelerators.spillway.dev/x", "4"));
        model.SetPod(pod);

        model.WhyHere(pod.Key, "fpga-box").ShouldBe("on-prem first: fpga-box has 4 accelerators.spillway.dev/x free");
        model.Assume(pod.Key, "fpga-box");
        model.WhyHere(pod.Key, "fpga-box").ShouldBe("on-prem first: fpga-box has 4 accelerators.spillway.dev/x free");
        model.WhyHere(pod.Key, "f1-abcde").ShouldStartWith("rented: no machine of our own takes it, and f1-abcde of pool f1");
    }

    private static PlacementModel Spillway(params NodeRecord[] nodes) =>
        Model(PlacementPolicy.Spillway, [.. nodes.Cast<object>()]);

    private static NodeRecord Rented(string name, params (string, string)[] extra) =>
        Node(name, "4", "16Gi", extra).Labeled((WellKnownLabels.Pool, "f1"));

    private static long Score(PlacementModel model, PodRecord pod) =>
        model.Try(pod).ShouldBeOfType<PlacementOutcome.Placed>().Score;
}
