namespace Spillway.Core.Placement.Engine;

/// <summary>The questions about one pod: does it wait, where does it fit, whom would it displace, why not.</summary>
internal sealed class PodDesk(
    ModelState state, PlacementOptions options, Placer placer, Explainer explainer, Preemptor preemptor)
{
    public PlacementOutcome.Waits? WaitsFor(PodEntry pod)
    {
        var requirements = pod.Record.Requirements;
        if (pod.NodeName.Length > 0)
            return new PlacementOutcome.Waits(WaitReason.NothingToDo, $"The pod is on {pod.NodeName} already.");
        if (pod.Record.IsFinished || pod.Record.Terminating)
            return new PlacementOutcome.Waits(WaitReason.NothingToDo, "The pod is finished or going away.");
        if (!requirements.SchedulingGates.IsEmpty)
        {
            var gates = string.Join(", ", requirements.SchedulingGates);
            return new PlacementOutcome.Waits(
                WaitReason.Gate, $"Waits for its scheduling gates to be lifted: {gates}.");
        }
        if (!options.SchedulerNames.Contains(requirements.SchedulerName))
        {
            return new PlacementOutcome.Waits(
                WaitReason.OtherScheduler, $"Waits for the scheduler {requirements.SchedulerName}, which it names.");
        }
        return null;
    }

    public PlacementOutcome.Placed? TryPlace(PodEntry pod)
    {
        var slot = placer.Find(pod, out var score);
        return slot < 0 ? null : new PlacementOutcome.Placed(state.Nodes.Records[slot]!.Name, score);
    }

    public PlacementOutcome.Preempts? TryPreempt(PodEntry pod) =>
        state.HasPodsBelow(pod.Priority) ? Refuse(pod) as PlacementOutcome.Preempts : null;

    /// <summary>Puts a pod on a node until its record says so itself.</summary>
    public void Assume(PodEntry pod, string node, ulong devices = 0)
    {
        if (pod.NominatedNode.Length > 0) state.Nominate(pod, "");
        state.Move(pod, node, assumed: true, devices);
    }

    /// <summary>The answer for a pod that fits nowhere: whom it displaces, or why not.</summary>
    public PlacementOutcome Refuse(PodEntry pod)
    {
        var resolvable = new List<int>();
        var explanation = explainer.Explain(pod, resolvable);
        if (state.Nodes.Count == 0) return new PlacementOutcome.Unplaceable(explanation);
        var candidate = preemptor.Find(pod, resolvable, out var message);
        if (candidate is null)
            return new PlacementOutcome.Unplaceable(explanation with { Preemption = message });
        return new PlacementOutcome.Preempts(
            state.Nodes.Records[candidate.Slot]!.Name,
            candidate.Victims.Select(victim => victim.Key).ToValueList(), explanation);
    }

    /// <summary>The same, worked out once for all pods of a class while nothing changes.</summary>
    public PlacementOutcome Refuse(PodEntry pod, Dictionary<PodClass, PlacementOutcome> known)
    {
        var shareable = pod.NominatedNode.Length == 0 && !NodeChecks.IsRepelled(pod);
        if (shareable && known.TryGetValue(pod.Class, out var outcome)) return outcome;
        outcome = Refuse(pod);
        if (shareable) known[pod.Class] = outcome;
        return outcome;
    }
}
