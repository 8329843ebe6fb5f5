using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Controllers.Costs;

/// <summary>
/// How large pods and nodes were, for a report of use over time: the ledger keeps what they cost, which is less. Lives
/// as long as the process.
/// </summary>
public sealed class SizeBook
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PodSize> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ResourceAmounts> _nodes = new(StringComparer.Ordinal);

    /// <summary>Null for a pod that was never seen.</summary>
    public PodSize? Pod(PodEntry entry)
    {
        lock (_gate) return _pods.TryGetValue(entry.Uid, out var size) ? size : null;
    }

    /// <summary>What pods may take of the node; nothing for one that never came up.</summary>
    public ResourceAmounts Node(NodeEntry entry)
    {
        lock (_gate) return _nodes.GetValueOrDefault(entry.Name, ResourceAmounts.Empty);
    }

    internal void Note(PodRecord pod)
    {
        var size = PodSize.Of(pod.Requirements);
        lock (_gate) _pods[pod.Uid] = size;
    }

    internal void Note(string node, ResourceAmounts allocatable)
    {
        lock (_gate) _nodes[node] = allocatable;
    }
}

/// <summary>What a pod takes of its node.</summary>
/// <param name="GpuMilli">Thousandths of GPUs, whole ones included.</param>
public readonly record struct PodSize(ResourceAmounts Requests, double GpuMilli)
{
    public static PodSize Of(PodRequirements asked) => new(
        asked.Requests, asked.GpuMilli + (asked.Requests[GpuShares.Resource] * GpuShares.Whole));
}
