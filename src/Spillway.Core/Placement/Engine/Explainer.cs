using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Engine;

/// <summary>Says for every node why it does not take a pod, and puts equal answers together.</summary>
internal sealed class Explainer(ModelState state, NodeChecks checks)
{
    private readonly NodeTable nodes = state.Nodes;

    /// <param name="pod">The pod that fits nowhere.</param>
    /// <param name="resolvable">Gets the slots, in node order, that removing pods could help.</param>
    public PlacementExplanation Explain(PodEntry pod, List<int> resolvable)
    {
        if (state.Volumes.BeforeNodes(pod) is { } before)
            return new PlacementExplanation { NodeCount = nodes.Count, Reasons = [], BeforeNodes = before };
        var found = new Findings();
        foreach (var slot in nodes.Order.Slots)
        {
            if (RefusalBesideNominated(pod, slot, found)) resolvable.Add(slot);
        }
        return new PlacementExplanation { NodeCount = nodes.Count, Reasons = found.ToReasons() };
    }

    /// <summary>The scheduler's words for why one node does not take the pod as things stand.</summary>
    public IEnumerable<string> Texts(PodEntry pod, int slot)
    {
        var found = new Findings();
        Refusal(pod, slot, found);
        return found.ToReasons().Select(reason => reason.SchedulerText);
    }

    /// <summary>A node that would take the pod may be promised to others by preemption; then they count as being there.</summary>
    private bool RefusalBesideNominated(PodEntry pod, int slot, Findings found)
    {
        if (nodes.Nominated[slot] is null || !checks.Fits(pod, slot)) return Refusal(pod, slot, found);
        var mark = state.BeginWhatIf();
        Placer.TakePromised(state, pod, slot);
        var resolvable = Refusal(pod, slot, found);
        state.Rollback(mark);
        return resolvable;
    }

    /// <summary>
    /// The reasons of the first filter that refuses the node, in the order in which kube-scheduler runs them. True when
    /// removing pods from the node could help.
    /// </summary>
    public bool Refusal(PodEntry pod, int slot, Findings found)
    {
        var node = nodes.Records[slot]!;
        if (Static(pod, slot, node, found)) return false;
        if (!checks.PortsFree(pod, slot))
        {
            var ports = string.Join(", ", pod.Class.Ports.Select(port => $"{port.Port}/{port.Protocol}"));
            found.Add(node.Name, ReasonCode.HostPort, "node(s) didn't have free ports for the requested pod ports",
                $"has a host port in use that the pod wants ({ports})", $"a node where host port {ports} is free");
            return true;
        }
        if (Resources(pod, slot, node, found) is { } resolvable) return resolvable;
        if (pod.Class.HasVolumes && state.Volumes.Check(pod, slot) is { } volume)
        {
            found.Add(node.Name, volume.Code, volume.Text, volume.Detail, "a node that its volumes can reach");
            return volume.Resolvable;
        }
        return PodConstraints(pod, slot, node, found);
    }

    private static bool Static(PodEntry pod, int slot, NodeRecord node, Findings found)
    {
        switch (pod.Class.Rule.Verdict(slot))
        {
            case StaticVerdict.Cordoned:
                found.Add(node.Name, ReasonCode.NodeUnschedulable, "node(s) were unschedulable", "is cordoned",
                    "an uncordoned node (kubectl uncordon)");
                return true;
            case StaticVerdict.Tainted:
                var taint = pod.Class.Rule.Untolerated(node)!;
                var text = taint.Value.Length == 0 ? taint.Key : $"{taint.Key}={taint.Value}";
                found.Add(node.Name, ReasonCode.UntoleratedTaint, "node(s) had untolerated taint(s)",
                    $"has the taint {text}:{taint.Effect}, which the pod does not tolerate",
                    $"a toleration of {text}:{taint.Effect}");
                return true;
            case StaticVerdict.Mismatched:
                NodeAffinity(pod, node, found);
                return true;
            default:
                return false;
        }
    }

    private static void NodeAffinity(PodEntry pod, NodeRecord node, Findings found)
    {
        var requirements = pod.Class.Requirements;
        var wanted = new List<string>();
        foreach (var (key, value) in requirements.NodeSelector)
        {
            if (node.Labels[key] != value) wanted.Add($"{key}={value}");
        }
        var detail = wanted.Count > 0
            ? $"lacks the label {string.Join(", ", wanted)}"
            : $"does not meet the pod's node affinity ({Terms(requirements.NodeTerms!)})";
        found.Add(node.Name, ReasonCode.NodeAffinity, "node(s) didn't match Pod's node affinity/selector", detail,
            $"a node with {(wanted.Count > 0 ? string.Join(", ", wanted) : Terms(requirements.NodeTerms!))}");
    }

    /// <summary>Null when everything fits; else whether removing pods could help, which it cannot beyond a node's size.</summary>
    private bool? Resources(PodEntry pod, int slot, NodeRecord node, Findings found)
    {
        bool? resolvable = null;
        for (var i = 0; i < pod.Class.ResourceColumns.Length; i++)
        {
            var column = pod.Class.ResourceColumns[i];
            var need = pod.Class.ResourceAmounts[i];
            var free = nodes.Free[column][slot];
            if (free >= need) continue;
            var total = nodes.Allocatable[column][slot];
            resolvable = (resolvable ?? true) && (total >= need || column == nodes.Devices.ShareColumn);
            var name = nodes.Resources[column];
            if (column == NodeTable.PodsColumn)
            {
                found.Add(node.Name, ReasonCode.TooManyPods, "Too many pods", $"holds all {total} pods it can take",
                    "a node with room for another pod");
                continue;
            }
            if (column == nodes.Devices.ShareColumn)
            {
                found.Add(node.Name, ReasonCode.InsufficientResource, $"Insufficient {GpuShares.Resource}",
                    $"needs {need} thousandths of one {GpuShares.Resource}, {{0}} has {Math.Max(0, free)} at most on one",
                    $"a GPU with {need} thousandths free", GpuShares.Resource);
                resolvable = (resolvable ?? true) && nodes.Allocatable[nodes.Devices.WholeColumn][slot] > 0;
                continue;
            }
            string Show(long amount) => ResourceAmounts.FormatAmount(name, amount);
            var left = Math.Max(0, free);
            found.Add(node.Name, ReasonCode.InsufficientResource, $"Insufficient {name}",
                $"needs {Show(need)} {name}, {{0}} has {Show(total)} in all, {Show(left)} free",
                total < need ? $"a node with {Show(need)} {name}" : $"{Show(need - left)} {name} more free on {{0}}",
                name);
        }
        return resolvable;
    }

    private static bool PodConstraints(PodEntry pod, int slot, NodeRecord node, Findings found)
    {
        if (NodeChecks.SpreadBroken(pod, slot) is { } spread)
        {
            var topology = spread.Counter.Topology;
            var domain = topology.DomainOf(slot);
            if (domain < 0)
            {
                found.Add(node.Name, ReasonCode.TopologySpread,
                    "node(s) didn't match pod topology spread constraints (missing required label)",
                    $"lacks the label {topology.Name}, over which the pod is to be spread",
                    $"a node with the label {topology.Name}");
                return false;
            }
            found.Add(node.Name, ReasonCode.TopologySpread, "node(s) didn't match pod topology spread constraints",
                $"is in {topology.Name} {topology.ValueOf(domain)} with {spread.Counter.In(domain)} pods of the kind"
                + $" where the fewest is {spread.Fewest}, and the skew may be {spread.MaxSkew}",
                $"room in a {topology.Name} with fewer of these pods");
        }
        else if (NodeChecks.RepelledAt(pod, slot))
        {
            found.Add(node.Name, ReasonCode.ExistingAntiAffinity,
                "node(s) didn't satisfy existing pods anti-affinity rules",
                "is kept free of this pod by the anti-affinity of a pod that runs there",
                "a node away from the pods whose anti-affinity names this one");
        }
        else if (!NodeChecks.AntiAffinityHolds(pod, slot))
        {
            found.Add(node.Name, ReasonCode.PodAntiAffinity, "node(s) didn't match pod anti-affinity rules",
                "is, by the pod's own anti-affinity, too near to pods that run already",
                $"a node in another {Keys(pod.Class.AntiAffinity)}");
        }
        else if (pod.Class.Affinity.Length > 0 && !NodeChecks.AffinityHolds(pod, slot))
        {
            found.Add(node.Name, ReasonCode.PodAffinity, "node(s) didn't match pod affinity rules",
                "has no pod near by that the pod must be with",
                $"room in the {Keys(pod.Class.Affinity)} of the pods it must be with");
            return false;
        }
        return true;
    }

    private static string Keys(DomainCounter[] counters) =>
        string.Join(" and ", counters.Select(counter => counter.Topology.Name).Distinct());

    internal static string Terms(ValueList<NodeSelectorTerm> terms) => terms.IsEmpty
        ? "no node at all"
        : string.Join(" or ", terms.Select(term => string.Join(
            " and ", term.Expressions.Concat(term.Fields).Select(Expression))));

    private static string Expression(LabelRequirement requirement) => requirement.Operator switch
    {
        SelectorOperator.In when requirement.Values.Count == 1 => $"{requirement.Key}={requirement.Values[0]}",
        SelectorOperator.In => $"{requirement.Key} in ({string.Join(", ", requirement.Values)})",
        SelectorOperator.NotIn => $"{requirement.Key} not in ({string.Join(", ", requirement.Values)})",
        SelectorOperator.Exists => $"{requirement.Key}",
        SelectorOperator.DoesNotExist => $"no {requirement.Key}",
        SelectorOperator.Gt => $"{requirement.Key} > {string.Join(",", requirement.Values)}",
        SelectorOperator.Lt => $"{requirement.Key} < {string.Join(",", requirement.Values)}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
