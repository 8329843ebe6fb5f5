using Spillway.Core.Placement;

namespace Spillway.Sandbox.Scheduling;

/// <summary>What has changed in the cluster, as far as it may make room for a waiting pod.</summary>
[Flags]
internal enum ClusterEvents
{
    None = 0,
    NodeAdded = 1,
    NodeChanged = 2,

    /// <summary>A pod left its node, finished there, or shrank.</summary>
    PodFreed = 4,

    /// <summary>A pod was put on a node, or one on a node changed its labels.</summary>
    PodPlaced = 8,
    Storage = 16,
    Namespaces = 32,

    /// <summary>Another member of the pod's gang came up.</summary>
    GangMember = 64,

    /// <summary>Nothing in particular: long enough ago to look again, in case an event was overlooked.</summary>
    TimePassed = 128,
}

/// <summary>Which events may help a pod that was refused for given reasons (kube-scheduler's queueing hints).</summary>
internal static class QueueingHints
{
    private const ClusterEvents Nodes = ClusterEvents.NodeAdded | ClusterEvents.NodeChanged | ClusterEvents.TimePassed;
    private const ClusterEvents Everything = (ClusterEvents)~0;

    public static ClusterEvents For(PlacementOutcome outcome) => outcome switch
    {
        PlacementOutcome.Unplaceable refused => For(refused.Explanation),
        PlacementOutcome.Preempts => Nodes | ClusterEvents.PodFreed,
        PlacementOutcome.Waits { Reason: WaitReason.Gate } => ClusterEvents.None,
        PlacementOutcome.Waits { Reason: WaitReason.Gang } => Everything & ~ClusterEvents.PodPlaced,
        _ => ClusterEvents.None,
    };

    private static ClusterEvents For(PlacementExplanation explanation)
    {
        if (explanation.BeforeNodes.Length > 0) return Everything;
        var events = Nodes;
        foreach (var reason in explanation.Reasons) events |= For(reason.Code);
        return events;
    }

    private static ClusterEvents For(ReasonCode reason) => reason switch
    {
        ReasonCode.NodeUnschedulable or ReasonCode.UntoleratedTaint or ReasonCode.NodeAffinity => Nodes,
        ReasonCode.InsufficientResource or ReasonCode.TooManyPods or ReasonCode.HostPort =>
            Nodes | ClusterEvents.PodFreed,
        ReasonCode.VolumeConflict or ReasonCode.VolumeLimit => Nodes | ClusterEvents.PodFreed | ClusterEvents.Storage,
        ReasonCode.VolumeBinding or ReasonCode.VolumeZone => Nodes | ClusterEvents.Storage,
        ReasonCode.TopologySpread or ReasonCode.PodAffinity or ReasonCode.PodAntiAffinity
            or ReasonCode.ExistingAntiAffinity =>
            Nodes | ClusterEvents.PodFreed | ClusterEvents.PodPlaced | ClusterEvents.Namespaces,
        _ => Everything,
    };
}
