namespace Spillway.Core.Placement.Engine;

/// <summary>Pods of one namespace with the same labels: what selectors are asked about, once for all of them.</summary>
internal sealed class LabelSet(string ns, LabelMap labels)
{
    public string Namespace { get; } = ns;

    public LabelMap Labels { get; } = labels;

    /// <summary>The matchers that select these pods, in the order in which they were made.</summary>
    public List<PodMatcher> Matched { get; } = [];

    public PodEntry? FirstPod { get; private set; }

    public void Add(PodEntry pod)
    {
        pod.NextOfLabels = FirstPod;
        if (FirstPod is { } first) first.PreviousOfLabels = pod;
        FirstPod = pod;
    }

    public void Remove(PodEntry pod)
    {
        if (pod.PreviousOfLabels is { } previous) previous.NextOfLabels = pod.NextOfLabels;
        else FirstPod = pod.NextOfLabels;
        if (pod.NextOfLabels is { } next) next.PreviousOfLabels = pod.PreviousOfLabels;
        pod.NextOfLabels = pod.PreviousOfLabels = null;
    }

    public bool IsMatchedBy(PodMatcher matcher) => Matched.Contains(matcher);
}

/// <summary>A selector over pods with the namespaces it looks into.</summary>
internal sealed record SelectorPart(
    ValueList<string> Namespaces, LabelSelector? NamespaceSelector, LabelSelector Selector);

/// <summary>All parts must select a pod. Spread leaves pods out that are going away; affinity counts them.</summary>
internal sealed record MatcherKey(ValueList<SelectorPart> Parts, bool SkipsTerminating);

/// <summary>
/// One selector in use, with the number of pods it selects on each node, kept up to date as pods come and go, and the
/// counters by topology domain that hang on it.
/// </summary>
internal sealed class PodMatcher(MatcherKey key)
{
    public MatcherKey Key { get; } = key;

    public int[] PerNode { get; set; } = [];

    public List<DomainCounter> Counters { get; } = [];

    /// <summary>Required anti-affinity of pods that are placed: it keeps pods selected by this matcher away from them.</summary>
    public List<OwnedTerm> Repelling { get; } = [];

    /// <summary>Preferences of pods that are placed, towards or against pods selected by this matcher.</summary>
    public List<OwnedTerm> Preferring { get; } = [];

    public bool DependsOnNamespaces
    {
        get
        {
            foreach (var part in Key.Parts)
            {
                if (part.NamespaceSelector is not null) return true;
            }
            return false;
        }
    }

    public bool Matches(string ns, LabelMap labels, IReadOnlyDictionary<string, LabelMap> namespaces)
    {
        foreach (var part in Key.Parts)
        {
            if (!InNamespace(part, ns, namespaces) || !part.Selector.Matches(labels)) return false;
        }
        return true;
    }

    public void Count(int slot, int change)
    {
        if (slot >= PerNode.Length) Grow(slot);
        PerNode[slot] += change;
        foreach (var counter in Counters) counter.Count(slot, change);
    }

    public int On(int slot) => slot < PerNode.Length ? PerNode[slot] : 0;

    private void Grow(int slot)
    {
        var grown = new int[Math.Max(64, (slot + 1) * 2)];
        PerNode.CopyTo(grown, 0);
        PerNode = grown;
    }

    private static bool InNamespace(SelectorPart part, string ns, IReadOnlyDictionary<string, LabelMap> namespaces)
    {
        foreach (var named in part.Namespaces)
        {
            if (named == ns) return true;
        }
        return part.NamespaceSelector is { } selector
            && selector.Matches(namespaces.TryGetValue(ns, out var labels) ? labels : LabelMap.Empty);
    }
}
