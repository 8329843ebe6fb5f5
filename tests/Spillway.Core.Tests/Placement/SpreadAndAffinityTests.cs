using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

public sealed class SpreadAndAffinityTests
{
    private static readonly (string, string) Web = ("app", "web");

    [Fact]
    public void Spread_keeps_the_skew_between_zones()
    {
        var model = ThreeZones();
        model.SetPod(WebPod("w1").On("a1"));
        var pod = Spreading(Spread(WellKnownLabels.Zone, 1, Web));

        model.SetPod(pod);
        model.FeasibleNodes(pod.Key).ShouldBe(["b1", "c1"]);
        model.SetPod(WebPod("w2").On("b1"));
        model.FeasibleNodes(pod.Key).ShouldBe(["c1"]);
        model.SetPod(WebPod("w3").On("c1"));
        model.FeasibleNodes(pod.Key).ShouldBe(["a1", "a2", "b1", "c1"]);
    }

    [Fact]
    public void Spread_leaves_out_pods_that_go_away_and_other_namespaces()
    {
        var model = ThreeZones();
        model.SetPod(WebPod("w1").On("a1") with { Terminating = true });
        model.SetPod(WebPod("w2").On("b1") with { Key = new PodKey("elsewhere", "w2") });
        var pod = Spreading(Spread(WellKnownLabels.Zone, 1, Web));

        model.SetPod(pod);
        model.FeasibleNodes(pod.Key).Count.ShouldBe(4);
    }

    [Fact]
    public void Too_few_domains_count_as_an_empty_one()
    {
        var model = ThreeZones();
        foreach (var node in new[] { "a1", "b1", "c1" }) model.SetPod(WebPod($"on-{node}").On(node));
        var pod = Spreading(Spread(WellKnownLabels.Zone, 1, Web) with { MinDomains = 4 });

        var refused = model.Refused(pod);

        refused.Message().ShouldBe("0/4 nodes are available: 4 node(s) didn't match pod topology spread constraints.");
        refused.ToSentence().ShouldContain(
            "is in topology.kubernetes.io/zone b with 1 pods of the kind where the fewest is 0, and the skew may be 1");
    }

    [Fact]
    public void Node_without_the_key_is_not_helped_by_preemption()
    {
        var model = Model(Node("a"));
        var refused = model.Refused(Spreading(Spread(WellKnownLabels.Zone, 1, Web)));

        refused.ToSchedulerMessage().ShouldBe(
            "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label)."
            + " no new claims to deallocate, preemption: 0/1 nodes are available:"
            + " 1 Preemption is not helpful for scheduling.");
    }

    [Theory]
    [InlineData(SpreadPolicy.Honor, "a")]
    [InlineData(SpreadPolicy.Ignore, "")]
    public void Nodes_the_pod_cannot_tolerate_count_only_when_taints_are_ignored(SpreadPolicy policy, string node)
    {
        var model = Model(Node("a").Zone("a"), Node("b").Zone("b").Tainted("k", "", TaintEffect.NoSchedule));
        model.SetPod(WebPod("w1").On("a"));

        var spread = Spread(WellKnownLabels.Zone, 1, Web) with { NodeTaintsPolicy = policy };

        model.PlacedOn(Spreading(spread)).ShouldBe(node);
    }

    [Fact]
    public void Soft_spread_prefers_the_emptier_zone()
    {
        var model = ThreeZones();
        model.SetPod(WebPod("w1").On("a1"));
        model.SetPod(WebPod("w2").On("b1"));

        model.PlacedOn(Spreading(Spread(WellKnownLabels.Zone, 1, Web) with { Hard = false })).ShouldBe("c1");
    }

    [Fact]
    public void Affinity_follows_its_pods_and_the_first_of_a_group_starts_anywhere()
    {
        var model = ThreeZones();
        var pod = WebPod("p").Asking(ask => ask with { Affinity = [Term(WellKnownLabels.Zone, Web)] });
        var stranger = Pod("q").Asking(ask => ask with { Affinity = [Term(WellKnownLabels.Zone, Web)] });

        model.PlacedOn(pod).ShouldBe("a1");
        model.Refused(stranger).Message().ShouldBe("0/4 nodes are available: 4 node(s) didn't match pod affinity rules.");
        model.SetPod(WebPod("w1").On("b1"));
        model.PlacedOn(pod).ShouldBe("b1");
        model.PlacedOn(stranger).ShouldBe("b1");
    }

    [Fact]
    public void Anti_affinity_works_in_both_directions()
    {
        var model = Model(Node("a").Zone("a"), Node("b").Zone("a"));
        var alone = WebPod("alone").Asking(ask => ask with { AntiAffinity = [Term(WellKnownLabels.Zone, Web)] });

        model.SetPod(WebPod("w1").On("a"));
        model.Refused(alone).Message().ShouldBe("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.");

        model.RemovePod(new PodKey("default", "w1"));
        model.SetPod(alone.On("a"));
        model.Refused(WebPod("w2")).Message().ShouldBe(
            "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.");
        model.PlacedOn(Pod("unrelated")).ShouldBe("b");
    }

    [Fact]
    public void Namespace_selector_follows_the_namespaces_labels()
    {
        var model = Model(Node("a"));
        var term = Term(WellKnownLabels.Hostname, Web) with
        {
            Namespaces = [],
            NamespaceSelector = LabelSelector.ForLabels(("team", "blue")),
        };
        model.SetPod(WebPod("w1").On("a") with { Key = new PodKey("blue", "w1") });
        var pod = Pod("p").Asking(ask => ask with { AntiAffinity = [term] });

        model.PlacedOn(pod).ShouldBe("a");
        model.SetNamespace("blue", LabelMap.Of(("team", "blue")));
        model.PlacedOn(pod).ShouldBe("");
        model.SetNamespace("blue", LabelMap.Of(("team", "red")));
        model.PlacedOn(pod).ShouldBe("a");
    }

    [Fact]
    public void Preferences_of_both_sides_move_the_score()
    {
        var near = new WeightedPodAffinityTerm(10, Term(WellKnownLabels.Zone, Web));
        var model = ThreeZones();
        model.SetPod(WebPod("w1").On("b1"));

        model.PlacedOn(Pod("p").Asking(ask => ask with { PreferredAffinity = [near] })).ShouldBe("b1");
        model.PlacedOn(Pod("p").Asking(ask => ask with { PreferredAntiAffinity = [near] })).ShouldBe("a1");

        var shy = Pod("shy").Asking(ask => ask with { PreferredAntiAffinity = [near] }).On("a1");
        model.SetPod(shy);
        model.PlacedOn(WebPod("w2")).ShouldBe("c1");
    }

    private static PlacementModel ThreeZones() => Model(
        Node("a1").Zone("a"), Node("a2").Zone("a"), Node("b1").Zone("b"), Node("c1").Zone("c"));

    private static PodRecord WebPod(string name) => Pod(name).Labeled(Web);

    private static PodRecord Spreading(SpreadConstraint constraint) =>
        WebPod("p").Asking(ask => ask with { Spread = [constraint] });
}
