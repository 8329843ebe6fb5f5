using System.Text.Json.Nodes;
using Spillway.Controllers.Objects;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Pools;

/// <summary>Takes a claim out of the cluster once nothing bills under its token.</summary>
internal static class ClaimRemoval
{
    public static async Task DropAsync(KubernetesClient client, NodeClaim claim, CancellationToken cancellationToken)
    {
        var finalizers = new JsonArray(
            [.. claim.Finalizers.Where(one => one != SpillwayNames.MachineFinalizer)
                .Select(one => JsonValue.Create(one))]);
        var patch = KubernetesPatch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = claim.Uid, ["finalizers"] = finalizers },
        });
        await client.PatchAsync(SpillwayResources.NodeClaims, claim.Key, patch, cancellationToken);
        await client.DeleteAsync(
            SpillwayResources.NodeClaims, claim.Key, new DeleteOptions { Uid = claim.Uid }, cancellationToken);
    }
}
