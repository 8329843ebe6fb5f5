using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Admission;

/// <summary>
/// What admission needs of the store. Objects come in their storage version and belong to the store: they are read,
/// never changed. Reads see every write that was answered before.
/// </summary>
public sealed record ClusterReads
{
    /// <summary>One object, or null: group, resource, namespace (empty for cluster-scoped), name.</summary>
    public required Func<string, string, string, string, JsonObject?> Get { get; init; }

    /// <summary>All objects of a resource in a namespace (empty for all of them), by key order.</summary>
    public required Func<string, string, string, IReadOnlyList<JsonObject>> List { get; init; }

    /// <summary>
    /// Writes an object's status if it still has the resourceVersion it carries; false when it has not. Used for quota
    /// status, which must be written before the write that it accounts for.
    /// </summary>
    public required Func<string, string, JsonObject, CancellationToken, ValueTask<bool>> ReplaceStatus { get; init; }

    /// <summary>Every served type, to match webhooks and policies by equivalent resource; kind lookup for Scale.</summary>
    public required Func<IReadOnlyList<ResourceType>> Types { get; init; }

    /// <summary>Converts an object to another served version of its group; returns it unchanged when it has that one.</summary>
    public required Func<JsonObject, ResourceType, JsonObject> Convert { get; init; }

    /// <summary>Asks the authorizer: user, verb, group, resource, subresource, namespace, name.</summary>
    public required Func<Requester, string, string, string, string, string, string, bool> IsAllowed { get; init; }
}
