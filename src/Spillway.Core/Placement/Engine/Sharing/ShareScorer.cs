using System.Numerics;
using System.Runtime.CompilerServices;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Engine.Sharing;

/// <summary>
/// Chooses nodes, and GPUs of a node, so that what stays free is of use to the pods that are expected: the cost of a
/// placement is the GPU capacity that it makes worthless. A pod without GPUs is judged the same way, by the processors
/// and memory it takes from GPUs beside it.
/// </summary>
internal sealed class ShareScorer(ModelState state)
{
    // Costs in thousandths of GPUs become points below the tier of device kinds, which is 10,000.
    private const double NoCost = 5000;
    private const double PointsPerMilli = 0.1;

    private const int MostShapes = 4096;

    // A book a class and node costs ten bytes; larger clusters go without.
    private const int MostBookNodes = 1 << 14;

    private readonly NodeTable nodes = state.Nodes;
    private readonly Dictionary<NodeShape, int> typeOfShape = new(ReferenceEqualityComparer.Instance);
    private readonly List<NodeRecord> exampleOfType = [];
    private ulong[] kindBits = [];
    private ExpectedKind[] kinds = [];
    private FillForecast? forecast;
    private ScarceKinds scarce = ScarceKinds.Of([], [], 0);
    private DeviceState[] states = [];
    private float[] lost = [];
    private int[] stamps = [];
    private float[] places = [];
    private long[] freeMilli = [];
    private long totalFree;
    private double milliPerPod;
    private long seen = -1;
    private long epoch;

    /// <summary>Whether there is anything to go by.</summary>
    public bool Active => forecast is not null;

    public void SetDemand(DeviceDemand? demand)
    {
        forecast = null;
        epoch++;
        nodes.Devices.Chooser = null;
        if (demand is null || demand.Kinds.All(kind => kind.Devices == 0)) return;
        kinds = [.. demand.Kinds.Select(kind => new ExpectedKind(
            (int)Math.Min(int.MaxValue, kind.Requirements.Requests.CpuMillis),
            (int)Math.Min(int.MaxValue, (kind.Requirements.Requests.MemoryBytes + (1 << 20) - 1) >> 20),
            kind.Devices, kind.Milli, kind.Share, state.Classes.Pin(kind.Requirements)))];
        milliPerPod = kinds.Sum(kind => kind.Share * kind.Devices * kind.Milli);
        forecast = new FillForecast(kinds);
        typeOfShape.Clear();
        exampleOfType.Clear();
        kindBits = new ulong[kinds.Length];
        seen = -1;
        nodes.Devices.Chooser = DeviceFor;
    }

    /// <summary>Whether the node's place in the order is for this scorer to say.</summary>
    public bool Judges(int slot) => nodes.Devices.Free(slot).Length is > 0 and <= DeviceState.MostDevices;

    /// <summary>The best node of the mask; ties go to the name that comes first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Best(PodClass podClass, ReadOnlySpan<ulong> mask, out double score)
    {
        var book = Prepare(podClass);
        var best = -1;
        score = double.NegativeInfinity;
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                var points = nodes.Scoring.Tier(slot) + ScoringColumns.DeviceGain(nodes, podClass, slot);
                if (Judges(slot))
                {
                    points += NoCost - (PointsPerMilli * Cost(book, slot));

                    // What scarce kinds would lose can only make it worse.
                    if (points < score) continue;
                    if (scarce.AnyPrice) points -= PointsPerMilli * ScarceCost(book, slot);
                }
                if (points < score) continue;
                if (points == score && nodes.Order.Key(slot) > nodes.Order.Key(best)) continue;
                best = slot;
                score = points;
            }
        }
        return best;
    }

    /// <summary>Points for one node, for pods whose nodes are compared in other ways as well.</summary>
    public double Points(PodClass podClass, int slot)
    {
        var book = Prepare(podClass);
        var cost = Cost(book, slot) + (scarce.AnyPrice ? ScarceCost(book, slot) : 0);
        return NoCost - (PointsPerMilli * cost);
    }

    private int DeviceFor(PodClass podClass, int slot)
    {
        if (!Judges(slot)) return -1;
        var book = Prepare(podClass);
        if (states[slot].Lanes[^1] < book.Milli) return -1;
        var before = states[slot];
        BestShare(book, before, out var part);
        var free = nodes.Devices.Free(slot);
        for (var device = 0; device < free.Length; device++)
        {
            if (free[device] == part) return device;
        }
        return -1;
    }

    private ShareBook Prepare(PodClass podClass)
    {
        CatchUp();
        var book = podClass.Shares ??= ShareBook.Of(podClass);
        if (book.Epoch != epoch)
        {
            book.Epoch = epoch;
            book.TypesSeen = -1;
            book.Stamps = [];
        }
        if (book.TypesSeen != exampleOfType.Count)
        {
            book.Types = 0;
            for (var type = 0; type < exampleOfType.Count; type++)
            {
                if (podClass.Rule.Takes(exampleOfType[type])) book.Types |= 1UL << type;
            }
            book.TypesSeen = exampleOfType.Count;
        }
        if (book.Stamps.Length < nodes.High && nodes.High <= MostBookNodes)
        {
            book.Stamps = new int[nodes.Records.Length];
            book.Costs = new float[nodes.Records.Length];
        }
        return book;
    }

    private float Cost(ShareBook book, int slot)
    {
        if (slot >= book.Stamps.Length) return Work(book, slot);
        if (book.Stamps[slot] == stamps[slot]) return book.Costs[slot];
        book.Stamps[slot] = stamps[slot];
        return book.Costs[slot] = Work(book, slot);
    }

    private float Work(ShareBook book, int slot)
    {
        var after = states[slot];
        if (book.Devices == 1 && book.Milli < GpuShares.Whole) return BestShare(book, after, out _) - lost[slot];
        Take(ref after, book);
        return forecast!.Lost(after) - lost[slot];
    }

    private static void Take(ref DeviceState after, ShareBook book)
    {
        after.CpuMillis = Math.Max(0, after.CpuMillis - book.CpuMillis);
        after.MemoryMib = Math.Max(0, after.MemoryMib - book.MemoryMib);
        if (book.Devices > 0) after.TakeWhole(Math.Min(book.Devices, DeviceState.MostDevices));
    }

    private float BestShare(ShareBook book, DeviceState before, out short part)
    {
        before.CpuMillis = Math.Max(0, before.CpuMillis - book.CpuMillis);
        before.MemoryMib = Math.Max(0, before.MemoryMib - book.MemoryMib);
        var least = float.PositiveInfinity;
        short last = -1;
        part = -1;
        for (var lane = before.First(); lane < DeviceState.MostDevices; lane++)
        {
            var free = before.Lanes[lane];
            if (free < book.Milli || free == last) continue;
            last = free;
            var after = before;
            after.TakeShare(lane, book.Milli);
            var left = forecast!.Lost(after);
            if (left >= least) continue;
            least = left;
            part = free;
        }
        return least;
    }

    private double ScarceCost(ShareBook book, int slot)
    {
        var cost = 0.0;
        DeviceState after = default;
        var made = false;
        for (var kind = 0; kind < scarce.Count; kind++)
        {
            var price = scarce.Price[kind];
            var before = price == 0 ? 0 : places[(slot * scarce.Count) + kind];
            if (before == 0 || scarce.IsFor(kind, book.Devices, book.Types)) continue;
            if (!made) after = After(book, slot);
            made = true;
            cost += price * (before - scarce.Places(kind, after));
        }
        return cost;
    }

    private DeviceState After(ShareBook book, int slot)
    {
        var after = states[slot];
        if (book.Devices != 1 || book.Milli == GpuShares.Whole)
        {
            Take(ref after, book);
            return after;
        }
        BestShare(book, after, out var part);
        if (part < 0) return after;
        after.CpuMillis = Math.Max(0, after.CpuMillis - book.CpuMillis);
        after.MemoryMib = Math.Max(0, after.MemoryMib - book.MemoryMib);
        after.TakeShare(after.Lanes.IndexOf(part), book.Milli);
        return after;
    }

    private void CatchUp()
    {
        var log = nodes.AllChanges;
        if (seen == log.End) return;
        if (states.Length < nodes.Records.Length) Grow();
        if (seen < log.Start) StartOver();
        else
        {
            foreach (var slot in log.Since(seen)) Refresh(slot);
        }
        seen = log.End;
        scarce.SetPrices(milliPerPod > 0 ? totalFree / milliPerPod : 0);
    }

    private void Grow()
    {
        var size = nodes.Records.Length;
        Array.Resize(ref states, size);
        Array.Resize(ref lost, size);
        Array.Resize(ref stamps, size);
        Array.Resize(ref freeMilli, size);
        Array.Resize(ref places, size * scarce.Count);
    }

    private void StartOver()
    {
        for (var slot = 0; slot < nodes.High; slot++) TypeOf(slot);
        BuildScarce();
        totalFree = 0;
        Array.Clear(freeMilli);
        for (var slot = 0; slot < nodes.High; slot++) Refresh(slot);
    }

    private void BuildScarce()
    {
        var all = exampleOfType.Count >= 64 ? ulong.MaxValue : (1UL << exampleOfType.Count) - 1;
        scarce = ScarceKinds.Of(kinds, kindBits, all);
        places = new float[states.Length * scarce.Count];
    }

    private void Refresh(int slot)
    {
        totalFree -= freeMilli[slot];
        freeMilli[slot] = 0;
        stamps[slot]++;
        var known = exampleOfType.Count;
        var type = TypeOf(slot);
        if (exampleOfType.Count != known)
        {
            StartOver();
            return;
        }
        states[slot] = type < 0 ? default : DeviceState.Of(
            type, nodes.Free[NodeTable.CpuColumn][slot], nodes.Free[NodeTable.MemoryColumn][slot],
            nodes.Devices.Free(slot));
        lost[slot] = type < 0 ? 0 : forecast!.Lost(states[slot]);
        for (var kind = 0; kind < scarce.Count; kind++)
        {
            ref var before = ref places[(slot * scarce.Count) + kind];
            var now = type < 0 ? 0 : scarce.Places(kind, states[slot]);
            if (now == before) continue;
            scarce.Supply(kind, now - before);
            before = now;
        }
        if (type < 0) return;
        foreach (var milli in nodes.Devices.Free(slot)) freeMilli[slot] += Math.Max(0, milli);
        totalFree += freeMilli[slot];
    }

    /// <summary>Which kinds of expected pods the node takes as far as labels and taints go; -1 without GPUs.</summary>
    private int TypeOf(int slot)
    {
        if (nodes.Shapes[slot] is not { } shape || !Judges(slot)) return -1;
        if (typeOfShape.TryGetValue(shape, out var type)) return type;
        if (typeOfShape.Count > MostShapes) typeOfShape.Clear();
        var takes = Enumerable.Range(0, kinds.Length).Where(kind => kinds[kind].Rule.Passes(slot)).ToArray();
        type = TypeTaking(takes, nodes.Records[slot]!);
        typeOfShape.Add(shape, type);
        return type;
    }

    private int TypeTaking(int[] takes, NodeRecord example)
    {
        var bits = new bool[kinds.Length];
        foreach (var kind in takes) bits[kind] = true;
        for (var type = 0; type < exampleOfType.Count; type++)
        {
            var same = true;
            for (var kind = 0; kind < kinds.Length && same; kind++)
                same = (kindBits[kind] >> type & 1) != 0 == bits[kind];
            if (same) return type;
        }
        // A type is a bit in a word; clusters with more kinds of GPU node than that are judged as if the rest were alike.
        if (exampleOfType.Count == 64) return 63;
        foreach (var kind in takes) kindBits[kind] |= 1UL << exampleOfType.Count;
        exampleOfType.Add(example);
        return forecast!.AddType(takes);
    }
}
