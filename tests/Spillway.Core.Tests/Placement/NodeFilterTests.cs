using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class NodeFilterTests
{
    [Fact]
    public void Cordoned_node_takes_only_pods_that_tolerate_the_cordon()
    {
        var model = Model(Node("a") with { Unschedulable = true });

        model.Refused(Pod("p")).Message().ShouldBe("0/1 nodes are available: 1 node(s) were unschedulable.");
        model.PlacedOn(Pod("p").Asking(ask => ask with
        {
            Tolerations = [Exists(WellKnownLabels.UnschedulableTaint, TaintEffect.NoSchedule)],
        })).ShouldBe("a");
    }

    public static TheoryData<string, Toleration?, TaintEffect, bool> Tolerations => new()
    {
        { "no toleration", null, TaintEffect.NoSchedule, false },
        { "no toleration of NoExecute", null, TaintEffect.NoExecute, false },
        { "a preference does not keep off", null, TaintEffect.PreferNoSchedule, true },
        { "equal", Equal("v", TaintEffect.NoSchedule), TaintEffect.NoSchedule, true },
        { "other value", Equal("w", TaintEffect.NoSchedule), TaintEffect.NoSchedule, false },
        { "other effect", Equal("v", TaintEffect.NoExecute), TaintEffect.NoSchedule, false },
        { "any effect", Equal("v", null), TaintEffect.NoExecute, true },
        { "exists", Exists("k", TaintEffect.NoSchedule), TaintEffect.NoSchedule, true },
        { "everything", Exists("", null), TaintEffect.NoSchedule, true },
        { "other key", Exists("j", null), TaintEffect.NoSchedule, false },
        { "no numbers", new Toleration("k", TolerationOperator.Gt, "0", null), TaintEffect.NoSchedule, false },
    };

    [Theory, MemberData(nameof(Tolerations))]
    public void Taints_keep_off_what_does_not_tolerate_them(
        string why, Toleration? toleration, TaintEffect effect, bool fits)
    {
        var model = Model(Node("a").Tainted("k", "v", effect));
        var pod = Pod("p").Asking(ask => ask with { Tolerations = toleration is null ? [] : [toleration] });

        (model.PlacedOn(pod) == "a").ShouldBe(fits, why);
        if (fits) return;
        var refused = model.Refused(pod);
        refused.Message().ShouldBe("0/1 nodes are available: 1 node(s) had untolerated taint(s).");
        refused.ToSentence().ShouldContain($"a has the taint k=v:{effect}, which the pod does not tolerate");
    }

    public static TheoryData<SelectorOperator, string[], bool> Operators => new()
    {
        { SelectorOperator.In, ["x", "5"], true },
        { SelectorOperator.In, ["x"], false },
        { SelectorOperator.NotIn, ["x"], true },
        { SelectorOperator.NotIn, ["5"], false },
        { SelectorOperator.Exists, [], true },
        { SelectorOperator.DoesNotExist, [], false },
        { SelectorOperator.Gt, ["4"], true },
        { SelectorOperator.Gt, ["5"], false },
        { SelectorOperator.Lt, ["6"], true },
        { SelectorOperator.Lt, ["5"], false },
        { SelectorOperator.Gt, ["no number"], false },
    };

    [Theory, MemberData(nameof(Operators))]
    public void Node_affinity_knows_all_operators(SelectorOperator operation, string[] values, bool fits)
    {
        var model = Model(Node("a").Labeled(("n", "5")));
        var pod = WithTerms(new NodeSelectorTerm([new LabelRequirement("n", operation, [.. values])], []));

        (model.PlacedOn(pod) == "a").ShouldBe(fits);
    }

    [Theory]
    [InlineData(SelectorOperator.NotIn, true)]
    [InlineData(SelectorOperator.DoesNotExist, true)]
    [InlineData(SelectorOperator.In, false)]
    [InlineData(SelectorOperator.Exists, false)]
    public void Absent_label_satisfies_only_the_negations(SelectorOperator operation, bool fits)
    {
        var model = Model(Node("a"));
        var pod = WithTerms(new NodeSelectorTerm([new LabelRequirement("n", operation, ["5"])], []));

        (model.PlacedOn(pod) == "a").ShouldBe(fits);
    }

    [Fact]
    public void Terms_are_alternatives_and_an_empty_term_or_list_matches_no_node()
    {
        var model = Model(Node("a"), Node("b"));
        var a = new NodeSelectorTerm([], [new LabelRequirement("metadata.name", SelectorOperator.In, ["b"])]);
        var none = new NodeSelectorTerm([new LabelRequirement("x", SelectorOperator.Exists, [])], []);

        model.PlacedOn(WithTerms(none, a)).ShouldBe("b");
        model.PlacedOn(WithTerms(new NodeSelectorTerm([], []))).ShouldBe("");
        model.Refused(WithTerms()).Message().ShouldBe(
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
    }

    [Fact]
    public void Node_selector_and_affinity_must_both_hold()
    {
        var model = Model(Node("a").Labeled(("disk", "ssd")), Node("b").Labeled(("disk", "ssd"), ("gpu", "yes")));
        var pod = WithTerms(new NodeSelectorTerm([new LabelRequirement("gpu", SelectorOperator.Exists, [])], []))
            .Asking(ask => ask with { NodeSelector = LabelMap.Of(("disk", "ssd")) });

        model.PlacedOn(pod).ShouldBe("b");
        model.PlacedOn(pod.Asking(ask => ask with { NodeSelector = LabelMap.Of(("disk", "hdd")) })).ShouldBe("");
    }

    [Fact]
    public void Every_short_resource_is_named_with_its_numbers()
    {
        var model = Model(Node("fpga-box", "32", "128Gi", ("accelerators.spillway.dev/x", "4")));
        model.SetPod(Pod("first", extra: ("accelerators.spillway.dev/x", "4")).On("fpga-box"));

        var refused = model.Refused(Pod("p", "64", extra: ("accelerators.spillway.dev/x", "8")));

        refused.Message().ShouldBe(
            "0/1 nodes are available: 1 Insufficient accelerators.spillway.dev/x, 1 Insufficient cpu.");
        refused.ToSentence().ShouldContain("Needs 8 accelerators.spillway.dev/x, fpga-box has 4 in all, 0 free");
        refused.Preemption.ShouldBe("0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
    }

    [Fact]
    public void What_is_not_requested_is_not_looked_at()
    {
        var model = Model(Node("a", "1"), Pod("big", "4").On("a"));

        model.PlacedOn(Pod("p", "0", "0")).ShouldBe("a");
        model.PlacedOn(Pod("p", "1m", "0")).ShouldBe("");
    }

    [Fact]
    public void Pods_are_counted_and_finished_ones_are_not()
    {
        var node = Node("a");
        var model = Model(node with { Allocatable = node.Allocatable.With("pods", 2) });
        model.SetPod(Pod("one").On("a"));
        model.SetPod(Pod("two").On("a"));

        model.Refused(Pod("p")).Message().ShouldBe("0/1 nodes are available: 1 Too many pods.");
        model.SetPod(Pod("two").On("a") with { Phase = PodPhase.Succeeded });
        model.PlacedOn(Pod("p")).ShouldBe("a");
    }

    [Theory]
    [InlineData(80, "TCP", "", true)]
    [InlineData(8080, "TCP", "", false)]
    [InlineData(8080, "UDP", "", true)]
    [InlineData(8080, "TCP", "10.0.0.2", true)]
    [InlineData(8080, "TCP", "10.0.0.1", false)]
    [InlineData(8080, "TCP", "0.0.0.0", false)]
    public void Host_ports_conflict_on_port_protocol_and_address(int port, string protocol, string address, bool fits)
    {
        var model = Model(Node("a"), Ports("taken", new HostPort(8080, "TCP", "10.0.0.1")).On("a"));
        var pod = Ports("p", new HostPort(port, protocol, address));

        (model.PlacedOn(pod) == "a").ShouldBe(fits);
        if (!fits)
        {
            model.Refused(pod).Message().ShouldBe(
                "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
        }
    }

    [Fact]
    public void Different_reasons_are_counted_and_sorted_as_the_scheduler_prints_them()
    {
        var model = Model(
            Node("a", "1"), Node("b", "1"), Node("c").Tainted("k", "", TaintEffect.NoSchedule), Node("d").Zone("z"));
        var zoneless = new LabelRequirement(WellKnownLabels.Zone, SelectorOperator.DoesNotExist, []);
        var pod = Pod("p", "2").Asking(ask => ask with
        {
            NodeTerms = [new NodeSelectorTerm([zoneless], [])],
        });

        model.Refused(pod).ToSchedulerMessage().ShouldBe(
            "0/4 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s),"
            + " 2 Insufficient cpu. no new claims to deallocate, preemption: 0/4 nodes are available:"
            + " 4 Preemption is not helpful for scheduling.");
        Model().Refused(pod).ToSchedulerMessage().ShouldBe("no nodes available to schedule pods");
    }

    [Fact]
    public void Gates_other_schedulers_and_bound_pods_wait_with_their_reason()
    {
        var model = Model(Node("a"));

        model.Try(Pod("p").Asking(ask => ask with { SchedulingGates = ["example.com/quota"] }))
            .ShouldBe(new PlacementOutcome.Waits(
                WaitReason.Gate, "Waits for its scheduling gates to be lifted: example.com/quota."));
        model.Try(Pod("p").Asking(ask => ask with { SchedulerName = "volcano" }))
            .ShouldBeOfType<PlacementOutcome.Waits>().Reason.ShouldBe(WaitReason.OtherScheduler);
        model.Try(Pod("p").On("a")).ShouldBeOfType<PlacementOutcome.Waits>().Reason.ShouldBe(WaitReason.NothingToDo);
    }

    private static Toleration Equal(string value, TaintEffect? effect) =>
        new("k", TolerationOperator.Equal, value, effect);

    private static Toleration Exists(string key, TaintEffect? effect) =>
        new(key, TolerationOperator.Exists, "", effect);

    private static PodRecord WithTerms(params NodeSelectorTerm[] terms) =>
        Pod("p").Asking(ask => ask with { NodeTerms = [.. terms] });

    private static PodRecord Ports(string name, HostPort port) =>
        Pod(name).Asking(ask => ask with { HostPorts = [port] });
}
