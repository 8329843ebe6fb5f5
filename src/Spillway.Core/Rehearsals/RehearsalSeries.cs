using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Rehearsals;

/// <summary>What the cluster was like at one time.</summary>
public record struct ClusterLoad
{
    private const double Mebibyte = 1 << 20;

    /// <summary>Thousandths of GPUs.</summary>
    public double UsedGpuMilli { get; set; }

    public double GpuMilli { get; set; }

    public double UsedCpuMillis { get; set; }

    public double CpuMillis { get; set; }

    /// <summary>MiB.</summary>
    public double UsedMemoryMib { get; set; }

    public double MemoryMib { get; set; }

    /// <summary>What of the above is on rented nodes.</summary>
    public double RentedUsedGpuMilli { get; set; }

    public double RentedGpuMilli { get; set; }

    public double RentedUsedCpuMillis { get; set; }

    public double RentedCpuMillis { get; set; }

    public double RentedUsedMemoryMib { get; set; }

    public double RentedMemoryMib { get; set; }

    public double WaitingPods { get; set; }

    public double RunningPods { get; set; }

    public double RentedNodes { get; set; }

    /// <summary>What all nodes cost an hour, in the cluster's currency.</summary>
    public double OnPremPerHour { get; set; }

    public double CloudPerHour { get; set; }

    /// <summary>A pod starts (1) or ends (-1).</summary>
    public void AddPod(ResourceAmounts requests, double gpuMilli, bool isRented, int sign)
    {
        var (cpu, memory, gpu) = (sign * requests.CpuMillis, sign * requests.MemoryBytes / Mebibyte, sign * gpuMilli);
        RunningPods += sign;
        UsedCpuMillis += cpu;
        UsedMemoryMib += memory;
        UsedGpuMilli += gpu;
        if (!isRented) return;
        RentedUsedCpuMillis += cpu;
        RentedUsedMemoryMib += memory;
        RentedUsedGpuMilli += gpu;
    }

    /// <summary>A node comes (1) or goes (-1).</summary>
    public void AddNode(ResourceAmounts room, double pricePerHour, bool isRented, int sign)
    {
        var (cpu, memory) = (sign * room.CpuMillis, sign * room.MemoryBytes / Mebibyte);
        var gpu = sign * room[GpuShares.Resource] * GpuShares.Whole;
        CpuMillis += cpu;
        MemoryMib += memory;
        GpuMilli += gpu;
        if (!isRented)
        {
            OnPremPerHour += sign * pricePerHour;
            return;
        }
        RentedCpuMillis += cpu;
        RentedMemoryMib += memory;
        RentedGpuMilli += gpu;
        RentedNodes += sign;
        CloudPerHour += sign * pricePerHour;
    }

    internal void Add(in ClusterLoad other, double times)
    {
        UsedMemoryMib += other.UsedMemoryMib * times;
        MemoryMib += other.MemoryMib * times;
        RentedUsedGpuMilli += other.RentedUsedGpuMilli * times;
        RentedGpuMilli += other.RentedGpuMilli * times;
        RentedUsedCpuMillis += other.RentedUsedCpuMillis * times;
        RentedCpuMillis += other.RentedCpuMillis * times;
        RentedUsedMemoryMib += other.RentedUsedMemoryMib * times;
        RentedMemoryMib += other.RentedMemoryMib * times;
        UsedGpuMilli += other.UsedGpuMilli * times;
        GpuMilli += other.GpuMilli * times;
        UsedCpuMillis += other.UsedCpuMillis * times;
        CpuMillis += other.CpuMillis * times;
        WaitingPods += other.WaitingPods * times;
        RunningPods += other.RunningPods * times;
        RentedNodes += other.RentedNodes * times;
        OnPremPerHour += other.OnPremPerHour * times;
        CloudPerHour += other.CloudPerHour * times;
    }
}

/// <summary>
/// The load over time as means over equal steps. However long the time, there are at most <see cref="MostSteps"/>: when
/// they run out, each two become one.
/// </summary>
public sealed class RehearsalSeries
{
    public const int MostSteps = 512;

    private readonly ClusterLoad[] sums = new ClusterLoad[MostSteps];
    private double reached;
    private ClusterLoad now;

    /// <summary>Seconds in a step.</summary>
    public double StepSeconds { get; private set; } = 1;

    public int Count => (int)Math.Ceiling(reached / StepSeconds);

    /// <summary>The mean of a step; of the last one only as far as it was played.</summary>
    public ClusterLoad this[int step]
    {
        get
        {
            var mean = default(ClusterLoad);
            mean.Add(sums[step], 1 / Math.Min(StepSeconds, reached - (step * StepSeconds)));
            return mean;
        }
    }

    /// <summary>The load is this from the given second on.</summary>
    public void Set(double seconds, in ClusterLoad load)
    {
        Advance(seconds);
        now = load;
    }

    /// <summary>Nothing changes up to the given second.</summary>
    public void Advance(double seconds)
    {
        while (seconds > StepSeconds * MostSteps) Halve();
        while (reached < seconds)
        {
            var step = (int)(reached / StepSeconds);
            var end = Math.Min(seconds, (step + 1) * StepSeconds);
            if (end <= reached) end = Math.Min(seconds, (++step + 1) * StepSeconds);
            sums[step].Add(now, end - reached);
            reached = end;
        }
    }

    private void Halve()
    {
        for (var step = 0; step < MostSteps / 2; step++)
        {
            var both = sums[2 * step];
            both.Add(sums[(2 * step) + 1], 1);
            sums[step] = both;
        }
        Array.Clear(sums, MostSteps / 2, MostSteps / 2);
        StepSeconds *= 2;
    }
}
