using System.Numerics;

namespace Spillway.Core.Placement.Engine;

/// <summary>Finds the node for one pod: masks and columns first, single nodes only where a constraint needs a look.</summary>
internal sealed class Placer(ModelState state, NodeChecks checks, Scorer scorer, int nodesToCompare)
{
    private readonly NodeTable nodes = state.Nodes;
    private ulong[] feasible = [];

    /// <summary>The best slot for the pod; -1 when no node takes it.</summary>
    public int Find(PodEntry pod, out long score)
    {
        score = 0;
        if (nodesToCompare > 0 && pod.NominatedNode.Length == 0 && scorer.JudgesEach(pod))
        {
            var some = Some(pod);
            return some.IndexOfAnyExcept(0UL) < 0 ? -1 : scorer.Best(pod, some, out score);
        }
        if (pod.NominatedNode.Length == 0 && scorer.Book(pod) is { } book) return book.Best(out score);
        var promised = PromisedNode(pod);
        var mask = promised < 0 ? Feasible(pod) : Only(promised);
        return mask.IndexOfAnyExcept(0UL) < 0 ? -1 : scorer.Best(pod, mask, out score);
    }

    /// <summary>One bit for each slot that takes the pod; valid until the next question.</summary>
    public ReadOnlySpan<ulong> Feasible(PodEntry pod)
    {
        if (feasible.Length < nodes.Words) feasible = new ulong[nodes.Words * 2];
        var result = feasible.AsSpan(0, nodes.Words);
        if (pod.Class.HasVolumes && state.Volumes.BeforeNodes(pod) is not null)
        {
            result.Clear();
            return result;
        }
        var mask = pod.Class.Rule.Mask();
        for (var word = 0; word < result.Length; word++)
            result[word] = mask[word] == 0 ? 0 : nodes.Fitting(word, mask[word], pod.Class);
        NodeChecks.ApplyPodConstraints(pod, result);
        if (pod.Class.Ports.Length > 0 || pod.Class.HasVolumes || state.Nominations > 0) LookAtEach(pod, result);
        return result;
    }

    /// <summary>The first so many nodes that take the pod, from where its class found room last.</summary>
    private ReadOnlySpan<ulong> Some(PodEntry pod)
    {
        var result = Only(0);
        feasible[0] = 0;
        var mask = pod.Class.Rule.Mask();
        var word = pod.Class.NextWord < result.Length ? pod.Class.NextWord : 0;
        var found = 0;
        for (var looked = 0; looked < result.Length && found < nodesToCompare; looked++)
        {
            var fitting = mask[word] == 0 ? 0 : nodes.Fitting(word, mask[word], pod.Class);
            if (found == 0 && fitting != 0) pod.Class.NextWord = word;
            feasible[word] = fitting;
            found += BitOperations.PopCount(fitting);
            if (++word == result.Length) word = 0;
        }
        return result;
    }

    private ReadOnlySpan<ulong> Only(int slot)
    {
        if (feasible.Length < nodes.Words) feasible = new ulong[nodes.Words * 2];
        var result = feasible.AsSpan(0, nodes.Words);
        result.Clear();
        result[slot >> 6] = 1UL << (slot & 63);
        return result;
    }

    private void LookAtEach(PodEntry pod, Span<ulong> mask)
    {
        for (var word = 0; word < mask.Length; word++)
        {
            for (var bits = mask[word]; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (!checks.PortsAndVolumesFit(pod, slot) || !FitsBesideNominated(pod, slot))
                    mask[word] &= ~(1UL << (slot & 63));
            }
        }
    }

    // A pod that room was made for takes it, even if another node would score higher by now.
    private int PromisedNode(PodEntry pod)
    {
        if (pod.NominatedNode.Length == 0) return -1;
        var slot = nodes.Find(pod.NominatedNode);
        return slot >= 0 && checks.Fits(pod, slot) && FitsBesideNominated(pod, slot) ? slot : -1;
    }

    /// <summary>Whether the pod still fits once pods of its priority or higher take the room promised to them.</summary>
    public bool FitsBesideNominated(PodEntry pod, int slot)
    {
        if (nodes.Nominated[slot] is null) return true;
        var mark = state.BeginWhatIf();
        TakePromised(state, pod, slot);
        var fits = checks.Fits(pod, slot);
        state.Rollback(mark);
        return fits;
    }

    public static void TakePromised(ModelState state, PodEntry pod, int slot)
    {
        var node = state.Nodes.Records[slot]!.Name;
        foreach (var other in state.Nodes.Nominated[slot]!.ToArray())
        {
            if (other != pod && other.Slot < 0 && other.Priority >= pod.Priority)
                state.Move(other, node, assumed: true);
        }
    }
}
