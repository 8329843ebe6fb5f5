using Spillway.ApiServer.Admission;

namespace Spillway.ApiServer;

/// <summary>How a server is opened.</summary>
public sealed record KubeApiServerOptions
{
    /// <summary>Folder that keeps the state; null keeps it in memory, commits at once and starts no thread.</summary>
    public string? StateFolder { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Source of uids and generated names.</summary>
    public required Random Random { get; init; }

    /// <summary>Bearer tokens that mean a user from the start.</summary>
    public IReadOnlyDictionary<string, Requester> Tokens { get; init; } =
        new Dictionary<string, Requester>(StringComparer.Ordinal);

    /// <summary>Finds what a webhook's service reference means; by default nothing.</summary>
    public ServiceResolver Services { get; init; } = (_, _, _) => null;
}
