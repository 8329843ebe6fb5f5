namespace Spillway.Core.Ports;

/// <summary>What the cloud said to a launch.</summary>
public abstract record LaunchResult
{
    private LaunchResult()
    {
    }

    /// <summary>The machine is ordered and billed; its node joins later under the claim's name.</summary>
    public sealed record Launched(string MachineId) : LaunchResult;

    /// <summary>The cloud has none of this offer now. Other offers, zones or times may do.</summary>
    public sealed record NoCapacity(string Why) : LaunchResult;

    /// <summary>The account may not have more of it, in any zone, until a person raises the quota.</summary>
    public sealed record QuotaExceeded(string Why) : LaunchResult;

    /// <summary>The order itself is wrong (unknown image, forbidden type): the same order will be refused again.</summary>
    public sealed record Refused(string Why) : LaunchResult;
}

/// <summary>What the cloud said to a removal.</summary>
public abstract record RemoveResult
{
    private RemoveResult()
    {
    }

    /// <summary>The machine is ending: it bills no more, and will soon be missing from the list.</summary>
    public sealed record Removing : RemoveResult;

    /// <summary>There is no such machine, or no longer: the positive proof that nothing bills.</summary>
    public sealed record Gone : RemoveResult;
}
