using System.Text.Json.Nodes;
using Spillway.Kubernetes;
using Spillway.Sandbox;

namespace Spillway.Tests.Controllers;

/// <summary>Lifts the taint of nodes that are ready, as the node lifecycle controller does.</summary>
internal static class NodeUntaint
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    public static async Task RunAsync(EmbeddedCluster cluster, TimeProvider time, CancellationToken stop)
    {
        var client = cluster.ClientOf("node-lifecycle");
        while (!stop.IsCancellationRequested)
        {
            await foreach (var node in client.ListAllAsync(Resources.Nodes, ListQuery.All, CancellationToken.None))
            {
                if (!node.IsReady || !node.Taints.Any(taint => taint.Key == NotReady)) continue;
                var patch = KubernetesPatch.Merge(new JsonObject { ["spec"] = new JsonObject { ["taints"] = null } });
                await client.PatchAsync(Resources.Nodes, node.Key, patch, CancellationToken.None);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), time, CancellationToken.None);
        }
    }
}
