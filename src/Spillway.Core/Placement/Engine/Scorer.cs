using System.Numerics;
using Spillway.Core.Placement.Engine.Sharing;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Scores the nodes a pod fits on: the default profile of kube-scheduler 1.36 with its weights, and under Spillway's
/// policy the order "own before rented, scarce devices left free, then the scheduler's score" on top of it.
/// </summary>
internal sealed class Scorer(ModelState state, PlacementOptions options, ShareScorer sharing)
{
    private const double TaintWeight = 3;
    private const double NodeAffinityWeight = 2;
    private const double SpreadWeight = 2;
    private const double PodAffinityWeight = 2;
    private const long MaxNodeScore = 100;

    // Books of all classes together: about 64 MB.
    private const long MaxBookCells = 4 << 20;

    private readonly NodeTable nodes = state.Nodes;
    private readonly bool spillway = options.Policy == PlacementPolicy.Spillway;
    private readonly HashSet<int> seenDomains = [];
    private readonly List<PodClass> shelf = [];
    private int[] slots = [];
    private double[] scores = [];
    private long[] raw = [];

    /// <summary>The best of the slots in the mask, which has at least one; ties go to the name that comes first.</summary>
    public int Best(PodEntry pod, ReadOnlySpan<ulong> mask, out long score)
    {
        if (ByShares && pod.Class.UsesGpus && !IsRelative(pod))
        {
            var chosen = sharing.Best(pod.Class, mask, out var points);
            score = (long)points;
            return chosen;
        }
        Reserve();
        ScoreNodes(pod.Class, mask);
        if (ByShares) ScoreShares(pod.Class, mask);
        if (IsRelative(pod)) AddRelative(pod, Listed(mask));
        var best = Highest(mask);
        score = (long)scores[best];
        return best;
    }

    /// <summary>
    /// The book of the pod's class, for classes that come again and whose nodes can be judged one by one; else null.
    /// </summary>
    public ScoreBook? Book(PodEntry pod)
    {
        var podClass = pod.Class;
        if (ByShares || !JudgesEach(pod)) return null;
        var changes = nodes.AllChanges.End - podClass.LastAsked;
        podClass.LastAsked = nodes.AllChanges.End;

        // One node looked at again costs what some thirty cost in a scan of all.
        if (changes > (nodes.High / 32) + 4) return null;
        if (podClass.Book is { } book) return book;
        if ((long)shelf.Count * nodes.Records.Length > MaxBookCells) ClearShelf();
        shelf.Add(podClass);
        return podClass.Book = new ScoreBook(nodes, podClass, spillway);
    }

    private bool ByShares => spillway && sharing.Active;

    private void ScoreShares(PodClass podClass, ReadOnlySpan<ulong> mask)
    {
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (!sharing.Judges(slot)) continue;
                scores[slot] = nodes.Scoring.Tier(slot) + ScoringColumns.DeviceGain(nodes, podClass, slot)
                    + sharing.Points(podClass, slot);
            }
        }
    }

    /// <summary>Whether each node can be judged for the pod by itself.</summary>
    public bool JudgesEach(PodEntry pod) => !pod.Class.LooksAtPods && state.Nominations == 0
        && !NodeChecks.IsRepelled(pod) && !IsRelative(pod);

    private void ClearShelf()
    {
        foreach (var podClass in shelf) podClass.Book = null;
        shelf.Clear();
    }

    private void Reserve()
    {
        if (scores.Length >= nodes.Records.Length) return;
        scores = new double[nodes.Records.Length];
        slots = new int[nodes.Records.Length];
        raw = new long[nodes.Records.Length];
    }

    private void ScoreNodes(PodClass podClass, ReadOnlySpan<ulong> mask)
    {
        var devices = spillway && podClass.DeviceColumns.Length > 0;
        for (var word = 0; word < mask.Length; word++)
        {
            var bits = mask[word];
            if (bits == 0) continue;
            for (var quad = 0; quad < 64; quad += 4)
            {
                if (((bits >> quad) & 15) == 0) continue;
                var slot = (word << 6) + quad;
                nodes.Scoring.Score(slot, podClass, spillway, scores.AsSpan(slot, 4));
            }
            for (; devices && bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                scores[slot] += ScoringColumns.DeviceGain(nodes, podClass, slot);
            }
        }
    }

    private int Highest(ReadOnlySpan<ulong> mask)
    {
        var best = -1;
        var highest = double.NegativeInfinity;
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                var score = scores[slot];
                if (score < highest) continue;
                if (score == highest && nodes.Order.Key(slot) > nodes.Order.Key(best)) continue;
                best = slot;
                highest = score;
            }
        }
        return best;
    }

    private ReadOnlySpan<int> Listed(ReadOnlySpan<ulong> mask)
    {
        var count = 0;
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
                slots[count++] = (word << 6) + BitOperations.TrailingZeroCount(bits);
        }
        return slots.AsSpan(0, count);
    }

    /// <summary>Whether scores of this pod compare nodes with one another, beyond what each node is by itself.</summary>
    private bool IsRelative(PodEntry pod)
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
            scores[feasible[i]] += TaintWeight * (MaxNodeScore - (MaxNodeScore * raw[i] / most));
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
            scores[feasible[i]] += NodeAffinityWeight * (MaxNodeScore * raw[i] / most);
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
            var evenness = most == 0 ? MaxNodeScore : MaxNodeScore * (most + least - raw[i]) / most;
            scores[feasible[i]] += SpreadWeight * evenness;
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
            scores[feasible[i]] += PodAffinityWeight
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
