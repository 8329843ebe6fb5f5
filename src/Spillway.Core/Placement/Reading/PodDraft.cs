using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Reading;

/// <summary>What has been read of a pod so far; fields may come in any order, so conclusions wait for the end.</summary>
internal sealed class PodDraft
{
    public string Name = "";
    public string Namespace = "";
    public string Uid = "";
    public LabelMap Labels = LabelMap.Empty;
    public LabelMap Annotations = LabelMap.Empty;
    public bool Terminating;
    public DateTimeOffset CreatedAt;
    public DateTimeOffset? StartedAt;
    public PodController? Controller;
    public string NodeName = "";
    public string NominatedNode = "";
    public PodPhase Phase;
    public bool HostNetwork;
    public bool ResizeInfeasible;
    public int Priority;
    public bool MayPreempt = true;
    public string SchedulerName = PodRequirements.DefaultScheduler;
    public LabelMap NodeSelector = LabelMap.Empty;
    public ValueList<NodeSelectorTerm>? NodeTerms;
    public ValueList<PreferredNodeTerm> PreferredNodeTerms = [];
    public ValueList<Toleration> Tolerations = [];
    public ValueList<string> Gates = [];
    public ValueList<PodVolume> Volumes = [];
    public ValueList<string> LocalVolumes = [];
    public ResourceAmounts Overhead = ResourceAmounts.Empty;
    public ResourceAmounts PodLevel = ResourceAmounts.Empty;
    public readonly List<TermDraft> Affinity = [];
    public readonly List<TermDraft> AntiAffinity = [];
    public readonly List<TermDraft> PreferredAffinity = [];
    public readonly List<TermDraft> PreferredAntiAffinity = [];
    public readonly List<SpreadDraft> Spread = [];
    public readonly List<ContainerDraft> Containers = [];
    public readonly List<ContainerDraft> InitContainers = [];
    public readonly Dictionary<string, ResourceAmounts> Allocated = [];

    public PodRecord Finish()
    {
        var key = new PodKey(Namespace.Length == 0 ? "default" : Namespace, Name);
        return new PodRecord
        {
            Key = key,
            Uid = Uid,
            Labels = Labels,
            Annotations = Annotations,
            NodeName = NodeName,
            NominatedNode = NominatedNode,
            Phase = Phase,
            Terminating = Terminating,
            CreatedAt = CreatedAt,
            StartedAt = StartedAt,
            Controller = Controller,
            LocalVolumes = LocalVolumes,
            Requirements = FinishRequirements(key),
        };
    }

    private PodRequirements FinishRequirements(PodKey key)
    {
        var (requests, gpuMilli) = GpuShares.Apply(
            EffectiveRequests.Of(this, forScoring: false), Annotations, Labels);
        var scoring = EffectiveRequests.Of(this, forScoring: true);
        return new PodRequirements
        {
            Requests = requests,
            GpuMilli = gpuMilli,
            ScoringCpuMillis = scoring.CpuMillis,
            ScoringMemoryBytes = scoring.MemoryBytes,
            NodeSelector = NodeSelector,
            NodeTerms = NodeTerms,
            PreferredNodeTerms = PreferredNodeTerms,
            Tolerations = Tolerations,
            Affinity = Terms(Affinity, key.Namespace),
            AntiAffinity = Terms(AntiAffinity, key.Namespace),
            PreferredAffinity = WeightedTerms(PreferredAffinity, key.Namespace),
            PreferredAntiAffinity = WeightedTerms(PreferredAntiAffinity, key.Namespace),
            Spread = SpreadConstraints(),
            HostPorts = HostPorts(),
            Volumes = VolumesOf(key),
            Priority = Priority,
            MayPreempt = MayPreempt,
            SchedulerName = SchedulerName,
            SchedulingGates = Gates,
            Gang = GangReader.Find(Labels, Annotations),
        };
    }

    private ValueList<PodAffinityTerm> Terms(List<TermDraft> drafts, string ownNamespace)
    {
        if (drafts.Count == 0) return [];
        var terms = new PodAffinityTerm[drafts.Count];
        for (var i = 0; i < terms.Length; i++) terms[i] = drafts[i].Finish(Labels, ownNamespace);
        return new ValueList<PodAffinityTerm>(terms);
    }

    private ValueList<WeightedPodAffinityTerm> WeightedTerms(List<TermDraft> drafts, string ownNamespace)
    {
        if (drafts.Count == 0) return [];
        var terms = new WeightedPodAffinityTerm[drafts.Count];
        for (var i = 0; i < terms.Length; i++)
            terms[i] = new WeightedPodAffinityTerm(drafts[i].Weight, drafts[i].Finish(Labels, ownNamespace));
        return new ValueList<WeightedPodAffinityTerm>(terms);
    }

    private ValueList<SpreadConstraint> SpreadConstraints()
    {
        if (Spread.Count == 0) return [];
        var constraints = new SpreadConstraint[Spread.Count];
        for (var i = 0; i < constraints.Length; i++)
        {
            var draft = Spread[i];
            constraints[i] = draft.Constraint with
            {
                Selector = TermDraft.Merge(draft.Constraint.Selector, draft.MatchLabelKeys, [], Labels),
            };
        }
        return new ValueList<SpreadConstraint>(constraints);
    }

    private ValueList<HostPort> HostPorts()
    {
        List<HostPort>? ports = null;
        foreach (var container in Containers) Collect(container);
        foreach (var container in InitContainers)
        {
            if (container.RestartsAlways) Collect(container);
        }
        return ports?.ToValueList() ?? [];

        void Collect(ContainerDraft container)
        {
            foreach (var port in container.Ports)
            {
                // On the host's network a container port is the host's port; the API server fills it in.
                var number = port.HostPort == 0 && HostNetwork ? port.ContainerPort : port.HostPort;
                if (number > 0) (ports ??= []).Add(new HostPort(number, port.Protocol, port.Address));
            }
        }
    }

    private ValueList<PodVolume> VolumesOf(PodKey key)
    {
        if (Volumes.IsEmpty) return Volumes;
        var volumes = new PodVolume[Volumes.Count];
        for (var i = 0; i < volumes.Length; i++)
        {
            volumes[i] = Volumes[i] switch
            {
                PodVolume.Claim { Ephemeral: true } claim => claim with { ClaimName = $"{key.Name}-{claim.ClaimName}" },
                PodVolume.InlineCsi inline => inline with { VolumeName = $"{key}/{inline.VolumeName}" },
                var other => other,
            };
        }
        return new ValueList<PodVolume>(volumes);
    }
}

internal sealed class ContainerDraft
{
    public string Name = "";
    public ResourceAmounts Requests = ResourceAmounts.Empty;
    public bool RestartsAlways;
    public readonly List<PortDraft> Ports = [];
}

internal readonly record struct PortDraft(int HostPort, int ContainerPort, string Protocol, string Address);

internal sealed class SpreadDraft(SpreadConstraint constraint, ValueList<string> matchLabelKeys)
{
    public SpreadConstraint Constraint { get; } = constraint;

    public ValueList<string> MatchLabelKeys { get; } = matchLabelKeys;
}

internal sealed class TermDraft
{
    public int Weight;
    public string TopologyKey = "";
    public LabelSelector Selector = LabelSelector.Nothing;
    public LabelSelector? NamespaceSelector;
    public ValueList<string> Namespaces = [];
    public ValueList<string> MatchLabelKeys = [];
    public ValueList<string> MismatchLabelKeys = [];

    public PodAffinityTerm Finish(LabelMap labels, string ownNamespace) => new()
    {
        TopologyKey = TopologyKey,
        Selector = Merge(Selector, MatchLabelKeys, MismatchLabelKeys, labels),
        Namespaces = Namespaces.IsEmpty && NamespaceSelector is null ? [ownNamespace] : Namespaces,
        NamespaceSelector = NamespaceSelector,
    };

    /// <summary>
    /// Adds the pod's own value of each key to the selector. A server that has merged them already loses nothing: the
    /// same requirement twice selects the same pods, and it is added once.
    /// </summary>
    public static LabelSelector Merge(
        LabelSelector selector, ValueList<string> match, ValueList<string> mismatch, LabelMap labels)
    {
        if (selector.MatchesNothing || (match.IsEmpty && mismatch.IsEmpty)) return selector;
        var requirements = selector.Requirements.ToList<LabelRequirement>();
        Add(match, SelectorOperator.In);
        Add(mismatch, SelectorOperator.NotIn);
        return new LabelSelector(requirements.ToValueList());

        void Add(ValueList<string> keys, SelectorOperator operation)
        {
            foreach (var key in keys)
            {
                if (labels[key] is not { } value) continue;
                var requirement = new LabelRequirement(key, operation, [value]);
                if (!requirements.Contains(requirement)) requirements.Add(requirement);
            }
        }
    }
}
