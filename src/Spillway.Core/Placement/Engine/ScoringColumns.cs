using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// What the resource scores read, as columns of doubles. All amounts are whole numbers far below 2^53, and quotients stay
/// at 100 or less, so that the floor of a double division is the integer division kube-scheduler does.
/// </summary>
internal sealed class ScoringColumns
{
    // Each tier outweighs all below it: the scheduler's scores add up to at most 1,100.
    private const double OwnTier = 1_000_000;
    private const double DeviceTier = 10_000;
    private const int MaxDeviceKinds = 99;
    private const double MaxNodeScore = 100;

    private double[] cpu = [];
    private double[] memory = [];
    private double[] countedCpu = [];
    private double[] countedMemory = [];
    private double[] usedCpu = [];
    private double[] usedMemory = [];
    private double[] packed = [];
    private double[] tier = [];

    public void Grow(int size)
    {
        Array.Resize(ref cpu, size);
        Array.Resize(ref memory, size);
        Array.Resize(ref countedCpu, size);
        Array.Resize(ref countedMemory, size);
        Array.Resize(ref usedCpu, size);
        Array.Resize(ref usedMemory, size);
        Array.Resize(ref packed, size);
        Array.Resize(ref tier, size);
    }

    public void SetNode(int slot, long cpuMillis, long memoryBytes, bool rented, int deviceKinds, bool keepUse)
    {
        cpu[slot] = cpuMillis;
        memory[slot] = memoryBytes;
        packed[slot] = rented ? 1 : 0;
        tier[slot] = (rented ? 0 : OwnTier) + (DeviceTier * (MaxDeviceKinds - Math.Min(MaxDeviceKinds, deviceKinds)));
        if (!keepUse) countedCpu[slot] = countedMemory[slot] = usedCpu[slot] = usedMemory[slot] = 0;
    }

    public void Use(int slot, PodClass podClass, int sign)
    {
        countedCpu[slot] += sign * podClass.ScoringCpu;
        countedMemory[slot] += sign * podClass.ScoringMemory;
        usedCpu[slot] += sign * podClass.UsedCpu;
        usedMemory[slot] += sign * podClass.UsedMemory;
    }

    /// <summary>What a node gains over the bare tier because the pod uses some of its kinds of device.</summary>
    public static double DeviceGain(NodeTable nodes, PodClass podClass, int slot)
    {
        var kinds = 0;
        foreach (var column in podClass.DeviceColumns)
        {
            if (nodes.Allocatable[column][slot] > 0) kinds++;
        }
        return DeviceTier * kinds;
    }

    /// <summary>What outweighs all other scores: own before rented, and fewer kinds of device before more.</summary>
    public double Tier(int slot) => tier[slot];

    /// <summary>Scores the four nodes from a slot on, a multiple of four: what each is worth to the pod by itself.</summary>
    public void Score(int slot, PodClass podClass, bool spillway, Span<double> scores)
    {
        var at = (nuint)slot;
        var hundred = Vector256.Create(MaxNodeScore);
        var capacityCpu = At(cpu, at);
        var capacityMemory = At(memory, at);
        var pack = spillway ? At(packed, at) : Vector256<double>.Zero;
        var score = Allocation(
            Share(capacityCpu, At(countedCpu, at) + Vector256.Create((double)podClass.ScoringCpu), pack),
            Share(capacityMemory, At(countedMemory, at) + Vector256.Create((double)podClass.ScoringMemory), pack),
            capacityCpu, capacityMemory);
        if (!podClass.BestEffort)
        {
            var one = Vector256<double>.One;
            var cpuShare = Vector256.Min(one, (At(usedCpu, at) + Vector256.Create(podClass.UsedCpu)) / capacityCpu);
            var memoryShare = Vector256.Min(
                one, (At(usedMemory, at) + Vector256.Create(podClass.UsedMemory)) / capacityMemory);
            var deviation = Vector256.Abs((cpuShare - memoryShare) * Vector256.Create(0.5));
            var balance = Vector256.Floor((one - deviation) * hundred);
            var both = Vector256.GreaterThan(Vector256.Min(capacityCpu, capacityMemory), Vector256<double>.Zero);
            score += Vector256.ConditionalSelect(both, balance, hundred);
        }
        if (spillway) score += At(tier, at);
        score.CopyTo(scores);
    }

    // Least allocated is the default profile's; most allocated is its mirror image, for nodes that cost by the hour.
    private static Vector256<double> Share(
        Vector256<double> capacity, Vector256<double> used, Vector256<double> pack)
    {
        var within = Vector256.Min(used, capacity);
        var unpacked = Vector256.Equals(pack, Vector256<double>.Zero);
        var counted = Vector256.ConditionalSelect(unpacked, capacity - within, within);
        return Vector256.Floor(counted * Vector256.Create(MaxNodeScore) / capacity);
    }

    // A resource that a node does not have is left out of the mean.
    private static Vector256<double> Allocation(
        Vector256<double> cpuScore, Vector256<double> memoryScore,
        Vector256<double> capacityCpu, Vector256<double> capacityMemory)
    {
        var zero = Vector256<double>.Zero;
        var hasCpu = Vector256.GreaterThan(capacityCpu, zero);
        var hasMemory = Vector256.GreaterThan(capacityMemory, zero);
        var sum = Vector256.ConditionalSelect(hasCpu, cpuScore, zero)
            + Vector256.ConditionalSelect(hasMemory, memoryScore, zero);
        var half = Vector256.Floor(sum * Vector256.Create(0.5));
        return Vector256.ConditionalSelect(hasCpu & hasMemory, half, sum);
    }

    private static Vector256<double> At(double[] column, nuint slot) =>
        Vector256.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(column), slot);
}
