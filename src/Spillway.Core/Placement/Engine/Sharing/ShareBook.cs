namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>What placing one class of pods would cost on each node, kept until the node changes.</summary>
internal sealed class ShareBook(int devices, int milli, int cpuMillis, int memoryMib)
{
    public int Devices { get; } = devices;

    public int Milli { get; } = milli;

    public int CpuMillis { get; } = cpuMillis;

    public int MemoryMib { get; } = memoryMib;

    /// <summary>The types of node the class may go to, one bit each, and how many types were known then.</summary>
    public ulong Types { get; set; }

    public int TypesSeen { get; set; } = -1;

    public long Epoch { get; set; }

    public int[] Stamps { get; set; } = [];

    public float[] Costs { get; set; } = [];

    /// <summary>The free part of the GPU that a share would be taken from.</summary>
    public short[] Parts { get; set; } = [];

    public static ShareBook Of(PodClass podClass)
    {
        var requests = podClass.Requirements.Requests;
        return new ShareBook(
            podClass.GpuMilli > 0 ? 1 : podClass.Gpus,
            podClass.GpuMilli > 0 ? podClass.GpuMilli : Placement.Sharing.GpuShares.Whole,
            (int)Math.Min(int.MaxValue, requests.CpuMillis),
            (int)Math.Min(int.MaxValue, (requests.MemoryBytes + (1 << 20) - 1) >> 20));
    }
}
