namespace Spillway.Core.Placement;

/// <summary>The answer to "where does this pod go?".</summary>
public abstract record PlacementOutcome
{
    private PlacementOutcome() { }

    /// <summary>The pod fits on the node, and no other node scores higher.</summary>
    public sealed record Placed(string Node, long Score) : PlacementOutcome;

    /// <summary>The pod fits once the victims, all of lower priority, are gone from the node.</summary>
    public sealed record Preempts(string Node, ValueList<PodKey> Victims, PlacementExplanation Otherwise)
        : PlacementOutcome;

    /// <summary>The pod is not to be placed yet; no node is at fault.</summary>
    public sealed record Waits(WaitReason Reason, string Text) : PlacementOutcome;

    /// <summary>No node can take the pod, and this is why.</summary>
    public sealed record Unplaceable(PlacementExplanation Explanation) : PlacementOutcome;
}

public enum WaitReason
{
    /// <summary>A scheduling gate holds the pod.</summary>
    Gate,

    /// <summary>Members of the pod's gang are missing, or not all of them fit.</summary>
    Gang,

    /// <summary>Another scheduler is to place the pod.</summary>
    OtherScheduler,

    /// <summary>The pod is bound, finished or going away.</summary>
    NothingToDo,
}

public sealed record PlacementDecision(PodKey Pod, PlacementOutcome Outcome);

public enum PlacementPolicy
{
    /// <summary>
    /// Machines the team owns before rented ones; scarce devices kept for those who ask for them; rented nodes packed
    /// full so that others empty. Within that, the default scheduler's preferences.
    /// </summary>
    Spillway,

    /// <summary>Scores as the default profile of kube-scheduler does (without image locality: images are not modelled).</summary>
    KubeScheduler,
}

public sealed record PlacementOptions
{
    public static PlacementOptions Default { get; } = new();

    public PlacementPolicy Policy { get; init; } = PlacementPolicy.Spillway;

    /// <summary>
    /// How many nodes that take a pod are compared before the best of them is chosen; 0 compares all. In clusters of
    /// thousands of nodes this is what keeps a question cheap; each kind of pod begins where it found room last.
    /// </summary>
    public int NodesToCompare { get; init; }

    /// <summary>Pods that name another scheduler are left alone.</summary>
    public ValueList<string> SchedulerNames { get; init; } = [PodRequirements.DefaultScheduler];
}
