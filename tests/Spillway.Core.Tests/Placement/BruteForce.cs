using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Placement;

/// <summary>
/// The scheduler's rules once more, in the plainest possible way and from the records alone: every question walks over
/// all nodes and pods. It shares no code with the engine that it judges.
/// </summary>
internal sealed class BruteForce(
    IReadOnlyList<NodeRecord> nodes, IReadOnlyList<PodRecord> pods, Dictionary<string, LabelMap> namespaces)
{
    private PodRecord[] Placed => [.. pods.Where(pod => pod.NodeName != "" && !IsFinished(pod))];

    public string[] Feasible(PodRecord pod) =>
        [.. nodes.Where(node => Fits(pod, node)).Select(node => node.Name).Order(StringComparer.Ordinal)];

    public bool Fits(PodRecord pod, NodeRecord node) =>
        LabelsAllow(pod, node) && RoomFor(pod, node) && PortsAllow(pod, node)
        && pod.Requirements.Spread.Where(spread => spread.Hard).All(spread => SpreadAllows(pod, node, spread))
        && AffinityAllows(pod, node) && AntiAffinityAllows(pod, node) && OthersAllow(pod, node);

    public static bool IsFinished(PodRecord pod) => pod.Phase is PodPhase.Succeeded or PodPhase.Failed;

    public IEnumerable<string> OverCapacity()
    {
        foreach (var node in nodes)
        {
            var on = Placed.Where(pod => pod.NodeName == node.Name).ToArray();
            if (on.Length > Amount(node, "pods")) yield return $"{node.Name} pods";
            foreach (var name in on.SelectMany(pod => pod.Requirements.Requests.Select(item => item.Key)).Distinct())
            {
                if (on.Sum(pod => Request(pod, name)) > Amount(node, name)) yield return $"{node.Name} {name}";
            }
        }
    }

    private static long Amount(NodeRecord node, string name) =>
        node.Allocatable.Where(item => item.Key == name).Select(item => item.Value).FirstOrDefault();

    private static long Request(PodRecord pod, string name) =>
        pod.Requirements.Requests.Where(item => item.Key == name).Select(item => item.Value).FirstOrDefault();

    private static string? Label(NodeRecord node, string key) => Value(node.Labels, key);

    private static string? Value(LabelMap labels, string key) =>
        labels.Where(label => label.Key == key).Select(label => label.Value).FirstOrDefault();

    private bool RoomFor(PodRecord pod, NodeRecord node)
    {
        var on = Placed.Where(other => other.NodeName == node.Name).ToArray();
        if (on.Length + 1 > Amount(node, "pods")) return false;
        return pod.Requirements.Requests.All(item => item.Value == 0
            || on.Sum(other => Request(other, item.Key)) + item.Value <= Amount(node, item.Key));
    }

    private static bool LabelsAllow(PodRecord pod, NodeRecord node) =>
        (!node.Unschedulable
            || Tolerated(pod, new Taint("node.kubernetes.io/unschedulable", "", TaintEffect.NoSchedule)))
        && TaintsAllow(pod, node) && AffinityToNodeAllows(pod, node);

    private static bool TaintsAllow(PodRecord pod, NodeRecord node) => node.Taints
        .Where(taint => taint.Effect is TaintEffect.NoSchedule or TaintEffect.NoExecute)
        .All(taint => Tolerated(pod, taint));

    private static bool Tolerated(PodRecord pod, Taint taint) => pod.Requirements.Tolerations.Any(toleration =>
        (toleration.Effect == null || toleration.Effect == taint.Effect)
        && (toleration.Operator == TolerationOperator.Exists
            ? toleration.Key is "" || toleration.Key == taint.Key
            : toleration.Key == taint.Key && toleration.Value == taint.Value));

    private static bool AffinityToNodeAllows(PodRecord pod, NodeRecord node) =>
        pod.Requirements.NodeSelector.All(wanted => Label(node, wanted.Key) == wanted.Value)
        && (pod.Requirements.NodeTerms is null || pod.Requirements.NodeTerms.Any(term =>
            (term.Expressions.Count > 0 || term.Fields.Count > 0)
            && term.Expressions.All(expression => Holds(expression, Label(node, expression.Key)))
            && term.Fields.All(field => Holds(field, node.Name))));

    private static bool Holds(LabelRequirement requirement, string? value) => requirement.Operator switch
    {
        SelectorOperator.In => value != null && requirement.Values.Any(wanted => wanted == value),
        SelectorOperator.NotIn => value == null || requirement.Values.All(wanted => wanted != value),
        SelectorOperator.Exists => value != null,
        SelectorOperator.DoesNotExist => value == null,
        SelectorOperator.Gt => int.TryParse(value, out var actual) && actual > int.Parse(requirement.Values[0]),
        _ => int.TryParse(value, out var actual) && actual < int.Parse(requirement.Values[0]),
    };

    private static bool Selects(LabelSelector selector, LabelMap labels) => !selector.MatchesNothing
        && selector.Requirements.All(requirement => Holds(requirement, Value(labels, requirement.Key)));

    private bool PortsAllow(PodRecord pod, NodeRecord node) => !Placed
        .Where(other => other.NodeName == node.Name)
        .SelectMany(other => other.Requirements.HostPorts)
        .Any(taken => pod.Requirements.HostPorts.Any(port => port.Port == taken.Port && port.Protocol == taken.Protocol
            && (port.Address == taken.Address || port.Address is "" or "0.0.0.0" || taken.Address is "" or "0.0.0.0")));

    private bool SpreadAllows(PodRecord pod, NodeRecord node, SpreadConstraint spread)
    {
        if (Label(node, spread.TopologyKey) is not { } here) return false;
        var keys = pod.Requirements.Spread.Where(other => other.Hard).Select(other => other.TopologyKey).ToArray();
        var counted = nodes.Where(other => keys.All(key => Label(other, key) != null)
            && (spread.NodeAffinityPolicy == SpreadPolicy.Ignore || AffinityToNodeAllows(pod, other))
            && (spread.NodeTaintsPolicy == SpreadPolicy.Ignore || TaintsAllow(pod, other))).ToArray();
        var domains = counted.Select(other => Label(other, spread.TopologyKey)!).Distinct().ToArray();
        int Count(string domain) => Placed.Count(other => other.Key.Namespace == pod.Key.Namespace && !other.Terminating
            && Selects(spread.Selector, other.Labels)
            && counted.Any(at => at.Name == other.NodeName && Label(at, spread.TopologyKey) == domain));
        var least = domains.Length < spread.MinDomains || domains.Length == 0 ? 0 : domains.Min(Count);
        var self = Selects(spread.Selector, pod.Labels) ? 1 : 0;
        return Count(here) + self - least <= spread.MaxSkew;
    }

    private bool TermSelects(PodAffinityTerm term, PodRecord pod) => Selects(term.Selector, pod.Labels)
        && (term.Namespaces.Any(name => name == pod.Key.Namespace)
            || (term.NamespaceSelector is { } selector
                && Selects(selector, namespaces.GetValueOrDefault(pod.Key.Namespace) ?? LabelMap.Of())));

    private IEnumerable<PodRecord> Near(NodeRecord node, string topologyKey) => Label(node, topologyKey) is not { } here
        ? []
        : Placed.Where(pod => nodes.Any(other => other.Name == pod.NodeName && Label(other, topologyKey) == here));

    private bool AffinityAllows(PodRecord pod, NodeRecord node)
    {
        var terms = pod.Requirements.Affinity.ToArray();
        if (terms.Length == 0) return true;
        if (terms.Any(term => Label(node, term.TopologyKey) == null)) return false;
        bool Selected(PodRecord other) => terms.All(term => TermSelects(term, other));
        if (terms.All(term => Near(node, term.TopologyKey).Any(Selected))) return true;
        var anywhere = Placed.Any(other => Selected(other) && nodes.Any(
            at => at.Name == other.NodeName && terms.Any(term => Label(at, term.TopologyKey) != null)));
        return !anywhere && Selected(pod);
    }

    private bool AntiAffinityAllows(PodRecord pod, NodeRecord node) => pod.Requirements.AntiAffinity.All(
        term => !Near(node, term.TopologyKey).Any(other => TermSelects(term, other)));

    private bool OthersAllow(PodRecord pod, NodeRecord node) => !Placed.Any(
        other => other.Requirements.AntiAffinity.Any(
            term => TermSelects(term, pod) && Near(node, term.TopologyKey).Contains(other)));
}
