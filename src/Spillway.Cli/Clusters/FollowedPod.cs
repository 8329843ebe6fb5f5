using Spillway.Controllers.Objects;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>What <c>up</c> and <c>rehearse</c> follow of a pod: with ten thousand of them the whole objects would cost a lot.</summary>
internal sealed record FollowedPod(ObjectKey Key, string Phase, string Node, string? Why, string? Decision)
{
    /// <summary>The uid of the object that manages it; null for none.</summary>
    public string? Controller { get; init; }

    /// <summary>True for a pod with an end: of a Job, or with a duration of its own.</summary>
    public bool IsJob { get; init; }

    public bool IsTerminating { get; init; }

    public bool IsFinished => Phase is "Succeeded" or "Failed";

    /// <summary>True for a pod without a node whose reason does not go away by itself, as that of kind wait does.</summary>
    public bool IsStuck => Node.Length == 0 && Decision is not null
        && (Decision.StartsWith("refuse/", StringComparison.Ordinal)
            || Decision.StartsWith("hold/", StringComparison.Ordinal));

    public static FollowedPod Decode(ReadOnlyMemory<byte> utf8)
    {
        var pod = Resources.Pods.Decode(utf8);
        var controller = pod.Controller;
        return new FollowedPod(
            pod.Key,
            pod.Json.Text("status", "phase") ?? "Pending",
            pod.Json.Text("spec", "nodeName") ?? "",
            pod.Annotation(SpillwayNames.WhyAnnotation),
            pod.Annotation(SpillwayNames.DecisionAnnotation))
        {
            Controller = controller?.Uid,
            IsJob = controller?.Kind == "Job" || pod.Annotation(SpillwayNames.DurationAnnotation) is not null,
            IsTerminating = pod.IsTerminating,
        };
    }
}
