using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement;

public sealed partial class PlacementModel
{
    /// <summary>
    /// What pods are expected to ask for. From then on pods are placed on nodes with GPUs, and on the GPUs of a node, so
    /// that what stays free is of use to those; without it, a share goes where it fits best.
    /// </summary>
    public void SetDemand(DeviceDemand? demand) => sharing.SetDemand(demand);

    /// <summary>The indexes of the GPUs that the pod has, or has a part of, on its node; empty when it has none.</summary>
    public IReadOnlyList<int> GpusOf(PodKey key) =>
        state.Pods.TryGetValue(key, out var pod) && pod.Slot >= 0 && pod.Class.UsesGpus
            ? GpuShares.Indexes(pod.Devices)
            : [];

    /// <summary>What is free of each GPU of a node, in thousandths, by index.</summary>
    public IReadOnlyList<int> FreeGpuMilli(string node)
    {
        var slot = state.Nodes.Find(node);
        return slot < 0 ? [] : state.Nodes.Devices.Free(slot).ToArray();
    }
}
