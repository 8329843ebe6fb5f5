using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Placement;

public sealed partial class PlacementModel
{
    /// <summary>Decides where the pod goes, and changes nothing.</summary>
    /// <exception cref="KeyNotFoundException">The model does not hold the pod.</exception>
    public PlacementOutcome Place(PodKey key)
    {
        if (!state.Pods.TryGetValue(key, out var pod))
            throw new KeyNotFoundException($"Pod {key} is not in the model; hand it over with SetPod first.");
        return WaitsFor(pod) ?? Decide(pod);
    }

    /// <summary>
    /// One scheduling pass over all pods that wait, in queue order: higher priority first, then the older, then by key.
    /// Each pod that is placed is assumed on its node, so that the next ones see it there.
    /// </summary>
    public IReadOnlyList<PlacementDecision> PlaceAll()
    {
        var queue = state.Pending.ToArray();
        Array.Sort(queue, QueueOrder);
        var decisions = new List<PlacementDecision>(queue.Length);
        foreach (var pod in queue)
        {
            var outcome = WaitsFor(pod) ?? Decide(pod);
            if (outcome is PlacementOutcome.Placed placed) Assume(pod.Key, placed.Node);
            decisions.Add(new PlacementDecision(pod.Key, outcome));
        }
        return decisions;
    }

    internal static int QueueOrder(PodEntry a, PodEntry b)
    {
        var order = b.Priority.CompareTo(a.Priority);
        if (order == 0) order = a.Record.CreatedAt.CompareTo(b.Record.CreatedAt);
        return order == 0 ? a.Key.CompareTo(b.Key) : order;
    }

    private PlacementOutcome Decide(PodEntry pod)
    {
        var slot = placer.Find(pod, out var score);
        return slot >= 0
            ? new PlacementOutcome.Placed(state.Nodes.Records[slot]!.Name, score)
            : new PlacementOutcome.Unplaceable(explainer.Explain(pod));
    }

    private PlacementOutcome.Waits? WaitsFor(PodEntry pod)
    {
        var requirements = pod.Record.Requirements;
        if (pod.NodeName.Length > 0)
            return new PlacementOutcome.Waits(WaitReason.NothingToDo, $"The pod is on {pod.NodeName} already.");
        if (pod.Record.IsFinished || pod.Record.Terminating)
            return new PlacementOutcome.Waits(WaitReason.NothingToDo, "The pod is finished or going away.");
        if (!requirements.SchedulingGates.IsEmpty)
        {
            return new PlacementOutcome.Waits(
                WaitReason.Gate, $"Waits for its scheduling gates to be lifted: {string.Join(", ", requirements.SchedulingGates)}.");
        }
        if (!options.SchedulerNames.Contains(requirements.SchedulerName))
        {
            return new PlacementOutcome.Waits(
                WaitReason.OtherScheduler, $"Waits for the scheduler {requirements.SchedulerName}, which it names.");
        }
        return null;
    }
}
