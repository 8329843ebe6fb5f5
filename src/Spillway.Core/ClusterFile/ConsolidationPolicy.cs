namespace Spillway.Core.ClusterFile;

public enum ConsolidationMode
{
    /// <summary>Say which rented nodes could go or be replaced, and what that would save; touch none.</summary>
    Advise,

    /// <summary>Move pods and give the nodes back.</summary>
    Auto,

    /// <summary>Do not even look.</summary>
    Off,
}

/// <summary>When pods are moved so that rented nodes can go. The defaults are chosen, not measured.</summary>
public sealed record ConsolidationPolicy
{
    public ConsolidationMode Mode { get; init; } = ConsolidationMode.Advise;

    /// <summary>What is saved within this time has to pay for the moving.</summary>
    public TimeSpan Payback { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A replacement has to save this part of the price of the nodes that it replaces.</summary>
    public double MinSaving { get; init; } = 0.15;

    /// <summary>A node that joined, or a pod that started, less than this ago is left alone.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many nodes are emptied at one time.</summary>
    public int AtOnce { get; init; } = 10;

    public SourcePlaces Places { get; init; } = SourcePlaces.None;
}
