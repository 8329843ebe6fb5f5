using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Scores the nodes a pod fits on: the default profile of kube-scheduler 1.36 with its weights, and under Spillway's
/// policy the order "own before rented, scarce devices left free, then the scheduler's score" on top of it.
/// </summary>
internal sealed class Scorer(ModelState state, PlacementOptions options)
{
    private const long TaintWeight = 3;
    private const long NodeAffinityWeight = 2;
    private const long SpreadWeight = 2;
    private const long PodAffinityWeight = 2;
    private const long MaxNodeScore = 100;

    // Each tier outweighs all below it: the scheduler's scores add up to at most 1,100.
    private const long OwnTier = 1_000_000;
    private const long DeviceTier = 10_000;
    private const int MaxDeviceKinds = 99;

    private readonly NodeTable nodes = state.Nodes;
    private readonly bool spillway = options.Policy == PlacementPolicy.Spillway;
    private readonly HashSet<int> seenDomains = [];
    private long[] totals = [];
    private long[] raw = [];

    /// <summary>The best of the feasible slots; ties go to the node whose name comes first.</summary>
    public int Best(PodEntry pod, ReadOnlySpan<int> feasible, out long score)
    {
        nodes.EnsureRanks();
        if (totals.Length < feasible.Length)
        {
            totals = new long[Math.Max(64, feasible.Length * 2)];
            raw = new long[totals.Length];
        }
        for (var i = 0; i < feasible.Length; i++) totals[i] = NodeScore(pod.Class, feasible[i]);
        if (feasible.Length > 1) AddRelative(pod, feasible);

        var best = 0;
        for (var i = 1; i < feasible.Length; i++)
        {
            if (totals[i] > totals[best]
                || (totals[i] == totals[best] && nodes.Rank[feasible[i]] < nodes.Rank[feasible[best]])) best = i;
        }
        score = totals[best];
        return feasible[best];
    }

    /// <summary>The part of the score that depends on the node alone.</summary>
    public long NodeScore(PodClass podClass, int slot)
    {
        var cpu = nodes.Allocatable[NodeTable.CpuColumn][slot];
        var memory = nodes.Allocatable[NodeTable.MemoryColumn][slot];
        var packed = spillway && nodes.Rented[slot];
        var score = Allocation(
            cpu, nodes.ScoringCpu[slot] + podClass.ScoringCpu,
            memory, nodes.ScoringMemory[slot] + podClass.ScoringMemory, packed);
        if (!podClass.BestEffort)
        {
            score += Balance(
                cpu, cpu - nodes.Free[NodeTable.CpuColumn][slot] + podClass.Requirements.Requests.CpuMillis,
                memory, memory - nodes.Free[NodeTable.MemoryColumn][slot] + podClass.Requirements.Requests.MemoryBytes);
        }
        if (!spillway) return score;
        if (!nodes.Rented[slot]) score += OwnTier;
        return score + (DeviceTier * (MaxDeviceKinds - Math.Min(MaxDeviceKinds, IdleDeviceKinds(podClass, slot))));
    }

    /// <summary>Whether scores of this pod compare nodes with one another, beyond what each node is by itself.</summary>
    public bool IsRelative(PodEntry pod)
    {
        var podClass = pod.Class;
        if (podClass.SoftSpread.Length > 0 || podClass.Preferred.Length > 0) return true;
        if (!podClass.Requirements.PreferredNodeTerms.IsEmpty || nodes.SoftTaints > 0) return true;
        foreach (var matcher in pod.Labels.Matched)
        {
            if (matcher.Preferring.Count > 0) return true;
        }
        return false;
    }

    // Least allocated is the default profile's; most allocated is its mirror image, for nodes that cost by the hour.
    private static long Allocation(long cpu, long cpuUsed, long memory, long memoryUsed, bool packed)
    {
        long score = 0, weights = 0;
        if (cpu > 0)
        {
            score += Share(cpu, cpuUsed, packed);
            weights++;
        }
        if (memory > 0)
        {
            score += Share(memory, memoryUsed, packed);
            weights++;
        }
        return weights == 0 ? 0 : score / weights;
    }

    private static long Share(long capacity, long used, bool packed)
    {
        if (packed) return Math.Min(used, capacity) * MaxNodeScore / capacity;
        return used > capacity ? 0 : (capacity - used) * MaxNodeScore / capacity;
    }

    private static long Balance(long cpu, long cpuUsed, long memory, long memoryUsed)
    {
        if (cpu <= 0 || memory <= 0) return MaxNodeScore;
        var cpuShare = Math.Min(1.0, (double)cpuUsed / cpu);
        var memoryShare = Math.Min(1.0, (double)memoryUsed / memory);
        return (long)((1 - Math.Abs((cpuShare - memoryShare) / 2)) * MaxNodeScore);
    }

    /// <summary>Kinds of device on the node that the pod would sit beside without using them.</summary>
    private int IdleDeviceKinds(PodClass podClass, int slot)
    {
        var kinds = nodes.DeviceKinds[slot];
        if (kinds == 0) return 0;
        foreach (var column in podClass.DeviceColumns)
        {
            if (nodes.Allocatable[column][slot] > 0) kinds--;
        }
        return kinds;
    }

    private void AddRelative(PodEntry pod, ReadOnlySpan<int> feasible)
    {
        if (nodes.SoftTaints > 0) AddTaints(pod, feasible);
        if (!pod.Class.Requirements.PreferredNodeTerms.IsEmpty) AddNodeAffinity(pod, feasible);
        if (pod.Class.SoftSpread.Length > 0) AddSpread(pod, feasible);
        AddPodAffinity(pod, feasible);
    }

    private void AddTaints(PodEntry pod, ReadOnlySpan<int> feasible)
    {
        var tolerations = pod.Class.Requirements.Tolerations;
        long most = 0;
        for (var i = 0; i < feasible.Length; i++)
        {
            raw[i] = 0;
            foreach (var taint in nodes.Records[feasible[i]]!.Taints)
            {
                if (taint.Effect == TaintEffect.PreferNoSchedule && !StaticRule.Tolerates(tolerations, taint)) raw[i]++;
            }
            most = Math.Max(most, raw[i]);
        }
        if (most == 0) return;
        for (var i = 0; i < feasible.Length; i++)
            totals[i] += TaintWeight * (MaxNodeScore - (MaxNodeScore * raw[i] / most));
    }

    private void AddNodeAffinity(PodEntry pod, ReadOnlySpan<int> feasible)
    {
        long most = 0;
        for (var i = 0; i < feasible.Length; i++)
        {
            raw[i] = 0;
            var node = nodes.Records[feasible[i]]!;
            foreach (var preferred in pod.Class.Requirements.PreferredNodeTerms)
            {
                if (preferred.Weight != 0 && StaticRule.TermMatches(preferred.Term, node)) raw[i] += preferred.Weight;
            }
            most = Math.Max(most, raw[i]);
        }
        if (most == 0) return;
        for (var i = 0; i < feasible.Length; i++)
            totals[i] += NodeAffinityWeight * (MaxNodeScore * raw[i] / most);
    }

    private void AddSpread(PodEntry pod, ReadOnlySpan<int> feasible)
    {
        // -1 marks a node that lacks a key: it is not compared and gets nothing.
        var constraints = pod.Class.SoftSpread;
        Span<double> weights = stackalloc double[constraints.Length];
        for (var c = 0; c < constraints.Length; c++) weights[c] = DomainWeight(constraints, c, feasible);
        long least = long.MaxValue, most = 0;
        for (var i = 0; i < feasible.Length; i++)
        {
            raw[i] = HasAllKeys(constraints, feasible[i]) ? SpreadScore(constraints, weights, feasible[i]) : -1;
            if (raw[i] < 0) continue;
            least = Math.Min(least, raw[i]);
            most = Math.Max(most, raw[i]);
        }
        for (var i = 0; i < feasible.Length; i++)
        {
            if (raw[i] < 0) continue;
            totals[i] += SpreadWeight * (most == 0 ? MaxNodeScore : MaxNodeScore * (most + least - raw[i]) / most);
        }
    }

    private static long SpreadScore(SoftSpread[] constraints, ReadOnlySpan<double> weights, int slot)
    {
        var score = 0.0;
        for (var c = 0; c < constraints.Length; c++)
        {
            var counter = constraints[c].Counter;
            var count = counter.Topology.IsHostname
                ? counter.Matcher.On(slot)
                : counter.In(counter.Topology.DomainOf(slot));
            score += (count * weights[c]) + (constraints[c].MaxSkew - 1);
        }
        return (long)Math.Round(score, MidpointRounding.AwayFromZero);
    }

    // More domains make each pod of difference weigh more; the logarithm is kube-scheduler's.
    private double DomainWeight(SoftSpread[] constraints, int index, ReadOnlySpan<int> feasible)
    {
        var topology = constraints[index].Counter.Topology;
        var size = 0;
        seenDomains.Clear();
        foreach (var slot in feasible)
        {
            if (!HasAllKeys(constraints, slot)) continue;
            if (topology.IsHostname || seenDomains.Add(topology.DomainOf(slot))) size++;
        }
        return Math.Log(size + 2);
    }

    private static bool HasAllKeys(SoftSpread[] constraints, int slot)
    {
        foreach (var constraint in constraints)
        {
            if (constraint.Counter.Topology.DomainOf(slot) < 0) return false;
        }
        return true;
    }

    private void AddPodAffinity(PodEntry pod, ReadOnlySpan<int> feasible)
    {
        var preferred = pod.Class.Preferred;
        var drawn = false;
        foreach (var matcher in pod.Labels.Matched) drawn |= matcher.Preferring.Count > 0;
        if (!drawn && preferred.Length == 0) return;

        long least = long.MaxValue, most = long.MinValue;
        for (var i = 0; i < feasible.Length; i++)
        {
            raw[i] = AffinityScore(pod, feasible[i]);
            least = Math.Min(least, raw[i]);
            most = Math.Max(most, raw[i]);
        }
        if (most == least) return;
        for (var i = 0; i < feasible.Length; i++)
        {
            totals[i] += PodAffinityWeight
                * (long)(MaxNodeScore * ((double)(raw[i] - least) / (most - least)));
        }
    }

    private static long AffinityScore(PodEntry pod, int slot)
    {
        long score = 0;
        foreach (var (counter, weight) in pod.Class.Preferred)
        {
            var domain = counter.Topology.DomainOf(slot);
            if (domain >= 0) score += (long)weight * counter.In(domain);
        }
        foreach (var matcher in pod.Labels.Matched)
        {
            foreach (var term in matcher.Preferring) score += term.In(term.Topology.DomainOf(slot));
        }
        return score;
    }
}
