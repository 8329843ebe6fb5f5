using Spillway.Core.Burst;
using Spillway.Core.Placement;

namespace Spillway.Core.Consolidation;

/// <summary>What it costs to start a pod elsewhere.</summary>
internal static class MoveCosts
{
    /// <summary>Ending, pulling, starting, warming up: paid for and of no use. Chosen, not measured.</summary>
    public static readonly TimeSpan Restart = TimeSpan.FromMinutes(5);

    /// <summary>The pods' part of their node's price for as long as a restart takes.</summary>
    public static decimal Of(IReadOnlyList<PodRecord> pods, NodeRecord node, decimal pricePerHour) =>
        Math.Min(1, pods.Sum(pod => Share(pod, node))) * pricePerHour * (decimal)Restart.TotalHours;

    /// <summary>The largest part of any resource of the node that the pod takes; all of it when it takes more.</summary>
    public static decimal Share(PodRecord pod, NodeRecord node) =>
        PodFacts.Share(pod.Requirements.Requests, node.Allocatable) ?? 1;
}
