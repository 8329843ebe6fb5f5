using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>Pods that get nodes together or not at all, in the order in which they are served when not all can be.</summary>
internal sealed class Units
{
    private readonly IReadOnlyList<PodRecord> pods;
    private readonly Dictionary<(string Namespace, string Gang), List<int>> gangs = [];

    /// <param name="pods">The pods of the request.</param>
    /// <param name="state">The cluster as it is; members that run count.</param>
    /// <param name="unpacked">Takes those that must not lead to a node: gated ones and gangs that are not complete.</param>
    public Units(IReadOnlyList<PodRecord> pods, ModelState state, List<UnpackedPod> unpacked)
    {
        this.pods = pods;
        var held = new HashSet<int>();
        for (var pod = 0; pod < pods.Count; pod++)
        {
            var asks = pods[pod].Requirements;
            if (!asks.SchedulingGates.IsEmpty)
            {
                unpacked.Add(new UnpackedPod(pod, UnpackedReason.HeldBack));
                held.Add(pod);
            }
            if (asks.Gang is not { } gang) continue;
            var key = (pods[pod].Key.Namespace, gang.Name);
            if (!gangs.TryGetValue(key, out var members)) gangs.Add(key, members = []);
            members.Add(pod);
        }
        foreach (var ((ns, name), members) in gangs)
        {
            if (IsComplete(ns, name, members, held, state)) continue;
            foreach (var pod in members)
            {
                if (held.Add(pod)) unpacked.Add(new UnpackedPod(pod, UnpackedReason.GangIncomplete));
            }
        }
        LeftOut = held;
    }

    public IReadOnlySet<int> LeftOut { get; }

    public bool HasGangs => gangs.Count > 0;

    /// <summary>Higher priority first, then the older, then by key; a gang counts as its first member.</summary>
    public List<int[]> InOrder()
    {
        var units = new List<int[]>();
        foreach (var members in gangs.Values)
        {
            if (LeftOut.Contains(members[0])) continue;
            members.Sort(Compare);
            units.Add([.. members]);
        }
        for (var pod = 0; pod < pods.Count; pod++)
        {
            if (pods[pod].Requirements.Gang is null && !LeftOut.Contains(pod)) units.Add([pod]);
        }
        units.Sort((a, b) => Compare(a[0], b[0]));
        return units;
    }

    private int Compare(int a, int b)
    {
        var order = pods[b].Requirements.Priority.CompareTo(pods[a].Requirements.Priority);
        if (order == 0) order = pods[a].CreatedAt.CompareTo(pods[b].CreatedAt);
        return order != 0 ? order : pods[a].Key.CompareTo(pods[b].Key);
    }

    private bool IsComplete(string ns, string name, List<int> members, HashSet<int> held, ModelState state)
    {
        if (members.Exists(held.Contains)) return false;
        var size = members.Max(pod => pods[pod].Requirements.Gang!.Size);
        if (size <= members.Count) return true;
        var mine = members.Select(pod => pods[pod].Key).ToHashSet();
        return size <= members.Count + state.Gangs.Members(ns, name)
            .Count(member => !mine.Contains(member.Key) && member.NodeName.Length > 0);
    }
}
