using Spillway.Core.Quantities;

namespace Spillway.Core.Placement;

/// <summary>One node as placement sees it.</summary>
public sealed record NodeRecord
{
    public required string Name { get; init; }

    public LabelMap Labels { get; init; } = LabelMap.Empty;

    public ValueList<Taint> Taints { get; init; } = [];

    /// <summary>What pods may use, with `pods` as a resource of its own.</summary>
    public ResourceAmounts Allocatable { get; init; } = ResourceAmounts.Empty;

    public ResourceAmounts Capacity { get; init; } = ResourceAmounts.Empty;

    public bool Unschedulable { get; init; }

    public bool Ready { get; init; } = true;

    public string ProviderId { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>A rented node: it belongs to a pool. All others are machines the team owns.</summary>
    public bool IsRented => Labels.ContainsKey(WellKnownLabels.Pool);
}

/// <summary>Labels that the engine itself reads.</summary>
public static class WellKnownLabels
{
    public const string Hostname = "kubernetes.io/hostname";
    public const string Zone = "topology.kubernetes.io/zone";
    public const string Region = "topology.kubernetes.io/region";
    public const string Pool = "spillway.dev/pool";
    public const string UnschedulableTaint = "node.kubernetes.io/unschedulable";
}
