using Spillway.Core.ClusterFile;
using Spillway.Core.Placement.Sharing;
using Spillway.Core.Quantities;
using Spillway.Core.Traces;

namespace Spillway.Cli.Rehearsals;

/// <summary>The nodes of a trace as machines of the cluster file, so that both kinds of rehearsal build nodes one way.</summary>
internal static class TraceCluster
{
    private const string Site = "trace";
    private const long MostPods = 1000;

    public static ClusterModel With(ClusterModel model, IReadOnlyList<TraceNode> nodes, string path)
    {
        var names = model.Cluster.Machines.Select(machine => machine.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (names.Add(node.Name)) continue;
            throw new CommandFailure(ExitCode.No, $"{path}: the node {node.Name} is there twice");
        }
        return model with
        {
            Cluster = model.Cluster with { Machines = [.. model.Cluster.Machines, .. nodes.Select(MachineOf)] },
        };
    }

    private static Machine MachineOf(TraceNode node)
    {
        var capacity = new List<KeyValuePair<string, Quantity>>
        {
            KeyValuePair.Create(ResourceList.Cpu, Quantity.FromMilli(node.CpuMillis)),
            KeyValuePair.Create(ResourceList.Pods, Quantity.FromWhole(MostPods)),
        };
        if (node.MemoryMib > 0)
            capacity.Add(KeyValuePair.Create(ResourceList.Memory, Quantity.FromMebibytes(node.MemoryMib)));
        if (node.Gpus > 0) capacity.Add(KeyValuePair.Create(GpuShares.Resource, Quantity.FromWhole(node.Gpus)));
        return new Machine
        {
            Name = node.Name,
            Site = Site,
            Capacity = new ResourceList(capacity),
            Labels = node.GpuModel.Length == 0
                ? new SortedDictionary<string, string>()
                : new SortedDictionary<string, string> { [GpuShares.ModelLabel] = node.GpuModel },
        };
    }
}
