using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox;

/// <summary>Puts objects into a cluster that starts, whatever the last run left of them.</summary>
internal static class StartingObjects
{
    private const string FieldManager = "spillway";

    /// <summary>Applies the object: what the file says holds, what others added stays.</summary>
    /// <exception cref="KubernetesStatusException">The server refuses it.</exception>
    public static async Task EnsureAsync(KubernetesClient client, JsonObject wanted,
        CancellationToken cancellationToken)
    {
        var resource = Describe(wanted);
        var options = new WriteOptions { FieldManager = FieldManager, Force = true };
        var copy = new KubernetesObject(wanted.Copied());
        var result = await client.ApplyAsync(resource, copy, options, cancellationToken);
        if (result.Refusal is { } refusal) throw new KubernetesStatusException($"apply {copy}", refusal);
    }

    /// <summary>
    /// The account that pods of the default namespace run under. Its controller would make it a moment later: too late for
    /// a pod that is submitted in the cluster's first instant.
    /// </summary>
    public static async Task EnsureServiceAccountAsync(KubernetesClient client, CancellationToken cancellationToken)
    {
        var account = Resources.ServiceAccounts.New(new ObjectKey("default", "default"));
        var made = await client.CreateAsync(Resources.ServiceAccounts, account, cancellationToken);
        if (made is not WriteResult<ServiceAccount>.AlreadyExists) made.OrThrow();
    }

    // Plurals of the kinds that a cluster starts with follow English; a kind that does not is told by discovery later.
    private static KubernetesResource<KubernetesObject> Describe(JsonObject wanted)
    {
        var version = wanted.Text("apiVersion") ?? "";
        var kind = wanted.Text("kind") ?? "";
        var slash = version.IndexOf('/');
        var plural = kind.ToLowerInvariant();
        plural = plural.EndsWith('s') ? plural + "es" : plural.EndsWith('y') ? plural[..^1] + "ies" : plural + "s";
        return KubernetesResource.Untyped(
            slash < 0 ? "" : version[..slash], version[(slash + 1)..], plural, kind,
            namespaced: wanted.Text("metadata", "namespace") is { Length: > 0 });
    }
}
