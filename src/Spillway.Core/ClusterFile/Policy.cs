using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile;

public sealed record Policy
{
    public BurstPolicy Burst { get; init; } = new();
    public ConsolidationPolicy Consolidation { get; init; } = new();
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

public enum BurstMode
{
    /// <summary>Rent when that pays.</summary>
    Auto,

    /// <summary>Decide and say what would be rented, and rent nothing.</summary>
    Advise,

    /// <summary>Never rent.</summary>
    Off,
}

public sealed record BurstPolicy
{
    public BurstMode Mode { get; init; } = BurstMode.Auto;

    /// <summary>
    /// How long a pod that would fit an owned machine, once that is free, waits for it before a node is rented. A pod
    /// that fits no owned machine however empty does not wait. Zero: rent at once.
    /// </summary>
    public TimeSpan WaitForOnPrem { get; init; } = TimeSpan.Zero;

    /// <summary>How long a rented node may be idle before it is given back. Chosen, not measured: five minutes.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(5);

    public Budget Budget { get; init; } = new();
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

/// <summary>What may be spent on rented nodes; every limit that is set holds. Days and months are UTC's.</summary>
public sealed record Budget
{
    /// <summary>The highest sum of prices of the nodes running at one time.</summary>
    public Money? PerHour { get; init; }

    public Money? PerDay { get; init; }
    public Money? PerMonth { get; init; }
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}

/// <summary>
/// The <c>kind: Accelerator</c> document: a function in hardware that pods ask for by name, and how many of it one
/// device of each model can hold.
/// </summary>
public sealed record Accelerator
{
    public const string ResourcePrefix = "accelerators.spillway.dev/";

    public required string Name { get; init; }

    /// <summary>The extended resource by which pods ask for it.</summary>
    public required string Resource { get; init; }

    public required IReadOnlyList<AcceleratorProvider> Provides { get; init; }
    public SourcePlaces Places { get; init; } = SourcePlaces.None;

    /// <summary>How many one device of the model holds, zero where it holds none.</summary>
    public int PerDevice(string model) => Provides.FirstOrDefault(provider => provider.Device == model)?.PerDevice ?? 0;
}

public sealed record AcceleratorProvider(string Device, int PerDevice)
{
    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}
