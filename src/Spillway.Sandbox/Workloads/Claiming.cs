using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Keeps the owner references of a controller's objects in line with its selector: takes in loose ones that match and
/// lets go of its own that match no more.
/// </summary>
internal sealed class Claiming<T>(WorkloadContext context, KubernetesResource<T> items) where T : KubernetesObject
{
    /// <summary>What the owner has after claiming.</summary>
    public async Task<List<T>> ClaimAsync(
        KubernetesResource resource, KubernetesObject owner, LabelSelector selector, Candidates<T> candidates,
        CancellationToken cancellationToken)
    {
        var claimed = new List<T>();
        foreach (var item in candidates.Owned)
        {
            if (selector.Matches(item.Labels)) claimed.Add(item);
            else if (!owner.IsTerminating && !item.IsTerminating) await ReleaseAsync(owner, item, cancellationToken);
        }

        if (owner.IsTerminating) return claimed;
        foreach (var item in candidates.Loose)
        {
            if (item.IsTerminating || !selector.Matches(item.Labels)) continue;
            if (await AdoptAsync(resource, owner, item, cancellationToken) is { } adopted) claimed.Add(adopted);
        }

        return claimed;
    }

    private async Task<T?> AdoptAsync(
        KubernetesResource resource, KubernetesObject owner, T item, CancellationToken cancellationToken)
    {
        var references = new JsonArray([.. item.Owners.Select(o => o.Json.Copied())]);
        references.Add(OwnerReference.ToController(resource, owner));
        var result = await WriteAsync(item, references, cancellationToken);
        return result.Value;
    }

    private Task<WriteResult<T>> ReleaseAsync(KubernetesObject owner, T item, CancellationToken cancellationToken)
    {
        var references = new JsonArray([.. item.Owners.Where(o => o.Uid != owner.Uid).Select(o => o.Json.Copied())]);
        return WriteAsync(item, references, cancellationToken);
    }

    // With uid and version: whoever changed or replaced the object meanwhile is right, and the next pass sees it.
    private Task<WriteResult<T>> WriteAsync(T item, JsonArray references, CancellationToken cancellationToken)
    {
        var change = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = item.Uid,
                ["resourceVersion"] = item.ResourceVersion,
                ["ownerReferences"] = references,
            },
        };
        return context.Client.PatchAsync(items, item.Key, KubernetesPatch.Merge(change), cancellationToken);
    }
}

/// <summary>What may belong to an owner: what names it as controller, and what has no controller.</summary>
internal sealed record Candidates<T>(IReadOnlyList<T> Owned, IReadOnlyList<T> Loose);
