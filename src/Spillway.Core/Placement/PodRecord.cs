namespace Spillway.Core.Placement;

/// <summary>What names a pod in a cluster.</summary>
public readonly record struct PodKey(string Namespace, string Name) : IComparable<PodKey>
{
    public int CompareTo(PodKey other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    public override string ToString() => $"{Namespace}/{Name}";
}

public enum PodPhase
{
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

/// <summary>The owner that manages a pod (`controller: true` in its owner references).</summary>
public sealed record PodController(string Kind, string Name, string Uid);

/// <summary>One pod as placement sees it: who it is, where it is, and what it asks of a node.</summary>
public sealed record PodRecord
{
    public required PodKey Key { get; init; }

    public string Uid { get; init; } = "";

    public LabelMap Labels { get; init; } = LabelMap.Empty;

    public LabelMap Annotations { get; init; } = LabelMap.Empty;

    /// <summary>The node the pod is bound to; empty while it waits.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>The node that a preemption is making room on; empty when there is none.</summary>
    public string NominatedNode { get; init; } = "";

    public PodPhase Phase { get; init; }

    public bool Terminating { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the pod started to run; null before. Among equals, preemption spares the pod that ran longest.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public PodController? Controller { get; init; }

    /// <summary>Names of volumes that live on the node alone and are lost with it: `hostPath`, and `emptyDir` on disk.</summary>
    public ValueList<string> LocalVolumes { get; init; } = [];

    public PodRequirements Requirements { get; init; } = PodRequirements.None;

    /// <summary>True when the pod no longer holds anything on its node.</summary>
    public bool IsFinished => Phase is PodPhase.Succeeded or PodPhase.Failed;

    public bool IsBound => NodeName.Length > 0;
}
