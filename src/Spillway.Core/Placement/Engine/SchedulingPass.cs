namespace Spillway.Core.Placement.Engine;

/// <summary>
/// One pass over the pods that wait. Within it nothing is freed, so a class that was refused once stays refused; only
/// classes whose constraints other pods can satisfy (affinity, spread) are asked again while there is progress.
/// </summary>
internal sealed class SchedulingPass(ModelState state, PodDesk desk, GangPlacer gangs)
{
    private readonly HashSet<PodClass> refused = [];
    private readonly Dictionary<PodKey, PlacementOutcome> outcomes = [];
    private readonly Dictionary<PodClass, PlacementOutcome> refusals = [];
    private readonly List<PodEntry> open = [];

    public IReadOnlyList<PlacementDecision> Run()
    {
        var queue = state.Pending.ToArray();
        Array.Sort(queue, QueueOrder);
        foreach (var pod in queue)
        {
            if (!outcomes.ContainsKey(pod.Key)) Consider(pod);
        }
        while (Retry()) { }
        foreach (var pod in open) outcomes[pod.Key] = desk.Refuse(pod, refusals);

        var decisions = new PlacementDecision[queue.Length];
        for (var i = 0; i < queue.Length; i++)
            decisions[i] = new PlacementDecision(queue[i].Key, outcomes[queue[i].Key]);
        return decisions;
    }

    /// <summary>Higher priority first, then the older, then by name.</summary>
    public static int QueueOrder(PodEntry a, PodEntry b)
    {
        var order = b.Priority.CompareTo(a.Priority);
        if (order == 0) order = a.Record.CreatedAt.CompareTo(b.Record.CreatedAt);
        return order == 0 ? a.Key.CompareTo(b.Key) : order;
    }

    private void Consider(PodEntry pod)
    {
        if (desk.WaitsFor(pod) is { } waits)
        {
            outcomes[pod.Key] = waits;
            return;
        }
        if (pod.Record.Requirements.Gang is not null)
        {
            foreach (var decision in gangs.Place(pod)) outcomes[decision.Pod] = decision.Outcome;
            return;
        }
        if (pod.NominatedNode.Length == 0 && refused.Contains(pod.Class))
        {
            open.Add(pod);
            return;
        }
        if (TryPlace(pod)) return;
        if (desk.TryPreempt(pod) is { } preempts)
        {
            outcomes[pod.Key] = preempts;
            state.Nominate(pod, preempts.Node);
            return;
        }
        if (IsMonotone(pod)) refused.Add(pod.Class);
        open.Add(pod);
    }

    private bool TryPlace(PodEntry pod)
    {
        if (desk.TryPlace(pod) is not { } placed) return false;
        outcomes[pod.Key] = placed;
        desk.Assume(pod, placed.Node);
        return true;
    }

    private bool Retry()
    {
        var progress = false;
        for (var i = 0; i < open.Count; i++)
        {
            if (refused.Contains(open[i].Class) || !TryPlace(open[i])) continue;
            open.RemoveAt(i--);
            progress = true;
        }
        return progress;
    }

    /// <summary>Whether more pods on the nodes can only make matters worse for this one.</summary>
    private static bool IsMonotone(PodEntry pod) => pod.Class.Affinity.Length == 0 && pod.Class.HardSpread.Length == 0
        && pod.NominatedNode.Length == 0 && !NodeChecks.IsRepelled(pod);
}
