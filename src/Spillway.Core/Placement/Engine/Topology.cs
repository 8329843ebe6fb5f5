namespace Spillway.Core.Placement.Engine;

/// <summary>
/// A node label that splits the nodes into domains, with each node's domain as a number. The number of a domain whose
/// last node has gone is used again, so that hosts may come and go for years.
/// </summary>
internal sealed class TopologyKey(string name)
{
    private readonly Dictionary<string, int> domains = new(StringComparer.Ordinal);
    private readonly List<string> values = [];
    private readonly List<int> sizes = [];
    private readonly Stack<int> unused = new();
    private int[] domainOf = [];

    public string Name { get; } = name;

    public bool IsHostname { get; } = name == WellKnownLabels.Hostname;

    /// <summary>The node's domain; -1 when it does not carry the label.</summary>
    public int DomainOf(int slot)
    {
        var all = domainOf;
        return (uint)slot < (uint)all.Length ? all[slot] : -1;
    }

    public string ValueOf(int domain) => values[domain];

    public void AddNode(int slot, NodeRecord node)
    {
        if (slot >= domainOf.Length)
        {
            var old = domainOf.Length;
            Array.Resize(ref domainOf, Math.Max(64, (slot + 1) * 2));
            domainOf.AsSpan(old).Fill(-1);
        }
        if (!node.Labels.TryGetValue(Name, out var value)) return;
        if (!domains.TryGetValue(value, out var domain))
        {
            domain = Take(value);
            domains.Add(value, domain);
        }
        domainOf[slot] = domain;
        sizes[domain]++;
    }

    public void RemoveNode(int slot)
    {
        var domain = DomainOf(slot);
        if (domain < 0) return;
        domainOf[slot] = -1;
        if (--sizes[domain] > 0) return;
        domains.Remove(values[domain]);
        unused.Push(domain);
    }

    private int Take(string value)
    {
        if (unused.TryPop(out var domain))
        {
            values[domain] = value;
            return domain;
        }
        values.Add(value);
        sizes.Add(0);
        return values.Count - 1;
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

    public StaticRule? Rule { get; } = rule;

    /// <summary>Set by the sweep: some class still asks this counter.</summary>
    public bool InUse { get; set; } = true;

    /// <summary>Pods in all domains together.</summary>
    public int Total { get; private set; }

    /// <summary>Domains that have an eligible node.</summary>
    public int DomainCount { get; private set; }

    public int In(int domain)
    {
        var all = pods;
        return (uint)domain < (uint)all.Length ? all[domain] : 0;
    }

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
        eligible[slot] = domain >= 0 && HasAllKeys(slot) && (Rule is null || Rule.Passes(slot));
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

    public long In(int domain)
    {
        var all = byDomain;
        return (uint)domain < (uint)all.Length ? all[domain] : 0;
    }

    public void Count(int slot, long change)
    {
        var domain = Topology.DomainOf(slot);
        if (domain < 0) return;
        if (domain >= byDomain.Length) Array.Resize(ref byDomain, Math.Max(16, (domain + 1) * 2));
        byDomain[domain] += change;
        Total += change;
    }
}
