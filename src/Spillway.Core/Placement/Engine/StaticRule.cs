using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Engine;

/// <summary>The part of a pod's requirements that depends on nothing but a node's name, labels, taints and cordon.</summary>
internal sealed record StaticRuleKey(
    LabelMap NodeSelector, ValueList<NodeSelectorTerm>? NodeTerms, ValueList<Toleration> Tolerations,
    bool ChecksTaints, bool ChecksCordon)
{
    /// <summary>The rule by which a pod is placed.</summary>
    public static StaticRuleKey Of(PodRequirements pod) =>
        new(pod.NodeSelector, pod.NodeTerms, pod.Tolerations, ChecksTaints: true, ChecksCordon: true);
}

internal enum StaticVerdict : byte
{
    Unknown,
    Fits,
    Cordoned,
    Tainted,
    Mismatched,
}

/// <summary>
/// A static predicate compiled once for all pods that share it, with its answer for every node kept as a bit mask. Nodes
/// of one shape share one evaluation unless the predicate names hosts.
/// </summary>
internal sealed class StaticRule(StaticRuleKey key, NodeTable nodes)
{
    private readonly bool namesHosts = NamesHosts(key);
    private StaticVerdict[] byShape = [];
    private ulong[] mask = [];
    private long seen = -1;

    public StaticRuleKey Key { get; } = key;

    /// <summary>One bit a slot, set where the node passes; brought up to date on the way.</summary>
    public ulong[] Mask()
    {
        var log = nodes.StaticChanges;
        if (seen == log.End) return mask;
        if (mask.Length < nodes.Words) Array.Resize(ref mask, nodes.Records.Length >> 6);
        if (seen < log.Start)
        {
            for (var slot = 0; slot < nodes.High; slot++) Update(slot);
        }
        else
        {
            foreach (var slot in log.Since(seen)) Update(slot);
        }
        seen = log.End;
        return mask;
    }

    /// <summary>Shapes have new numbers; the masks stay, for they are by slot.</summary>
    public void ForgetShapes() => byShape = [];

    public bool Passes(int slot) => Verdict(slot) == StaticVerdict.Fits;

    /// <summary>Whether a node like this one passes.</summary>
    public bool Takes(NodeRecord node) => Evaluate(Key, node) == StaticVerdict.Fits;

    public StaticVerdict Verdict(int slot)
    {
        var shape = nodes.Shapes[slot];
        if (shape is null) return StaticVerdict.Mismatched;
        if (namesHosts) return Evaluate(Key, nodes.Records[slot]!);
        if (shape.Id >= byShape.Length) Array.Resize(ref byShape, Math.Max(shape.Id + 1, byShape.Length * 2));
        ref var verdict = ref byShape[shape.Id];
        if (verdict == StaticVerdict.Unknown) verdict = Evaluate(Key, nodes.Records[slot]!);
        return verdict;
    }

    /// <summary>The first taint that would keep the pod off the node, in the node's order.</summary>
    public Taint? Untolerated(NodeRecord node) => Untolerated(Key, node);

    private static Taint? Untolerated(StaticRuleKey key, NodeRecord node)
    {
        foreach (var taint in node.Taints)
        {
            if (taint.Effect != TaintEffect.PreferNoSchedule && !Tolerates(key.Tolerations, taint)) return taint;
        }
        return null;
    }

    public static bool Tolerates(ValueList<Toleration> tolerations, Taint taint)
    {
        foreach (var toleration in tolerations)
        {
            if (Tolerates(toleration, taint)) return true;
        }
        return false;
    }

    private static bool Tolerates(Toleration toleration, Taint taint)
    {
        if (toleration.Effect is { } effect && effect != taint.Effect) return false;
        if (toleration.Key.Length > 0 && toleration.Key != taint.Key) return false;
        return toleration.Operator switch
        {
            TolerationOperator.Exists => true,
            TolerationOperator.Equal => toleration.Key.Length > 0 && toleration.Value == taint.Value,

            // Numeric comparison is not stable in 1.36: like an API server with the gate off, it tolerates nothing.
            _ => false,
        };
    }

    /// <summary>Whether a required term list holds on a node; terms are alternatives, an empty term never holds.</summary>
    public static bool AnyTermMatches(ValueList<NodeSelectorTerm> terms, NodeRecord node)
    {
        foreach (var term in terms)
        {
            if (TermMatches(term, node)) return true;
        }
        return false;
    }

    public static bool TermMatches(NodeSelectorTerm term, NodeRecord node)
    {
        if (term.IsEmpty) return false;
        foreach (var field in term.Fields)
        {
            if (!FieldMatches(field, node)) return false;
        }
        foreach (var expression in term.Expressions)
        {
            if (!expression.Matches(node.Labels)) return false;
        }
        return true;
    }

    // metadata.name is the only field a node can be selected by, with In and NotIn of one value.
    private static bool FieldMatches(LabelRequirement field, NodeRecord node) => field.Key == "metadata.name"
        && field.Operator switch
        {
            SelectorOperator.In => field.Contains(node.Name),
            SelectorOperator.NotIn => !field.Contains(node.Name),
            _ => false,
        };

    private void Update(int slot)
    {
        var bit = 1UL << (slot & 63);
        if (nodes.Records[slot] is not null && Verdict(slot) == StaticVerdict.Fits) mask[slot >> 6] |= bit;
        else mask[slot >> 6] &= ~bit;
    }

    /// <summary>The rule's answer for a node that need not be in a table.</summary>
    public static StaticVerdict Evaluate(StaticRuleKey key, NodeRecord node)
    {
        if (key.ChecksCordon && node.Unschedulable && !Tolerates(
                key.Tolerations, new Taint(WellKnownLabels.UnschedulableTaint, "", TaintEffect.NoSchedule)))
            return StaticVerdict.Cordoned;
        if (key.ChecksTaints && Untolerated(key, node) is not null) return StaticVerdict.Tainted;
        foreach (var (name, value) in key.NodeSelector)
        {
            if (node.Labels[name] != value) return StaticVerdict.Mismatched;
        }
        if (key.NodeTerms is { } terms && !AnyTermMatches(terms, node)) return StaticVerdict.Mismatched;
        return StaticVerdict.Fits;
    }

    private static bool NamesHosts(StaticRuleKey key) =>
        key.NodeSelector.ContainsKey(WellKnownLabels.Hostname) || (key.NodeTerms is { } terms && NamesHosts(terms));

    public static bool NamesHosts(ValueList<NodeSelectorTerm> terms)
    {
        foreach (var term in terms)
        {
            if (NamesHosts(term)) return true;
        }
        return false;
    }

    public static bool NamesHosts(NodeSelectorTerm term)
    {
        if (!term.Fields.IsEmpty) return true;
        foreach (var expression in term.Expressions)
        {
            if (expression.Key == WellKnownLabels.Hostname) return true;
        }
        return false;
    }
}
