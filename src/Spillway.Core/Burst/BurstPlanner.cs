using Spillway.Core.ClusterFile;

namespace Spillway.Core.Burst;

/// <summary>
/// Decides which nodes to rent for the pods that wait, and says for every one of them why it gets a node, has to wait,
/// or never will run as it is written.
/// </summary>
/// <remarks>
/// In this order, and the first that applies is the answer: what holds a pod back; room on nodes that are there; room
/// on nodes that are joining; owned machines that free up in time; the cheapest nodes that take what is left, within
/// stock, quota, the pools' limits and the budget. Nothing that is handed in is changed.
/// </remarks>
public static class BurstPlanner
{
    public static BurstPlan Decide(BurstPolicy policy, BurstObservation seen, DateTimeOffset now)
    {
        using var scene = new Scene(seen.Placement, seen.Accelerators, seen.DaemonPods);
        return new Planning(policy, seen, scene, now).Run();
    }
}
