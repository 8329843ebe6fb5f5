using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// The classes, label sets, selectors and counters in use, each made once and kept current as pods and nodes come and go.
/// </summary>
internal sealed class ClassTable(NodeTable nodes)
{
    private const int MinIdle = 512;

    private readonly Dictionary<PodClassKey, PodClass> classes = [];
    private readonly Dictionary<StaticRuleKey, StaticRule> rules = [];
    private readonly Dictionary<(string Namespace, LabelMap Labels), LabelSet> labelSets = [];
    private readonly Dictionary<MatcherKey, PodMatcher> matchers = [];
    private readonly List<PodMatcher> matchersInOrder = [];
    private readonly Dictionary<string, TopologyKey> topologies = new(StringComparer.Ordinal);
    private readonly Dictionary<(MatcherKey, string, EligibilityKey), DomainCounter> counters = [];
    private readonly List<DomainCounter> countersInOrder = [];
    private readonly Dictionary<(MatcherKey, string, OwnedKind), OwnedTerm> owned = [];
    private readonly Dictionary<string, LabelMap> namespaces = new(StringComparer.Ordinal);
    private readonly HashSet<StaticRule> pinned = [];
    private int idle;

    public int ClassCount => classes.Count;

    public IReadOnlyDictionary<string, LabelMap> Namespaces => namespaces;

    /// <summary>Selectors over pods that placed pods keep away from themselves.</summary>
    public IEnumerable<PodMatcher> Repelling => matchersInOrder.Where(matcher => matcher.Repelling.Count > 0);

    public PodClass ClassOf(PodRecord pod)
    {
        var key = PodClassKey.Of(pod);
        if (classes.TryGetValue(key, out var known)) return known;
        var compiled = Compile(key);
        classes.Add(key, compiled);
        return compiled;
    }

    public LabelSet LabelsOf(PodRecord pod)
    {
        var key = (pod.Key.Namespace, pod.Labels);
        if (labelSets.TryGetValue(key, out var known)) return known;
        return new LabelSet(pod.Key.Namespace, pod.Labels);
    }

    /// <summary>A pod comes to the model; the first of its labels makes them known to all selectors.</summary>
    public void AddPod(PodEntry pod)
    {
        var set = pod.Labels;
        if (set.FirstPod is null)
        {
            labelSets.Add((set.Namespace, set.Labels), set);
            set.Matched.Clear();
            foreach (var matcher in matchersInOrder)
            {
                if (matcher.Matches(set.Namespace, set.Labels, namespaces)) set.Matched.Add(matcher);
            }
        }
        set.Add(pod);
        if (pod.Class.Pods++ == 0 && !classes.ContainsKey(pod.Class.Key)) classes.Add(pod.Class.Key, pod.Class);
    }

    public void RemovePod(PodEntry pod)
    {
        pod.Labels.Remove(pod);
        if (pod.Labels.FirstPod is null) labelSets.Remove((pod.Labels.Namespace, pod.Labels.Labels));
        if (--pod.Class.Pods == 0) idle++;
    }

    /// <summary>
    /// Drops classes that have had no pods for a while, and the selectors and counters that only they used. Kept until
    /// there are many, because jobs of one kind come again.
    /// </summary>
    public void SweepWhenDue()
    {
        if (idle < MinIdle || idle < classes.Count / 2) return;
        idle = 0;
        foreach (var (key, podClass) in classes)
        {
            if (podClass.Pods == 0) classes.Remove(key);
        }
        ClassSweep.Run(classes.Values, counters, owned, matchers, rules, pinned);
        countersInOrder.RemoveAll(counter => !counter.InUse);
        matchersInOrder.RemoveAll(matcher => !matchers.ContainsKey(matcher.Key));
        foreach (var set in labelSets.Values) set.Matched.RemoveAll(matcher => !matchers.ContainsKey(matcher.Key));
        nodes.RenumberShapes();
        foreach (var rule in rules.Values) rule.ForgetShapes();
    }

    public StaticRule Rule(StaticRuleKey key)
    {
        if (rules.TryGetValue(key, out var rule)) return rule;
        rule = new StaticRule(key, nodes);
        rules.Add(key, rule);
        return rule;
    }

    public void SetNamespace(string name, LabelMap labels)
    {
        if (namespaces.TryGetValue(name, out var known) && known.Equals(labels)) return;
        namespaces[name] = labels;
        foreach (var set in labelSets.Values)
        {
            if (set.Namespace != name) continue;
            var before = set.Matched.ToArray();
            set.Matched.Clear();
            foreach (var matcher in matchersInOrder)
            {
                var matched = Array.IndexOf(before, matcher) >= 0;
                var matches = matcher.DependsOnNamespaces
                    ? matcher.Matches(set.Namespace, set.Labels, namespaces)
                    : matched;
                if (matches) set.Matched.Add(matcher);
                if (matches != matched) CountAll(set, matcher, matches ? 1 : -1);
            }
        }
    }

    /// <summary>A pod takes its place on a node: every selector that selects it counts it there.</summary>
    public static void Attach(PodEntry pod, int slot, int change)
    {
        var terminating = pod.Record.Terminating;
        foreach (var matcher in pod.Labels.Matched)
        {
            if (!terminating || !matcher.Key.SkipsTerminating) matcher.Count(slot, change);
        }
        foreach (var (term, weight) in pod.Class.Owned) term.Count(slot, (long)weight * change);
    }

    public void AddNode(int slot)
    {
        var node = nodes.Records[slot]!;
        foreach (var topology in topologies.Values) topology.AddNode(slot, node);
        foreach (var counter in countersInOrder) counter.AddNode(slot);
    }

    public void RemoveNode(int slot)
    {
        foreach (var counter in countersInOrder) counter.RemoveNode(slot);
        foreach (var topology in topologies.Values) topology.RemoveNode(slot);
    }

    /// <summary>The rule of pods that are expected: it is kept while none of them is there.</summary>
    public StaticRule Pin(PodRequirements requirements)
    {
        var rule = RuleOf(requirements);
        pinned.Add(rule);
        return rule;
    }

    private StaticRule RuleOf(PodRequirements requirements) => Rule(StaticRuleKey.Of(requirements));

    private PodClass Compile(PodClassKey key)
    {
        var requirements = key.Requirements;
        var rule = RuleOf(requirements);
        var (columns, amounts, devices) = Columns(requirements);
        return new PodClass(key, rule)
        {
            ResourceColumns = columns,
            ResourceAmounts = amounts,
            DeviceColumns = devices,
            GpuMilli = requirements.GpuMilli,
            Gpus = (int)Math.Min(int.MaxValue, requirements.Requests[GpuShares.Resource]),
            ScoringCpu = NodeTable.Capped(requirements.ScoringCpuMillis),
            ScoringMemory = NodeTable.Capped(requirements.ScoringMemoryBytes),
            UsedCpu = NodeTable.Capped(requirements.Requests.CpuMillis),
            UsedMemory = NodeTable.Capped(requirements.Requests.MemoryBytes),
            BestEffort = requirements.Requests.CpuMillis == 0 && requirements.Requests.MemoryBytes == 0,
            HardSpread = Hard(key),
            SoftSpread = Soft(key),
            Affinity = requirements.Affinity.IsEmpty ? [] : AffinityCounters(requirements.Affinity),
            AntiAffinity = [.. requirements.AntiAffinity.Select(term => Counter(Key(term), term.TopologyKey))],
            Preferred =
            [
                .. requirements.PreferredAffinity.Select(
                    item => new WeightedCounter(Counter(Key(item.Term), item.Term.TopologyKey), item.Weight)),
                .. requirements.PreferredAntiAffinity.Select(
                    item => new WeightedCounter(Counter(Key(item.Term), item.Term.TopologyKey), -item.Weight)),
            ],
            Owned = OwnedTerms(requirements),
            Ports = requirements.HostPorts.Span.ToArray(),
            HasVolumes = !requirements.Volumes.IsEmpty,
        };
    }

    private (int[] Columns, long[] Amounts, int[] Devices) Columns(PodRequirements requirements)
    {
        var columns = new List<int> { NodeTable.PodsColumn };
        var amounts = new List<long> { 1 };
        var devices = new List<int>();
        foreach (var (name, amount) in requirements.Requests)
        {
            if (amount == 0 || name == ResourceAmounts.Pods) continue;
            var column = nodes.Column(name);
            columns.Add(column);
            amounts.Add(NodeTable.Capped(amount));
            if (NodeTable.IsDevice(name)) devices.Add(column);
        }
        if (requirements.GpuMilli > 0)
        {
            // Last, because it is compared only: what the device table takes shows in it by itself.
            columns.Add(nodes.Devices.ShareColumn);
            amounts.Add(requirements.GpuMilli);
            devices.Add(nodes.Devices.WholeColumn);
        }
        return ([.. columns], [.. amounts], [.. devices]);
    }

    private HardSpread[] Hard(PodClassKey key)
    {
        var constraints = key.Requirements.Spread.Where(constraint => constraint.Hard).ToArray();
        var keys = constraints.Select(constraint => constraint.TopologyKey).ToValueList();
        return [.. constraints.Select(constraint => new HardSpread(
            SpreadCounter(key, constraint, keys), constraint.MaxSkew, constraint.MinDomains,
            constraint.Selector.Matches(key.Labels) ? 1 : 0))];
    }

    private SoftSpread[] Soft(PodClassKey key)
    {
        var constraints = key.Requirements.Spread.Where(constraint => !constraint.Hard).ToArray();
        var keys = constraints.Select(constraint => constraint.TopologyKey).ToValueList();
        return [.. constraints.Select(
            constraint => new SoftSpread(SpreadCounter(key, constraint, keys), constraint.MaxSkew))];
    }

    private DomainCounter SpreadCounter(PodClassKey key, SpreadConstraint constraint, ValueList<string> keys)
    {
        var requirements = key.Requirements;
        var affinity = constraint.NodeAffinityPolicy == SpreadPolicy.Honor
            && (requirements.NodeSelector.Count > 0 || requirements.NodeTerms is not null);
        var taints = constraint.NodeTaintsPolicy == SpreadPolicy.Honor;
        var rule = !affinity && !taints ? null : new StaticRuleKey(
            affinity ? requirements.NodeSelector : LabelMap.Empty, affinity ? requirements.NodeTerms : null,
            taints ? requirements.Tolerations : [], ChecksTaints: taints, ChecksCordon: false);
        return Counter(Key(key.Namespace, constraint), constraint.TopologyKey, new EligibilityKey(keys, rule));
    }

    // A pod counts towards affinity only when it meets all of the terms, so they share one matcher.
    private DomainCounter[] AffinityCounters(ValueList<PodAffinityTerm> terms)
    {
        var matcher = Key(terms);
        return [.. terms.Select(term => Counter(matcher, term.TopologyKey))];
    }

    private (OwnedTerm, int)[] OwnedTerms(PodRequirements requirements)
    {
        var terms = new List<(OwnedTerm, int)>();
        foreach (var term in requirements.AntiAffinity) terms.Add((Owned(term, OwnedKind.Repelling), 1));

        // A placed pod's required affinity draws others with kube-scheduler's hardPodAffinityWeight, which is 1.
        foreach (var term in requirements.Affinity) terms.Add((Owned(term, OwnedKind.Preferring), 1));
        foreach (var item in requirements.PreferredAffinity)
            terms.Add((Owned(item.Term, OwnedKind.Preferring), item.Weight));
        foreach (var item in requirements.PreferredAntiAffinity)
            terms.Add((Owned(item.Term, OwnedKind.Preferring), -item.Weight));
        return [.. terms];
    }

    private OwnedTerm Owned(PodAffinityTerm term, OwnedKind kind)
    {
        var key = Key(term);
        if (owned.TryGetValue((key, term.TopologyKey, kind), out var known)) return known;
        var matcher = Matcher(key);
        var made = new OwnedTerm(matcher, Topology(term.TopologyKey));
        (kind == OwnedKind.Repelling ? matcher.Repelling : matcher.Preferring).Add(made);
        owned.Add((key, term.TopologyKey, kind), made);
        return made;
    }

    /// <summary>The pods that a term means.</summary>
    public static MatcherKey Key(PodAffinityTerm term) => new([Part(term)], SkipsTerminating: false);

    /// <summary>The pods that all terms mean together.</summary>
    public static MatcherKey Key(ValueList<PodAffinityTerm> terms) =>
        new(terms.Select(Part).ToValueList(), SkipsTerminating: false);

    /// <summary>The pods that a constraint counts, for a pod of the namespace.</summary>
    public static MatcherKey Key(string ns, SpreadConstraint constraint) =>
        new([new SelectorPart([ns], null, constraint.Selector)], SkipsTerminating: true);

    private static SelectorPart Part(PodAffinityTerm term) =>
        new(term.Namespaces, term.NamespaceSelector, term.Selector);

    private DomainCounter Counter(MatcherKey key, string topologyKey) =>
        Counter(key, topologyKey, new EligibilityKey([topologyKey], null));

    private DomainCounter Counter(MatcherKey key, string topologyKey, EligibilityKey eligibility)
    {
        if (counters.TryGetValue((key, topologyKey, eligibility), out var known)) return known;
        var matcher = Matcher(key);
        var required = eligibility.TopologyKeys.Select(Topology).ToArray();
        var rule = eligibility.Rule is null ? null : Rule(eligibility.Rule);
        var counter = new DomainCounter(matcher, Topology(topologyKey), required, rule);
        for (var slot = 0; slot < nodes.High; slot++)
        {
            if (nodes.Records[slot] is not null) counter.AddNode(slot);
        }
        counters.Add((key, topologyKey, eligibility), counter);
        countersInOrder.Add(counter);
        matcher.Counters.Add(counter);
        return counter;
    }

    private PodMatcher Matcher(MatcherKey key)
    {
        if (matchers.TryGetValue(key, out var known)) return known;
        var matcher = new PodMatcher(key);
        matchers.Add(key, matcher);
        matchersInOrder.Add(matcher);
        foreach (var set in labelSets.Values)
        {
            if (!matcher.Matches(set.Namespace, set.Labels, namespaces)) continue;
            set.Matched.Add(matcher);
            CountAll(set, matcher, 1);
        }
        return matcher;
    }

    private static void CountAll(LabelSet set, PodMatcher matcher, int change)
    {
        for (var pod = set.FirstPod; pod is not null; pod = pod.NextOfLabels)
        {
            if (pod.Slot >= 0 && !(pod.Record.Terminating && matcher.Key.SkipsTerminating))
                matcher.Count(pod.Slot, change);
        }
    }

    private TopologyKey Topology(string name)
    {
        if (topologies.TryGetValue(name, out var known)) return known;
        var topology = new TopologyKey(name);
        for (var slot = 0; slot < nodes.High; slot++)
        {
            if (nodes.Records[slot] is { } node) topology.AddNode(slot, node);
        }
        topologies.Add(name, topology);
        return topology;
    }
}
