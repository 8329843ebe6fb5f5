using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>A kind of expected pod in small numbers.</summary>
internal readonly record struct ExpectedKind(
    int CpuMillis, int MemoryMib, int Devices, int Milli, double Share, StaticRule Rule);

/// <summary>
/// How much of a node's free GPU will be left over for good. A node in a given state is shown several short samples of
/// the pods that are expected, takes what it can of each, and what nobody took counts, on average. To that comes a part
/// of what the very next pod could not use, which is FGD's measure (Weng et al., USENIX ATC 2023) and settles what the
/// samples leave equal. Each state is worked out once.
/// </summary>
internal sealed class FillForecast
{
    // Found on ten workloads alike: more and longer samples change the result by less than a hundredth of the GPUs.
    private const int Samples = 8;
    private const int Length = 64;
    private const double NextPodWeight = 0.3;

    // FGD looks at the most frequent kinds only; the last few per cent are noise.
    private const double Frequent = 0.95;
    private const int MostStates = 1 << 20;

    private readonly ExpectedKind[] kinds;
    private readonly bool[] frequent;
    private readonly short[] drawn = new short[Samples * Length];
    private readonly ulong[] positions;
    private readonly Dictionary<DeviceState, float> known = new(1 << 15);
    private readonly List<int[]> kindsOfType = [];
    private readonly int[] feasible;

    /// <param name="kinds">What is expected, the largest demand for GPUs first.</param>
    public FillForecast(ExpectedKind[] kinds)
    {
        this.kinds = kinds;
        feasible = new int[kinds.Length];
        frequent = MostFrequent(kinds);
        positions = new ulong[kinds.Length * Samples];
        Draw();
    }

    /// <summary>Nodes of a type take the same kinds as far as labels and taints go.</summary>
    public int AddType(int[] kindsItTakes)
    {
        kindsOfType.Add(kindsItTakes);
        return kindsOfType.Count - 1;
    }

    /// <summary>Thousandths of GPUs that are as good as lost in this state.</summary>
    public float Lost(in DeviceState state)
    {
        if (known.TryGetValue(state, out var lost)) return lost;
        if (known.Count >= MostStates) known.Clear();
        lost = (float)Work(state);
        known.Add(state, lost);
        return lost;
    }

    // Worked out some hundred thousand times in a run from its first moment on: worth compiling in full at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Work(DeviceState state)
    {
        var lanes = state.Lanes;
        Span<int> below = stackalloc int[DeviceState.MostDevices + 1];
        var first = state.First();
        for (var i = first; i < lanes.Length; i++) below[i + 1] = below[i] + lanes[i];
        var total = below[lanes.Length];
        if (total == 0) return 0;
        var unusable = 0.0;
        var seen = 0.0;
        var count = 0;
        var any = false;
        foreach (var index in kindsOfType[state.Type])
        {
            ref readonly var kind = ref kinds[index];
            if (kind.CpuMillis > state.CpuMillis || kind.MemoryMib > state.MemoryMib) continue;
            if (kind.Devices > 0)
            {
                if (lanes.Length - kind.Devices < first || lanes[^kind.Devices] < kind.Milli) continue;
                any = true;
                if (frequent[index])
                {
                    var lane = first;
                    while (lanes[lane] < kind.Milli) lane++;
                    unusable += kind.Share * below[lane];
                    seen += kind.Share;
                }
            }
            feasible[count++] = index;
        }
        unusable += (1 - seen) * total;
        var left = any ? Left(state, total, feasible.AsSpan(0, count)) : total;
        return left + (NextPodWeight * unusable);
    }

    /// <summary>What the samples leave, on average.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double Left(in DeviceState state, int total, ReadOnlySpan<int> candidates)
    {
        var where = Vector512<ulong>.Zero;
        foreach (var index in candidates)
            where |= Vector512.LoadUnsafe(ref positions[0], (nuint)(index * Samples));
        var sum = 0;
        for (var sample = 0; sample < Samples; sample++)
            sum += Play(state, total, where[sample], drawn.AsSpan(sample * Length, Length));
        return (double)sum / Samples;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Play(DeviceState state, int left, ulong where, ReadOnlySpan<short> sample)
    {
        var lanes = state.Lanes;
        for (; where != 0 && left > 0; where &= where - 1)
        {
            ref readonly var kind = ref kinds[sample[BitOperations.TrailingZeroCount(where)]];
            if (kind.CpuMillis > state.CpuMillis || kind.MemoryMib > state.MemoryMib) continue;
            if (kind.Devices > 0)
            {
                if (kind.Devices > lanes.Length || lanes[^kind.Devices] < kind.Milli) continue;
                if (kind.Devices == 1)
                {
                    var lane = lanes.Length - 1;
                    while (lane > 0 && lanes[lane - 1] >= kind.Milli) lane--;
                    state.TakeShare(lane, kind.Milli);
                }
                else state.TakeWhole(kind.Devices);
                left -= kind.Devices * kind.Milli;
            }
            state.CpuMillis -= kind.CpuMillis;
            state.MemoryMib -= kind.MemoryMib;
        }
        return left;
    }

    /// <summary>
    /// Samples that are each a fair likeness of the whole: one pod from every sixty-fourth part of the distribution,
    /// ordered by what is asked, in an order that is mixed but always the same.
    /// </summary>
    private void Draw()
    {
        if (kinds.Length == 0) return;
        var total = kinds.Sum(kind => kind.Share);
        var random = 0x2545F4914F6CDD1DUL;
        for (var sample = 0; sample < Samples; sample++)
        {
            var row = drawn.AsSpan(sample * Length, Length);
            var index = 0;
            var reached = kinds[0].Share;
            for (var i = 0; i < Length; i++)
            {
                var wanted = total * (i + ((sample + 0.5) / Samples)) / Length;
                while (reached < wanted && index < kinds.Length - 1) reached += kinds[++index].Share;
                row[i] = (short)index;
            }
            for (var i = Length - 1; i > 0; i--)
            {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                var other = (int)(random % (ulong)(i + 1));
                (row[i], row[other]) = (row[other], row[i]);
            }
            for (var i = 0; i < Length; i++) positions[(row[i] * Samples) + sample] |= 1UL << i;
        }
    }

    private static bool[] MostFrequent(ExpectedKind[] kinds)
    {
        var frequent = new bool[kinds.Length];
        var reached = 0.0;
        foreach (var index in Enumerable.Range(0, kinds.Length).OrderByDescending(index => kinds[index].Share))
        {
            frequent[index] = true;
            reached += kinds[index].Share;
            if (reached >= Frequent) break;
        }
        return frequent;
    }
}
