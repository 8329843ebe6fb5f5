using Spillway.Core.Quantities;

namespace Spillway.Core.Placement;

/// <summary>
/// Everything a pod asks of a node, in one value: pods with equal requirements are one class to the engine and are
/// decided together.
/// </summary>
public sealed record PodRequirements
{
    public const string DefaultScheduler = "default-scheduler";

    public static PodRequirements None { get; } = new();

    /// <summary>Effective requests: containers, init containers, sidecars, overhead and pod-level resources taken together.</summary>
    public ResourceAmounts Requests { get; init; } = ResourceAmounts.Empty;

    /// <summary>Thousandths of one GPU that the pod shares with others; 0 when it shares none.</summary>
    public int GpuMilli { get; init; }

    /// <summary>CPU for scoring: a container that names none counts as 100m, so that such pods spread too.</summary>
    public long ScoringCpuMillis { get; init; }

    /// <summary>Memory for scoring: a container that names none counts as 200Mi.</summary>
    public long ScoringMemoryBytes { get; init; }

    public LabelMap NodeSelector { get; init; } = LabelMap.Empty;

    /// <summary>Required node affinity: one of the terms must hold. Null when there is none; an empty list matches no node.</summary>
    public ValueList<NodeSelectorTerm>? NodeTerms { get; init; }

    public ValueList<PreferredNodeTerm> PreferredNodeTerms { get; init; } = [];

    public ValueList<Toleration> Tolerations { get; init; } = [];

    public ValueList<PodAffinityTerm> Affinity { get; init; } = [];

    public ValueList<PodAffinityTerm> AntiAffinity { get; init; } = [];

    public ValueList<WeightedPodAffinityTerm> PreferredAffinity { get; init; } = [];

    public ValueList<WeightedPodAffinityTerm> PreferredAntiAffinity { get; init; } = [];

    public ValueList<SpreadConstraint> Spread { get; init; } = [];

    public ValueList<HostPort> HostPorts { get; init; } = [];

    public ValueList<PodVolume> Volumes { get; init; } = [];

    public int Priority { get; init; }

    public bool MayPreempt { get; init; } = true;

    public string SchedulerName { get; init; } = DefaultScheduler;

    public ValueList<string> SchedulingGates { get; init; } = [];

    public Gang? Gang { get; init; }

    /// <summary>True when nothing is requested at all: no CPU, memory or device.</summary>
    public bool IsBestEffort => Requests.IsEmpty && GpuMilli == 0;

    /// <summary>
    /// True when both ask the same of a node. Gangs and gates are left out: they decide whether a pod is tried, not where
    /// it fits, and would split classes that are one.
    /// </summary>
    internal bool AsksTheSameAs(PodRequirements other) => ReferenceEquals(this, other) || (
        Priority == other.Priority && MayPreempt == other.MayPreempt
        && ScoringCpuMillis == other.ScoringCpuMillis && ScoringMemoryBytes == other.ScoringMemoryBytes
        && GpuMilli == other.GpuMilli && Requests.Equals(other.Requests) && NodeSelector.Equals(other.NodeSelector)
        && Equals(NodeTerms, other.NodeTerms) && PreferredNodeTerms.Equals(other.PreferredNodeTerms)
        && Tolerations.Equals(other.Tolerations)
        && Affinity.Equals(other.Affinity) && AntiAffinity.Equals(other.AntiAffinity)
        && PreferredAffinity.Equals(other.PreferredAffinity)
        && PreferredAntiAffinity.Equals(other.PreferredAntiAffinity)
        && Spread.Equals(other.Spread) && HostPorts.Equals(other.HostPorts) && Volumes.Equals(other.Volumes));

    internal int PlacementHash() => HashCode.Combine(
        HashCode.Combine(Priority, ScoringCpuMillis, ScoringMemoryBytes, Requests, NodeSelector, NodeTerms),
        PreferredNodeTerms, Tolerations, Affinity, AntiAffinity, Spread, HostPorts,
        HashCode.Combine(Volumes, GpuMilli));
}

public enum TolerationOperator
{
    Equal,
    Exists,
    Lt,
    Gt,
}

/// <summary>An empty <see cref="Key"/> with Exists tolerates everything; a null <see cref="Effect"/> tolerates every effect.</summary>
public sealed record Toleration(string Key, TolerationOperator Operator, string Value, TaintEffect? Effect);

/// <summary>A host port a pod takes; an empty or 0.0.0.0 <see cref="Address"/> takes it on all addresses.</summary>
public readonly record struct HostPort(int Port, string Protocol, string Address);

public enum SpreadPolicy
{
    Honor,
    Ignore,
}

/// <summary>One entry of `topologySpreadConstraints`; <see cref="MatchLabelKeys"/> are already merged into the selector.</summary>
public sealed record SpreadConstraint
{
    public required string TopologyKey { get; init; }

    public int MaxSkew { get; init; } = 1;

    /// <summary>True for DoNotSchedule, false for ScheduleAnyway.</summary>
    public bool Hard { get; init; } = true;

    public LabelSelector Selector { get; init; } = LabelSelector.Nothing;

    public int MinDomains { get; init; } = 1;

    public SpreadPolicy NodeAffinityPolicy { get; init; } = SpreadPolicy.Honor;

    public SpreadPolicy NodeTaintsPolicy { get; init; } = SpreadPolicy.Ignore;
}

/// <summary>A term of pod affinity or anti-affinity, with matchLabelKeys and mismatchLabelKeys merged into the selector.</summary>
public sealed record PodAffinityTerm
{
    public required string TopologyKey { get; init; }

    public LabelSelector Selector { get; init; } = LabelSelector.Nothing;

    /// <summary>The namespaces whose pods count: the pod's own when the manifest names none and selects none.</summary>
    public ValueList<string> Namespaces { get; init; } = [];

    /// <summary>Adds the namespaces whose labels match; null selects none, an empty selector selects all.</summary>
    public LabelSelector? NamespaceSelector { get; init; }
}

public sealed record WeightedPodAffinityTerm(int Weight, PodAffinityTerm Term);

/// <summary>A volume that restricts where a pod may run.</summary>
public abstract record PodVolume
{
    private PodVolume() { }

    /// <summary>A persistent volume claim in the pod's namespace; generic ephemeral volumes own a claim named after the pod.</summary>
    public sealed record Claim(string ClaimName, bool Ephemeral) : PodVolume;

    /// <summary>A disk named in the pod itself; two writers cannot share it on one node.</summary>
    public sealed record Disk(string Kind, string Id, bool ReadOnly) : PodVolume;

    /// <summary>An inline CSI volume; it counts against the driver's limit on the node.</summary>
    public sealed record InlineCsi(string Driver, string VolumeName) : PodVolume;
}

/// <summary>Pods that are useless one by one: all members are placed, or none is.</summary>
/// <param name="Name">The group's name within the pod's namespace.</param>
/// <param name="Size">How many must run together; 0 when the pod does not say, then all members that are known.</param>
public sealed record Gang(string Name, int Size);
