using System.Runtime.InteropServices;
using Spillway.Core.Placement;

namespace Spillway.Core.Packing;

/// <summary>
/// Groups pods that nothing tells apart: equal requests, profile, labels and priority. Groups are numbered by their least pod key,
/// so that the numbers do not depend on the order of the input.
/// </summary>
internal sealed class PodSorter
{
    private readonly Dictionary<Profile, int> profiles = [];
    private readonly Dictionary<(string Namespace, LabelMap Labels), int> labelSets = [];
    private readonly Dictionary<(ResourceAmounts Requests, int GpuMilli), int> sizes = [];
    private readonly Dictionary<(int Profile, int Labels, int Size, int Priority), int> groups = [];
    private readonly IReadOnlyList<PodRecord> pods;
    private (PodRequirements? Asks, LabelMap? Labels, string Namespace, int Group) last = (null, null, "", -1);

    private PodSorter(IReadOnlyList<PodRecord> pods) => this.pods = pods;

    /// <param name="pods">The pods of the request.</param>
    /// <param name="leftOut">Pods that are in no group.</param>
    public static IReadOnlyList<PodGroup> Run(IReadOnlyList<PodRecord> pods, IReadOnlySet<int> leftOut)
    {
        var sorter = new PodSorter(pods);
        var groupOf = new int[pods.Count];
        for (var pod = 0; pod < groupOf.Length; pod++)
            groupOf[pod] = leftOut.Count > 0 && leftOut.Contains(pod) ? -1 : sorter.GroupOf(pods[pod]);
        return sorter.Collect(groupOf);
    }

    private int GroupOf(PodRecord pod)
    {
        // Pods of one owner often share what was read once: then they need no look-up at all.
        if (ReferenceEquals(pod.Requirements, last.Asks) && ReferenceEquals(pod.Labels, last.Labels)
            && pod.Key.Namespace == last.Namespace)
            return last.Group;
        var profile = Number(profiles, new Profile(pod));
        var labels = Number(labelSets, (pod.Key.Namespace, pod.Labels));
        var size = Number(sizes, (pod.Requirements.Requests, pod.Requirements.GpuMilli));
        var group = Number(groups, (profile, labels, size, pod.Requirements.Priority));
        last = (pod.Requirements, pod.Labels, pod.Key.Namespace, group);
        return group;
    }

    private static int Number<TKey>(Dictionary<TKey, int> table, TKey key)
        where TKey : notnull
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(table, key, out var known);
        if (!known) number = table.Count - 1;
        return number;
    }

    private PodGroup[] Collect(int[] groupOf)
    {
        var first = new int[groups.Count + 1];
        foreach (var group in groupOf)
        {
            if (group >= 0) first[group + 1]++;
        }
        for (var group = 0; group < groups.Count; group++) first[group + 1] += first[group];
        var members = new int[groupOf.Length];
        var next = first.AsSpan(0, groups.Count).ToArray();
        for (var pod = 0; pod < groupOf.Length; pod++)
        {
            if (groupOf[pod] >= 0) members[next[groupOf[pod]]++] = pod;
        }

        var collected = new PodGroup[groups.Count];
        foreach (var ((profile, labels, size, priority), group) in groups)
        {
            var mine = members.AsMemory(first[group], first[group + 1] - first[group]);
            SortByKey(mine.Span);
            collected[group] = new PodGroup(profile, labels, size, priority, mine);
        }
        Array.Sort(collected, (a, b) => pods[a.First].Key.CompareTo(pods[b.First].Key));
        return collected;
    }

    private void SortByKey(Span<int> members)
    {
        for (var i = 1; i < members.Length; i++)
        {
            if (pods[members[i - 1]].Key.CompareTo(pods[members[i]].Key) <= 0) continue;
            members.Sort((a, b) => pods[a].Key.CompareTo(pods[b].Key));
            return;
        }
    }
}

/// <summary>Pods that nothing tells apart.</summary>
/// <param name="Profile">Equal numbers: equal profile.</param>
/// <param name="Labels">Equal numbers: equal labels and namespace.</param>
/// <param name="Size">Equal numbers: equal requests.</param>
/// <param name="Pods">Indices into the pods of the request, by key.</param>
internal sealed record PodGroup(int Profile, int Labels, int Size, int Priority, ReadOnlyMemory<int> Pods)
{
    public int First => Pods.Span[0];

    public int Count => Pods.Length;
}
