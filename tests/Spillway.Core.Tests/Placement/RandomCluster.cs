using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement;

/// <summary>Small clusters full of constraints that meet, drawn from a seed.</summary>
internal sealed class RandomCluster(int seed)
{
    private static readonly string[] Apps = ["a", "b", "c"];
    private static readonly string[] Zones = ["z1", "z2", "z3"];
    private static readonly string[] Namespaces = ["default", "other", "third"];
    private static readonly string[] Topologies = [WellKnownLabels.Zone, WellKnownLabels.Hostname, "rack"];

    private readonly Random random = new(seed);
    private int names;

    public static Dictionary<string, LabelMap> NamespaceLabels { get; } = new()
    {
        ["default"] = LabelMap.Of(("team", "red")),
        ["other"] = LabelMap.Of(("team", "blue")),
    };

    public int Next(int below) => random.Next(below);

    public NodeRecord Node(string name)
    {
        var node = TestPods.Node(name, Pick("1", "2", "4"), Pick("1Gi", "4Gi"));
        if (Chance(20)) node = node with { Labels = LabelMap.Empty };
        if (Chance(80)) node = node.Zone(Pick(Zones));
        if (Chance(50)) node = node.Labeled(("rack", Pick("1", "2")));
        if (Chance(50)) node = node.Labeled(("disk", Pick("ssd", "hdd")));
        if (Chance(15))
            node = node.Tainted("dedicated", Pick("x", "y"), Pick(TaintEffect.NoSchedule, TaintEffect.NoExecute));
        if (Chance(15)) node = node.Tainted("soft", "", TaintEffect.PreferNoSchedule);
        if (Chance(30)) node = node with { Allocatable = node.Allocatable.With("example.com/gpu", random.Next(1, 4)) };
        if (Chance(10)) node = node with { Allocatable = node.Allocatable.With("pods", random.Next(0, 3)) };
        return Chance(8) ? node with { Unschedulable = true } : node;
    }

    public PodRecord Pod(string? name = null)
    {
        var pod = TestPods.Pod(name ?? $"p{names++}", Pick("0", "100m", "500m", "1"), Pick("0", "64Mi", "512Mi"));
        pod = pod with { Key = pod.Key with { Namespace = Pick(Namespaces) } };
        if (Chance(80)) pod = pod.Labeled(("app", Pick(Apps)), ("tier", Pick("1", "2")));
        if (Chance(15))
            pod = pod.Asking(ask => ask with { Requests = ask.Requests.With("example.com/gpu", random.Next(1, 3)) });
        if (Chance(15)) pod = pod.Asking(ask => ask with { NodeSelector = LabelMap.Of(("disk", Pick("ssd", "hdd"))) });
        if (Chance(15)) pod = pod.Asking(ask => ask with { NodeTerms = [Term(), Term()] });
        if (Chance(25)) pod = pod.Asking(ask => ask with { Tolerations = [Toleration()] });
        if (Chance(10)) pod = pod.Asking(ask => ask with { HostPorts = [Port()] });
        if (Chance(30)) pod = pod.Asking(ask => ask with { Spread = [.. Several(() => SpreadOver())] });
        if (Chance(20)) pod = pod.Asking(ask => ask with { Affinity = [.. Several(() => AffinityTerm(pod))] });
        if (Chance(20)) pod = pod.Asking(ask => ask with { AntiAffinity = [.. Several(() => AffinityTerm(pod))] });
        if (Chance(15))
        {
            var preferred = new WeightedPodAffinityTerm(5, AffinityTerm(pod));
            pod = pod.Asking(ask => ask with { PreferredAffinity = [preferred] });
        }
        if (Chance(10)) pod = pod.Priority(random.Next(-1, 3));
        return pod;
    }

    /// <summary>A pod that asks for resources only, as most do.</summary>
    public PodRecord Plain()
    {
        var pod = TestPods.Pod($"p{names++}", Pick("0", "100m", "500m"), Pick("0", "64Mi", "512Mi"));
        return Chance(30) ? pod.Asking(ask => ask with { Requests = ask.Requests.With("example.com/gpu", 1) }) : pod;
    }

    /// <summary>A pod that is bound somewhere, rightly or not: kubelets and users bind as they like.</summary>
    public PodRecord Bound(IReadOnlyList<NodeRecord> nodes)
    {
        var pod = Pod() with { NodeName = Chance(5) ? "gone" : nodes[random.Next(nodes.Count)].Name };
        pod = pod with { Phase = Chance(10) ? PodPhase.Succeeded : PodPhase.Running };
        return Chance(10) ? pod with { Terminating = true } : pod;
    }

    public T Pick<T>(params T[] items) => items[random.Next(items.Length)];

    public bool Chance(int percent) => random.Next(100) < percent;

    private IEnumerable<T> Several<T>(Func<T> make) =>
        Enumerable.Range(0, random.Next(1, 3)).Select(_ => make()).ToArray();

    private HostPort Port() => new(random.Next(80, 82), "TCP", Pick("", "10.0.0.1"));

    private Toleration Toleration() => Pick(
        new Toleration("dedicated", TolerationOperator.Equal, "x", TaintEffect.NoSchedule),
        new Toleration("dedicated", TolerationOperator.Exists, "", null),
        new Toleration("", TolerationOperator.Exists, "", null));

    private NodeSelectorTerm Term() => Pick(
        new NodeSelectorTerm(
            [new LabelRequirement("disk", Pick(SelectorOperator.In, SelectorOperator.NotIn), ["ssd"])], []),
        new NodeSelectorTerm([new LabelRequirement("rack", Pick(SelectorOperator.Gt, SelectorOperator.Lt), ["1"])], []),
        new NodeSelectorTerm([new LabelRequirement("disk", SelectorOperator.Exists, [])],
            [new LabelRequirement("metadata.name", Pick(SelectorOperator.In, SelectorOperator.NotIn), ["n1"])]),
        new NodeSelectorTerm([new LabelRequirement("rack", SelectorOperator.DoesNotExist, [])], []),
        new NodeSelectorTerm([], []));

    private LabelSelector Selector() => Pick(
        LabelSelector.ForLabels(("app", Pick(Apps))),
        LabelSelector.ForLabels(("app", Pick(Apps)), ("tier", "1")),
        new LabelSelector([new LabelRequirement("app", SelectorOperator.NotIn, ["a"])]),
        new LabelSelector([new LabelRequirement("tier", SelectorOperator.Exists, [])]),
        LabelSelector.Everything,
        LabelSelector.Nothing);

    private SpreadConstraint SpreadOver() => Spread(Pick(Topologies), random.Next(1, 3)) with
    {
        Selector = Selector(),
        Hard = Chance(75),
        MinDomains = Chance(20) ? 3 : 1,
        NodeAffinityPolicy = Pick(SpreadPolicy.Honor, SpreadPolicy.Ignore),
        NodeTaintsPolicy = Pick(SpreadPolicy.Honor, SpreadPolicy.Ignore),
    };

    private PodAffinityTerm AffinityTerm(PodRecord pod) => new()
    {
        TopologyKey = Pick(Topologies),
        Selector = Selector(),
        Namespaces = Chance(70) ? [pod.Key.Namespace] : [Pick(Namespaces), Pick(Namespaces)],
        NamespaceSelector = Chance(20)
            ? Pick(LabelSelector.ForLabels(("team", "blue")), LabelSelector.Everything)
            : null,
    };
}
