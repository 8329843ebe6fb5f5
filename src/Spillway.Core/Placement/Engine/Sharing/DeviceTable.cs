using System.Numerics;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>
/// The GPUs of every node one by one: what is free of each. Two columns of the node table follow from it, so that filters
/// stay what they are for any resource: how many GPUs nobody has a part of, and the largest free part of one.
/// </summary>
internal sealed class DeviceTable(NodeTable nodes)
{
    // A set of devices is a word; no machine has more GPUs.
    private const int MostDevices = 64;

    private readonly int wholeColumn = nodes.Column(GpuShares.Resource);
    private readonly int shareColumn = nodes.Column(GpuShares.Part);
    private int[][] free = [];
    private int[][] sharers = [];

    public int WholeColumn => wholeColumn;

    public int ShareColumn => shareColumn;

    /// <summary>Which device of a node a new share goes to; null chooses the one it fills best.</summary>
    public Func<PodClass, int, int>? Chooser { get; set; }

    public ReadOnlySpan<int> Free(int slot) => slot < free.Length ? free[slot] : [];

    public void Grow(int size)
    {
        var old = free.Length;
        Array.Resize(ref free, size);
        Array.Resize(ref sharers, size);
        free.AsSpan(old).Fill([]);
        sharers.AsSpan(old).Fill([]);
    }

    public void Remove(int slot) => free[slot] = sharers[slot] = [];

    /// <summary>The node's number of GPUs, at first or from now on; those that stay keep what is taken of them.</summary>
    public void SetNode(int slot, bool keepUse)
    {
        var count = (int)Math.Clamp(nodes.Allocatable[wholeColumn][slot], 0, MostDevices);
        if (keepUse && count == free[slot].Length)
        {
            ShowLargest(slot);
            return;
        }
        var left = new int[count];
        var users = new int[count];
        left.AsSpan().Fill(GpuShares.Whole);
        if (keepUse)
        {
            var common = Math.Min(count, free[slot].Length);
            free[slot].AsSpan(0, common).CopyTo(left);
            sharers[slot].AsSpan(0, common).CopyTo(users);
            for (var i = common; i < sharers[slot].Length; i++)
            {
                if (sharers[slot][i] > 0) nodes.Free[wholeColumn][slot]++;
            }
        }
        free[slot] = left;
        sharers[slot] = users;
        ShowLargest(slot);
    }

    /// <summary>Takes the pod's devices: the wanted ones, or the best there are. Returns which, one bit each.</summary>
    public ulong Take(int slot, PodClass podClass, ulong wanted)
    {
        var left = free[slot];
        if (left.Length == 0) return wanted;
        if (podClass.GpuMilli > 0)
        {
            var device = wanted != 0 ? BitOperations.TrailingZeroCount(wanted) : Choose(podClass, slot);
            if (device < left.Length)
            {
                left[device] -= podClass.GpuMilli;
                if (sharers[slot][device]++ == 0) nodes.Free[wholeColumn][slot]--;
            }
            ShowLargest(slot);
            return 1UL << device;
        }
        var devices = wanted != 0 ? wanted : Emptiest(left, podClass.Gpus);
        Change(left, devices, -GpuShares.Whole);
        ShowLargest(slot);
        return devices;
    }

    public void Give(int slot, PodClass podClass, ulong devices)
    {
        var left = free[slot];
        if (left.Length == 0) return;
        if (podClass.GpuMilli > 0)
        {
            var device = BitOperations.TrailingZeroCount(devices);
            if (device >= left.Length) return;
            left[device] += podClass.GpuMilli;
            if (--sharers[slot][device] == 0) nodes.Free[wholeColumn][slot]++;
        }
        else Change(left, devices, GpuShares.Whole);
        ShowLargest(slot);
    }

    /// <summary>The device with the least free that takes the share; the emptiest where none does.</summary>
    public static int BestFit(ReadOnlySpan<int> left, int milli)
    {
        var best = 0;
        for (var i = 1; i < left.Length; i++)
        {
            var better = left[i] >= milli
                ? left[best] < milli || left[i] < left[best]
                : left[best] < milli && left[i] > left[best];
            if (better) best = i;
        }
        return best;
    }

    private int Choose(PodClass podClass, int slot)
    {
        var chosen = Chooser?.Invoke(podClass, slot) ?? -1;
        return chosen >= 0 ? chosen : BestFit(free[slot], podClass.GpuMilli);
    }

    private static ulong Emptiest(int[] left, int count)
    {
        var devices = 0UL;
        for (var n = 0; n < count && n < left.Length; n++)
        {
            var best = -1;
            for (var i = 0; i < left.Length; i++)
            {
                if ((devices >> i & 1) == 0 && (best < 0 || left[i] > left[best])) best = i;
            }
            devices |= 1UL << best;
        }
        return devices;
    }

    private static void Change(int[] left, ulong devices, int milli)
    {
        for (; devices != 0; devices &= devices - 1)
        {
            var device = BitOperations.TrailingZeroCount(devices);
            if (device < left.Length) left[device] += milli;
        }
    }

    private void ShowLargest(int slot)
    {
        var largest = 0;
        foreach (var milli in free[slot]) largest = Math.Max(largest, milli);
        nodes.Free[shareColumn][slot] = largest;
    }
}
