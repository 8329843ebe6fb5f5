using System.Numerics;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Packing;

/// <summary>The resources that pods of this request ask for, as columns: room for a pod first, then CPU and memory.</summary>
internal sealed class Columns
{
    // What the kubelet takes when nobody says otherwise, as in the engine.
    private const long DefaultPods = 110;

    // Shares of a GPU are rounded up to halves, quarters and so on: what adds up to whole devices then fits on them.
    private const long WholeGpu = 1024;

    private readonly bool shared;
    private readonly List<string> names = [ResourceAmounts.Pods, ResourceAmounts.Cpu, ResourceAmounts.Memory];

    public Columns(IEnumerable<PodRecord> samples)
    {
        foreach (var sample in samples)
        {
            shared |= sample.Requirements.GpuMilli > 0;
            foreach (var (name, amount) in sample.Requirements.Requests)
            {
                if (amount > 0 && !names.Contains(name)) names.Add(name);
            }
        }
        if (shared && !names.Contains(GpuShares.Resource)) names.Add(GpuShares.Resource);
        names.Sort(3, names.Count - 3, StringComparer.Ordinal);
    }

    public int Count => names.Count;

    public long[] Requests(PodRecord pod)
    {
        var amounts = new long[names.Count];
        for (var i = 1; i < amounts.Length; i++) amounts[i] = pod.Requirements.Requests[names[i]];
        amounts[0] = 1;
        if (!shared) return amounts;
        var gpu = names.IndexOf(GpuShares.Resource);
        amounts[gpu] *= WholeGpu;
        if (pod.Requirements.GpuMilli > 0)
        {
            var part = ((pod.Requirements.GpuMilli * WholeGpu) + GpuShares.Whole - 1) / GpuShares.Whole;
            amounts[gpu] += (long)BitOperations.RoundUpToPowerOf2((ulong)part);
        }
        return amounts;
    }

    public long[] Capacity(NodeRecord node)
    {
        var amounts = new long[names.Count];
        for (var i = 0; i < amounts.Length; i++) amounts[i] = Math.Max(0, node.Allocatable[names[i]]);
        if (!node.Allocatable.ContainsKey(ResourceAmounts.Pods)) amounts[0] = DefaultPods;
        if (shared) amounts[names.IndexOf(GpuShares.Resource)] *= WholeGpu;
        return amounts;
    }
}
