using Microsoft.Extensions.Logging;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers;

/// <summary>What every reconciler works with.</summary>
internal sealed record ControllerContext(
    KubernetesClient Client, ICloud Cloud, Ledger Ledger, TimeProvider Time, ILogger Logger, Random Random)
{
    public required ClusterModel Model { get; init; }

    public required EventRecorder Events { get; init; }

    /// <summary>Null where nobody asks for use over time.</summary>
    public SizeBook? Sizes { get; init; }

    public BurstPolicy Policy => Model.Cluster.Policy.Burst;

    public DateTimeOffset Now => Time.GetUtcNow();
}

/// <summary>Pods as texts, <c>namespace/name</c>.</summary>
internal static class PodKeys
{
    public static PodKey Parse(string text)
    {
        var slash = text.IndexOf('/');
        return slash < 0 ? new PodKey("default", text) : new PodKey(text[..slash], text[(slash + 1)..]);
    }

    public static ObjectKey ToObjectKey(this PodKey pod) => new(pod.Namespace, pod.Name);
}
