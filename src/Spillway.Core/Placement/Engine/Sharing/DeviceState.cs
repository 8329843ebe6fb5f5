using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>
/// What is free on a node with GPUs, as far as the pods that are expected can tell: nodes in equal states are worth the
/// same. The free parts of its GPUs are sorted, smallest first; -1 stands before the first for GPUs it does not have.
/// </summary>
internal struct DeviceState : IEquatable<DeviceState>
{
    /// <summary>Nodes with more GPUs than this are not compared by what they are worth.</summary>
    public const int MostDevices = 16;

    public int Type;
    public int CpuMillis;
    public int MemoryMib;
    private LaneArray lanes;

    /// <summary>Ascending; at the front -1 for each GPU the node does not have.</summary>
    [UnscopedRef]
    public Span<short> Lanes => MemoryMarshal.CreateSpan(ref Unsafe.As<LaneArray, short>(ref lanes), MostDevices);

    /// <summary>Where the first GPU is among the lanes.</summary>
    public int First()
    {
        var first = 0;
        foreach (var lane in Lanes)
        {
            if (lane >= 0) break;
            first++;
        }
        return first;
    }

    public static DeviceState Of(int type, long cpuMillis, long memoryBytes, ReadOnlySpan<int> free)
    {
        var state = new DeviceState
        {
            Type = type,
            CpuMillis = (int)Math.Clamp(cpuMillis, 0, int.MaxValue),
            MemoryMib = (int)Math.Clamp(memoryBytes >> 20, 0, int.MaxValue),
        };
        var lanes = state.Lanes;
        lanes.Fill(-1);
        for (var i = 0; i < free.Length; i++)
            Insert(lanes, MostDevices - i, (short)Math.Max(0, free[i]));
        return state;
    }

    /// <summary>Takes a share of the GPU in the lane, or with 1000 thousandths one that is whole.</summary>
    public void TakeShare(int lane, int milli)
    {
        var lanes = Lanes;
        var left = (short)(lanes[lane] - milli);
        for (; lane > 0 && lanes[lane - 1] > left; lane--) lanes[lane] = lanes[lane - 1];
        lanes[lane] = left;
    }

    public void TakeWhole(int count)
    {
        for (var lane = MostDevices - 1; count > 0; count--) TakeShare(lane, Math.Max((short)0, Lanes[lane]));
    }

    // The lanes from `first` on are sorted; the value moves up to its place among them.
    private static void Insert(Span<short> lanes, int first, short value)
    {
        var at = first - 1;
        for (; at + 1 < MostDevices && lanes[at + 1] < value; at++) lanes[at] = lanes[at + 1];
        lanes[at] = value;
    }

    public readonly bool Equals(DeviceState other)
    {
        ref readonly var mine = ref lanes;
        return Type == other.Type && CpuMillis == other.CpuMillis && MemoryMib == other.MemoryMib
            && Words(in mine).SequenceEqual(Words(in other.lanes));
    }

    public override readonly bool Equals(object? obj) => obj is DeviceState other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = ((ulong)(uint)Type << 52) ^ ((ulong)(uint)CpuMillis << 26) ^ (uint)MemoryMib;
        foreach (var word in Words(in lanes)) hash = (hash ^ word ^ (hash >> 29)) * 0x9E3779B97F4A7C15;
        return (int)(hash >> 32);
    }

    private static ReadOnlySpan<ulong> Words(ref readonly LaneArray lanes) => MemoryMarshal.CreateReadOnlySpan(
        ref Unsafe.As<LaneArray, ulong>(ref Unsafe.AsRef(in lanes)), MostDevices / 4);

    [InlineArray(MostDevices)]
    private struct LaneArray
    {
        private short first;
    }
}
