namespace Spillway.Core.Placement;

/// <summary>All that storage says about where pods may run. Handed to the model as a whole.</summary>
public sealed record VolumeFacts
{
    public static VolumeFacts None { get; } = new();

    public IReadOnlyList<VolumeClaimRecord> Claims { get; init; } = [];

    public IReadOnlyList<PersistentVolumeRecord> Volumes { get; init; } = [];

    public IReadOnlyList<StorageClassRecord> Classes { get; init; } = [];

    public IReadOnlyList<CsiNodeRecord> CsiNodes { get; init; } = [];
}

public sealed record VolumeClaimRecord
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>The bound volume; empty while the claim is unbound.</summary>
    public string VolumeName { get; init; } = "";

    public string StorageClass { get; init; } = "";

    public ValueList<string> AccessModes { get; init; } = [];

    public long RequestedBytes { get; init; }

    public LabelSelector? Selector { get; init; }

    public bool Terminating { get; init; }

    /// <summary>Bound, and the binding is complete (the controller has written its annotation).</summary>
    public bool IsBound => VolumeName.Length > 0;
}

public sealed record PersistentVolumeRecord
{
    public required string Name { get; init; }

    public LabelMap Labels { get; init; } = LabelMap.Empty;

    public long CapacityBytes { get; init; }

    public string StorageClass { get; init; } = "";

    public ValueList<string> AccessModes { get; init; } = [];

    /// <summary>Namespace/name of the claim that holds the volume; empty while it is free.</summary>
    public string ClaimRef { get; init; } = "";

    public string CsiDriver { get; init; } = "";

    /// <summary>Required node affinity; null when the volume can be used anywhere.</summary>
    public ValueList<NodeSelectorTerm>? NodeTerms { get; init; }
}

public sealed record StorageClassRecord
{
    public required string Name { get; init; }

    public string Provisioner { get; init; } = "";

    public bool WaitForFirstConsumer { get; init; }

    /// <summary>Topologies a volume may be made in; any term may hold. Empty allows all.</summary>
    public ValueList<NodeSelectorTerm> AllowedTopologies { get; init; } = [];
}

/// <summary>How many volumes of each CSI driver a node takes; a driver without a limit is absent.</summary>
public sealed record CsiNodeRecord(string NodeName, ValueList<CsiDriverLimit> Limits);

public readonly record struct CsiDriverLimit(string Driver, int Count);

/// <summary>How many matching pods may go away at this moment.</summary>
public sealed record DisruptionBudgetRecord(
    string Namespace, string Name, LabelSelector Selector, int DisruptionsAllowed);
