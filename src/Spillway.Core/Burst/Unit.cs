using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>Pods that are decided together: one pod, or a gang.</summary>
internal sealed record Unit(IReadOnlyList<PendingPod> Pods, int Priority, DateTimeOffset Since)
{
    public bool IsGang => Pods.Count > 1;

    public PodKey First => Pods[0].Key;

    public IReadOnlyList<PodKey> Keys { get; } = [.. Pods.Select(pod => pod.Key)];
}

/// <summary>A node the search wants, and the pods it put there.</summary>
internal sealed record Bought(Listing Listing, string Node, List<PodKey> Pods);
