using Spillway.Core.Placement.Engine.Sharing;

namespace Spillway.Core.Placement.Engine;

/// <summary>One pod in the model. Pods of a node, and pods of a label set, are chained through their entries.</summary>
internal sealed class PodEntry(PodRecord record, PodClass podClass, LabelSet labels)
{
    public PodRecord Record { get; } = record;

    public PodClass Class { get; } = podClass;

    public LabelSet Labels { get; } = labels;

    /// <summary>The node the pod takes room on; -1 while it waits, is finished, or its node is unknown.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>The name of the node the pod belongs to, bound or assumed; empty while it waits.</summary>
    public string NodeName { get; set; } = "";

    public bool Assumed { get; set; }

    /// <summary>The GPUs of the node that the pod has, or has a part of, one bit each; 0 while it has no node.</summary>
    public ulong Devices { get; set; }

    /// <summary>Where the pod stands among those that wait; -1 when it does not wait.</summary>
    public int PendingIndex { get; set; } = -1;

    /// <summary>The node a preemption was promised; empty for none.</summary>
    public string NominatedNode { get; set; } = "";

    public PodEntry? NextOnNode { get; set; }

    public PodEntry? PreviousOnNode { get; set; }

    public PodEntry? NextOfLabels { get; set; }

    public PodEntry? PreviousOfLabels { get; set; }

    public PodKey Key => Record.Key;

    public int Priority => Record.Requirements.Priority;
}

/// <summary>
/// What decides whether two pods are the same to the engine: what they ask, the namespace it is read in, and their own
/// labels where a constraint looks at them.
/// </summary>
internal readonly struct PodClassKey(PodRequirements requirements, string ns, LabelMap labels) : IEquatable<PodClassKey>
{
    public PodRequirements Requirements { get; } = requirements;

    public string Namespace { get; } = ns;

    public LabelMap Labels { get; } = labels;

    public static PodClassKey Of(PodRecord pod)
    {
        var requirements = pod.Requirements;
        var scoped = !requirements.Spread.IsEmpty || !requirements.Affinity.IsEmpty
            || !requirements.AntiAffinity.IsEmpty || !requirements.PreferredAffinity.IsEmpty
            || !requirements.PreferredAntiAffinity.IsEmpty;
        var namespaced = scoped || !requirements.Volumes.IsEmpty;
        return new PodClassKey(requirements, namespaced ? pod.Key.Namespace : "", scoped ? pod.Labels : LabelMap.Empty);
    }

    public bool Equals(PodClassKey other) => Namespace == other.Namespace && Labels.Equals(other.Labels)
        && Requirements.AsksTheSameAs(other.Requirements);

    public override bool Equals(object? obj) => obj is PodClassKey other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Requirements.PlacementHash(), Namespace, Labels);
}

internal sealed record HardSpread(DomainCounter Counter, int MaxSkew, int MinDomains, int SelfMatch)
{
    /// <summary>The fewest pods of the kind that count in any domain; none while there are too few domains.</summary>
    public int Fewest => Counter.DomainCount < MinDomains ? 0 : Counter.Minimum;

    /// <summary>The most pods a domain may hold and still take this one.</summary>
    public int Limit => MaxSkew - SelfMatch + Fewest;

    /// <summary>Whether the node's domain is within the limit; a node without the key is in no domain and never is.</summary>
    public bool Allows(int slot, int limit)
    {
        var domain = Counter.Topology.DomainOf(slot);
        return domain >= 0 && Counter.In(domain) <= limit;
    }
}

internal sealed record SoftSpread(DomainCounter Counter, int MaxSkew);

internal sealed record WeightedCounter(DomainCounter Counter, int Weight);

/// <summary>Pod requirements, compiled against one model: columns instead of names, counters instead of selectors.</summary>
internal sealed class PodClass(PodClassKey key, StaticRule rule)
{
    public PodClassKey Key { get; } = key;

    public int Pods { get; set; }

    public ScoreBook? Book { get; set; }

    /// <summary>How far the nodes' log of changes was when the class was last asked about.</summary>
    public long LastAsked { get; set; } = long.MinValue / 2;

    /// <summary>Whether a node takes the class depends on the pods or volumes there, beyond the room they leave.</summary>
    public bool LooksAtPods => HardSpread.Length > 0 || Affinity.Length > 0 || AntiAffinity.Length > 0
        || Ports.Length > 0 || HasVolumes;

    public PodRequirements Requirements => Key.Requirements;

    public StaticRule Rule { get; } = rule;

    /// <summary>Columns the pod draws on, room for one pod first.</summary>
    public int[] ResourceColumns { get; init; } = [];

    public long[] ResourceAmounts { get; init; } = [];

    public long ScoringCpu { get; init; }

    public long ScoringMemory { get; init; }

    /// <summary>What the pod really requests, for the balance score.</summary>
    public double UsedCpu { get; init; }

    public double UsedMemory { get; init; }

    /// <summary>Neither CPU nor memory is asked for.</summary>
    public bool BestEffort { get; init; }

    /// <summary>How many kinds of device the pod asks for, and their columns.</summary>
    public int[] DeviceColumns { get; init; } = [];

    /// <summary>Thousandths of one GPU; 0 for a pod that asks for whole ones or none.</summary>
    public int GpuMilli { get; init; }

    /// <summary>Whole GPUs.</summary>
    public int Gpus { get; init; }

    /// <summary>The word of slots where the class found room last; only where not all nodes are compared.</summary>
    public int NextWord { get; set; }

    public bool UsesGpus => GpuMilli > 0 || Gpus > 0;

    /// <summary>What placing the class costs on each node with GPUs; null until it is asked.</summary>
    public ShareBook? Shares { get; set; }

    public HardSpread[] HardSpread { get; init; } = [];

    public SoftSpread[] SoftSpread { get; init; } = [];

    public DomainCounter[] Affinity { get; init; } = [];

    public DomainCounter[] AntiAffinity { get; init; } = [];

    public WeightedCounter[] Preferred { get; init; } = [];

    /// <summary>Terms this pod carries once it is placed, with the weight it adds.</summary>
    public (OwnedTerm Term, int Weight)[] Owned { get; init; } = [];

    public HostPort[] Ports { get; init; } = [];

    public bool HasVolumes { get; init; }
}
