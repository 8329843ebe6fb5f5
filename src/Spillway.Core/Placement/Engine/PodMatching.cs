namespace Spillway.Core.Placement.Engine;

/// <summary>Pods of one namespace with the same labels: what selectors are asked about, once for all of them.</summary>
internal sealed class LabelSet(string ns, LabelMap labels)
{
    public string Namespace { get; } = ns;

    public LabelMap Labels { get; } = labels;

    /// <summary>The matchers that select these pods, in the order in which they were made.</summary>
    public List<PodMatcher> Matched { get; } = [];

    public PodEntry? FirstPod { get; set; }

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

/// <summary>A node label that splits the nodes into domains, with each node's domain as a number.</summary>
internal sealed class TopologyKey(string name)
{
    private readonly Dictionary<string, int> domains = new(StringComparer.Ordinal);
    private readonly List<string> values = [];
    private int[] domainOf = [];

    public string Name { get; } = name;

    public bool IsHostname { get; } = name == WellKnownLabels.Hostname;

    public int Count => values.Count;

    /// <summary>The node's domain; -1 when it does not carry the label.</summary>
    public int DomainOf(int slot) => slot < domainOf.Length ? domainOf[slot] : -1;

    public string ValueOf(int domain) => values[domain];

    public void SetNode(int slot, NodeRecord node)
    {
        if (slot >= domainOf.Length)
        {
            var old = domainOf.Length;
            Array.Resize(ref domainOf, Math.Max(64, (slot + 1) * 2));
            domainOf.AsSpan(old).Fill(-1);
        }
        if (!node.Labels.TryGetValue(Name, out var value))
        {
            domainOf[slot] = -1;
            return;
        }
        if (!domains.TryGetValue(value, out var domain))
        {
            domain = values.Count;
            domains.Add(value, domain);
            values.Add(value);
        }
        domainOf[slot] = domain;
    }
}

/// <summary>Which nodes count for a spread constraint: those with all topology keys that pass the honoured policies.</summary>
internal sealed record EligibilityKey(ValueList<string> TopologyKeys, StaticRuleKey? Rule);

/// <summary>How many selected pods each domain of a topology key holds, over the nodes that are eligible.</summary>
internal sealed class DomainCounter(
    PodMatcher matcher, TopologyKey topology, TopologyKey[] required, StaticRule? rule)
{
    private int[] pods = [];
    private int[] nodes = [];
    private bool[] eligible = [];
    private int minimum;
    private bool minimumStale = true;

    public PodMatcher Matcher { get; } = matcher;

    public TopologyKey Topology { get; } = topology;

    /// <summary>Pods in all domains together.</summary>
    public int Total { get; private set; }

    /// <summary>Domains that have an eligible node.</summary>
    public int DomainCount { get; private set; }

    public int In(int domain) => domain < pods.Length ? pods[domain] : 0;

    public bool IsEligible(int slot) => slot < eligible.Length && eligible[slot];

    /// <summary>The fewest pods in any domain; 0 when there are none.</summary>
    public int Minimum
    {
        get
        {
            if (!minimumStale) return minimum;
            minimumStale = false;
            minimum = int.MaxValue;
            for (var domain = 0; domain < nodes.Length; domain++)
            {
                if (nodes[domain] > 0 && pods[domain] < minimum) minimum = pods[domain];
            }
            if (minimum == int.MaxValue) minimum = 0;
            return minimum;
        }
    }

    public void AddNode(int slot)
    {
        if (slot >= eligible.Length) Array.Resize(ref eligible, Math.Max(64, (slot + 1) * 2));
        var domain = Topology.DomainOf(slot);
        eligible[slot] = domain >= 0 && HasAllKeys(slot) && (rule is null || rule.Passes(slot));
        if (!eligible[slot]) return;
        Reserve(domain);
        if (nodes[domain]++ == 0) DomainCount++;
        Add(domain, Matcher.On(slot));
        minimumStale = true;
    }

    public void RemoveNode(int slot)
    {
        if (!IsEligible(slot)) return;
        eligible[slot] = false;
        var domain = Topology.DomainOf(slot);
        if (--nodes[domain] == 0) DomainCount--;
        Add(domain, -Matcher.On(slot));
        minimumStale = true;
    }

    public void Count(int slot, int change)
    {
        if (!IsEligible(slot)) return;
        Add(Topology.DomainOf(slot), change);
    }

    private void Add(int domain, int change)
    {
        if (change == 0) return;
        var before = pods[domain];
        pods[domain] = before + change;
        Total += change;
        if (minimumStale) return;

        // The minimum moves only when its own domain grows, or when a domain falls below it.
        if (change > 0 && before == minimum) minimumStale = true;
        else if (before + change < minimum) minimum = before + change;
    }

    private bool HasAllKeys(int slot)
    {
        foreach (var key in required)
        {
            if (key.DomainOf(slot) < 0) return false;
        }
        return true;
    }

    private void Reserve(int domain)
    {
        if (domain < pods.Length) return;
        var size = Math.Max(16, (domain + 1) * 2);
        Array.Resize(ref pods, size);
        Array.Resize(ref nodes, size);
    }
}

/// <summary>
/// An affinity term that pods in the cluster carry, with its weight summed over its owners in each domain. It acts on
/// the pods its matcher selects: kept away by required anti-affinity, drawn or pushed by the others.
/// </summary>
internal sealed class OwnedTerm(PodMatcher matcher, TopologyKey topology)
{
    private long[] byDomain = [];

    public PodMatcher Matcher { get; } = matcher;

    public TopologyKey Topology { get; } = topology;

    public long Total { get; private set; }

    public long In(int domain) => domain >= 0 && domain < byDomain.Length ? byDomain[domain] : 0;

    public void Count(int slot, long change)
    {
        var domain = Topology.DomainOf(slot);
        if (domain < 0) return;
        if (domain >= byDomain.Length) Array.Resize(ref byDomain, Math.Max(16, (domain + 1) * 2));
        byDomain[domain] += change;
        Total += change;
    }
}
