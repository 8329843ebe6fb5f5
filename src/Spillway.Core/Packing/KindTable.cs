using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>
/// Sorts pods into kinds: equal profile, and labels that no selector in use tells apart. Selectors, rules and the
/// constraints on domains are the placement engine's own; only limits by host are restated here, so that they hold in
/// any order of binding. The engine knows one pod of each kind with constraints on domains until this is disposed.
/// </summary>
internal sealed class KindTable : IDisposable
{
    private readonly IReadOnlyList<PodRecord> pods;
    private readonly ModelState state;
    private readonly Dictionary<MatcherKey, int> numbers = [];
    private readonly List<PodMatcher> matchers = [];
    private readonly HashSet<int> repelling = [];
    private readonly HashSet<string> topologies = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Profile, ValueList<int> Matched), Kind> kinds = [];
    private readonly Dictionary<int, ValueList<int>> matchedByLabels = [];

    public KindTable(IReadOnlyList<PodRecord> pods, IReadOnlyList<PodGroup> groups, ModelState state)
    {
        this.pods = pods;
        this.state = state;
        foreach (var matcher in state.Classes.Repelling)
        {
            // A host that is not there yet repels nobody; a zone may.
            foreach (var term in matcher.Repelling)
            {
                if (term.Topology.IsHostname || term.Total == 0) continue;
                repelling.Add(Number(matcher.Key));
                topologies.Add(term.Topology.Name);
            }
        }
        var known = new HashSet<int>();
        foreach (var group in groups)
        {
            if (known.Add(group.Profile)) NumberMatchers(pods[group.First]);
        }
        KindOf = new Kind[groups.Count];
        for (var i = 0; i < KindOf.Length; i++) KindOf[i] = Find(groups[i]);
    }

    /// <summary>The kind of each group.</summary>
    public Kind[] KindOf { get; }

    public int Count => kinds.Count;

    /// <summary>The labels, besides the host name, over which somebody spreads, or keeps together or apart.</summary>
    public IReadOnlyList<string> TopologyKeys => [.. topologies.Order(StringComparer.Ordinal)];

    public IEnumerable<Kind> Kinds => kinds.Values.OrderBy(kind => kind.Id);

    public void Dispose()
    {
        foreach (var kind in kinds.Values)
        {
            if (kind.Domain is { } entry) state.Classes.RemovePod(entry);
        }
    }

    private static bool IsHost(string topologyKey) => topologyKey == WellKnownLabels.Hostname;

    private void NumberMatchers(PodRecord pod)
    {
        var asks = pod.Requirements;
        foreach (var constraint in asks.Spread)
        {
            if (!constraint.Hard) continue;
            Number(ClassTable.Key(pod.Key.Namespace, constraint));
            NoteTopology(constraint.TopologyKey);
        }
        foreach (var term in asks.AntiAffinity)
        {
            var number = Number(ClassTable.Key(term));
            if (!IsHost(term.TopologyKey)) repelling.Add(number);
            NoteTopology(term.TopologyKey);
        }
        foreach (var term in asks.Affinity) NoteTopology(term.TopologyKey);
        if (!asks.Affinity.IsEmpty) Number(ClassTable.Key(asks.Affinity));
    }

    private void NoteTopology(string key)
    {
        if (!IsHost(key)) topologies.Add(key);
    }

    private int Number(MatcherKey key)
    {
        if (numbers.TryGetValue(key, out var number)) return number;
        number = matchers.Count;
        numbers.Add(key, number);
        matchers.Add(new PodMatcher(key));
        return number;
    }

    private Kind Find(PodGroup group)
    {
        var sample = pods[group.First];
        if (!matchedByLabels.TryGetValue(group.Labels, out var matched))
        {
            matched = Matched(sample).ToValueList();
            matchedByLabels.Add(group.Labels, matched);
        }
        if (kinds.TryGetValue((group.Profile, matched), out var kind)) return kind;
        kind = Compile(kinds.Count, sample, matched);
        kinds.Add((group.Profile, matched), kind);
        return kind;
    }

    private IEnumerable<int> Matched(PodRecord sample)
    {
        for (var number = 0; number < matchers.Count; number++)
        {
            if (matchers[number].Matches(sample.Key.Namespace, sample.Labels, state.Classes.Namespaces))
                yield return number;
        }
    }

    private Kind Compile(int id, PodRecord sample, ValueList<int> matched)
    {
        var asks = sample.Requirements;
        var limits = Limits(sample, matched);
        var exclusive = limits.Where(limit => matched.Contains(limit.Matcher))
            .OrderBy(limit => limit.Most).Select(limit => ((int, int)?)(limit.Matcher, limit.Most)).FirstOrDefault();
        return new Kind
        {
            Id = id,
            Sample = sample,
            Rule = StaticRuleKey.Of(asks),
            Limits = limits,
            Matched = [.. matched],
            Exclusive = exclusive?.Item1 ?? -1,
            ExclusiveMost = exclusive?.Item2 ?? int.MaxValue,
            IsPlain = limits.Length == 0 && matched.IsEmpty && asks.HostPorts.IsEmpty,
            Domain = DomainEntry(sample, matched),
            NeedsSingleLook = !asks.Volumes.IsEmpty || asks.Affinity.Any(term => IsHost(term.TopologyKey)),
        };
    }

    private HostLimit[] Limits(PodRecord pod, ValueList<int> matched)
    {
        var limits = new List<HostLimit>();
        foreach (var constraint in pod.Requirements.Spread)
        {
            // A node that is not there yet is an empty domain, so the fewest is none and the skew is the limit.
            if (constraint.Hard && IsHost(constraint.TopologyKey))
                limits.Add(new HostLimit(Number(ClassTable.Key(pod.Key.Namespace, constraint)), constraint.MaxSkew));
        }
        foreach (var term in pod.Requirements.AntiAffinity)
        {
            if (!IsHost(term.TopologyKey)) continue;
            var matcher = Number(ClassTable.Key(term));
            limits.Add(new HostLimit(matcher, matched.Contains(matcher) ? 1 : 0));
        }
        return [.. limits];
    }

    /// <summary>The pod as the engine knows it, without what is decided host by host.</summary>
    private PodEntry? DomainEntry(PodRecord pod, ValueList<int> matched)
    {
        var asks = pod.Requirements;
        var domain = new PodRequirements
        {
            NodeSelector = asks.NodeSelector,
            NodeTerms = asks.NodeTerms,
            Tolerations = asks.Tolerations,
            Spread = asks.Spread.Where(item => item.Hard && !IsHost(item.TopologyKey)).ToValueList(),
            Affinity = asks.Affinity.Where(term => !IsHost(term.TopologyKey)).ToValueList(),
            AntiAffinity = asks.AntiAffinity.Where(term => !IsHost(term.TopologyKey)).ToValueList(),
        };
        var concerned = !domain.Spread.IsEmpty || !domain.Affinity.IsEmpty || !domain.AntiAffinity.IsEmpty
            || matched.Any(repelling.Contains);
        if (!concerned) return null;
        var record = pod with { Requirements = domain };
        var entry = new PodEntry(record, state.Classes.ClassOf(record), state.Classes.LabelsOf(record));
        state.Classes.AddPod(entry);
        return entry;
    }
}
