using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Placement;

/// <summary>Short ways to write pods and nodes in tests.</summary>
internal static class TestPods
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static PodRecord Pod(
        string name, string cpu = "100m", string memory = "128Mi", params (string, string)[] extra)
    {
        var requests = ResourceAmounts.Of([("cpu", cpu), ("memory", memory), .. extra]);
        return new PodRecord
        {
            Key = new PodKey("default", name),
            Uid = name,
            CreatedAt = Start,
            Requirements = new PodRequirements
            {
                Requests = requests,
                ScoringCpuMillis = requests.CpuMillis,
                ScoringMemoryBytes = requests.MemoryBytes,
            },
        };
    }

    public static PodRecord Labeled(this PodRecord pod, params (string, string)[] labels) =>
        pod with { Labels = LabelMap.Of(labels) };

    public static PodRecord Asking(this PodRecord pod, Func<PodRequirements, PodRequirements> change) =>
        pod with { Requirements = change(pod.Requirements) };

    public static PodRecord On(this PodRecord pod, string node) =>
        pod with { NodeName = node, Phase = PodPhase.Running, StartedAt = Start };

    public static PodRecord Priority(this PodRecord pod, int priority) =>
        pod.Asking(requirements => requirements with { Priority = priority });

    public static NodeRecord Node(
        string name, string cpu = "4", string memory = "16Gi", params (string, string)[] extra)
    {
        var amounts = ResourceAmounts.Of([("cpu", cpu), ("memory", memory), ("pods", "110"), .. extra]);
        return new NodeRecord
        {
            Name = name,
            Labels = LabelMap.Of((WellKnownLabels.Hostname, name)),
            Allocatable = amounts,
            Capacity = amounts,
        };
    }

    public static NodeRecord Labeled(this NodeRecord node, params (string Key, string Value)[] labels) => node with
    {
        Labels = LabelMap.From(
            [.. node.Labels, .. labels.Select(label => KeyValuePair.Create(label.Key, label.Value))]),
    };

    public static NodeRecord Zone(this NodeRecord node, string zone) => node.Labeled((WellKnownLabels.Zone, zone));

    public static NodeRecord Tainted(this NodeRecord node, string key, string value, TaintEffect effect) =>
        node with { Taints = [.. node.Taints, new Taint(key, value, effect)] };

    public static PlacementModel Model(params object[] items) => Model(PlacementPolicy.KubeScheduler, items);

    public static PlacementModel Model(PlacementPolicy policy, params object[] items)
    {
        var model = new PlacementModel(new PlacementOptions { Policy = policy });
        foreach (var item in items)
        {
            if (item is NodeRecord node) model.SetNode(node);
            else model.SetPod((PodRecord)item);
        }
        return model;
    }

    public static PlacementOutcome Try(this PlacementModel model, PodRecord pod)
    {
        using var tried = model.BeginWhatIf();
        model.SetPod(pod);
        return model.Place(pod.Key);
    }

    public static string PlacedOn(this PlacementModel model, PodRecord pod) =>
        model.Try(pod) is PlacementOutcome.Placed placed ? placed.Node : "";

    public static PlacementExplanation Refused(this PlacementModel model, PodRecord pod) =>
        model.Try(pod).ShouldBeOfType<PlacementOutcome.Unplaceable>().Explanation;

    /// <summary>The message without what preemption adds.</summary>
    public static string Message(this PlacementExplanation explanation) =>
        (explanation with { Preemption = "" }).ToSchedulerMessage();

    public static PodAffinityTerm Term(string topologyKey, params (string, string)[] labels) => new()
    {
        TopologyKey = topologyKey,
        Selector = LabelSelector.ForLabels(labels),
        Namespaces = ["default"],
    };

    public static SpreadConstraint Spread(string topologyKey, int maxSkew, params (string, string)[] labels) => new()
    {
        TopologyKey = topologyKey,
        MaxSkew = maxSkew,
        Selector = LabelSelector.ForLabels(labels),
    };
}
