using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>
/// Whether an owned machine will have room in time. A pod waits while one that could take it will, or may, free up
/// within the policy's time; it bursts at once when none ever could, or when all are known to be busy for longer.
/// </summary>
internal sealed class OnPremOutlook(
    BurstPolicy policy, BurstObservation seen, Scene scene, PodFacts facts, DateTimeOffset now)
{
    private readonly Dictionary<int, Able> _able = [];
    private readonly List<(DateTimeOffset At, PodKey Pod, string Node)> _ends = [];

    /// <summary>The owned machines that could take a class of pods if they were empty.</summary>
    private sealed record Able(List<string> Nodes)
    {
        /// <summary>One of them that runs a pod of which nobody knows when it ends; null when all ends are known.</summary>
        public string? Unknown { get; set; }
    }

    public List<Unit> Run(List<Unit> units, Reasons reasons, Decisions decisions)
    {
        if (units.Count == 0) return units;
        var mark = scene.Mark();
        var forever = new HashSet<Unit>();
        var waiting = new List<Unit>();
        foreach (var unit in units)
        {
            if (!CouldEver(unit)) continue;
            if (!reasons.SomePoolCouldTake(unit)) forever.Add(unit);
            if (forever.Contains(unit) || unit.Since + policy.WaitForOnPrem > now) waiting.Add(unit);
        }

        if (waiting.Count > 0) CollectEnds();
        var soon = Forecast(waiting, forever);
        scene.Rollback(mark);
        var left = new List<Unit>(units.Count);
        foreach (var unit in units)
        {
            if (!waiting.Contains(unit) || Answer(unit, soon, forever.Contains(unit), reasons) is not { } decision)
                left.Add(unit);
            else decisions.Add(decision);
        }

        return left;
    }

    private BurstDecision? Answer(
        Unit unit, Dictionary<Unit, (DateTimeOffset At, string Node, PodKey Ends)> soon, bool forever, Reasons reasons)
    {
        var deadline = unit.Since + policy.WaitForOnPrem;
        var limit = forever
            ? "no pool could take it"
            : $"it waits up to {Words.Span(policy.WaitForOnPrem)} for owned machines";
        if (soon.TryGetValue(unit, out var room))
        {
            return new BurstDecision.Wait(room.At)
            {
                Pods = unit.Keys,
                Reason = BurstReason.OnPremSoon,
                Why = $"{room.Node} will have room at {Words.Time(room.At)}, when {room.Ends} ends; {limit}",
                WouldChange = "policy.burst.waitForOnPrem, if waiting is dearer than renting",
                Rejected = reasons.AllPools(unit, "an owned machine has room in time"),
            };
        }

        var able = AbleNodes(unit.First);
        if (able.Unknown is null && !forever) return null;
        return new BurstDecision.Wait(forever ? null : deadline)
        {
            Pods = unit.Keys,
            Reason = BurstReason.OnPremMaybe,
            Why = forever
                ? $"only {Names(able.Nodes)} could take it, and there is no room now: {reasons.NowhereNow(unit)}"
                : $"{Names(able.Nodes)} could take it when there is room; {limit}, until {Words.Time(deadline)}: "
                    + reasons.NowhereNow(unit),
            WouldChange = forever
                ? "the end of what runs there, or a pool whose nodes could take it"
                : "the end of what runs there, or a shorter policy.burst.waitForOnPrem",
            Rejected = reasons.AllPools(unit, "an owned machine may have room in time"),
        };
    }

    /// <summary>Plays the known ends forward: each gives its room to the first unit of the queue that fits there.</summary>
    private Dictionary<Unit, (DateTimeOffset At, string Node, PodKey Ends)> Forecast(
        List<Unit> waiting, HashSet<Unit> forever)
    {
        var soon = new Dictionary<Unit, (DateTimeOffset, string, PodKey)>();
        foreach (var (at, pod, node) in _ends)
        {
            if (soon.Count == waiting.Count) break;
            scene.RemovePod(pod);
            var refused = new HashSet<int>();
            foreach (var unit in waiting)
            {
                if (soon.ContainsKey(unit) || unit.IsGang) continue;
                if (!forever.Contains(unit) && unit.Since + policy.WaitForOnPrem < at) continue;
                var kind = facts.Class(unit.First);
                if (refused.Contains(kind)) continue;
                if (scene.TryPlaceOn(unit.First, node)) soon.Add(unit, (at, node, pod));
                else refused.Add(kind);
            }
        }

        return soon;
    }

    private void CollectEnds()
    {
        foreach (var node in scene.OwnedNodes())
        {
            foreach (var pod in scene.PodsOn(node))
            {
                if (seen.ExpectedEnds.TryGetValue(pod.Key, out var at)) _ends.Add((at > now ? at : now, pod.Key, node));
            }
        }

        _ends.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Pod.CompareTo(b.Pod));
    }

    private bool CouldEver(Unit unit) => unit.Keys.All(pod => AbleNodes(pod).Nodes.Count > 0);

    private Able AbleNodes(PodKey pod)
    {
        var kind = facts.Class(pod);
        if (_able.TryGetValue(kind, out var known)) return known;
        var able = new Able([]);
        foreach (var node in scene.OwnedNodes())
        {
            if (!scene.IsLargeEnough(pod, node)) continue;
            var pods = scene.PodsOn(node).Where(other => !IsDaemon(other)).ToList();
            var mark = scene.Mark();
            foreach (var other in pods) scene.RemovePod(other.Key);
            var fits = scene.FitsOn(pod, node);
            scene.Rollback(mark);
            if (!fits) continue;
            able.Nodes.Add(node);
            if (pods.Exists(other => !seen.ExpectedEnds.ContainsKey(other.Key))) able.Unknown ??= node;
        }

        _able.Add(kind, able);
        return able;
    }

    private static bool IsDaemon(PodRecord pod) => pod.Controller?.Kind is "DaemonSet" or "Node";

    private static string Names(List<string> nodes) => nodes.Count switch
    {
        1 => nodes[0],
        2 => $"{nodes[0]} or {nodes[1]}",
        _ => $"{nodes[0]}, {nodes[1]} or one of {nodes.Count - 2} more",
    };
}
