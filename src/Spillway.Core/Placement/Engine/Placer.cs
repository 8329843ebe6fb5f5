using System.Numerics;

namespace Spillway.Core.Placement.Engine;

/// <summary>Finds the node for one pod: masks and columns first, single nodes only where a constraint needs a look.</summary>
internal sealed class Placer(ModelState state, NodeChecks checks, Scorer scorer)
{
    private readonly NodeTable nodes = state.Nodes;
    private int[] feasible = new int[64];

    /// <summary>The best slot for the pod; -1 when no node takes it.</summary>
    public int Find(PodEntry pod, out long score)
    {
        score = 0;
        if (pod.Class.HasVolumes && state.Volumes.BeforeNodes(pod) is not null) return -1;
        if (PromisedNode(pod) is var promised and >= 0)
        {
            feasible[0] = promised;
            return scorer.Best(pod, feasible.AsSpan(0, 1), out score);
        }
        var count = Feasible(pod);
        return count == 0 ? -1 : scorer.Best(pod, feasible.AsSpan(0, count), out score);
    }

    // A pod that room was made for takes it, even if another node would score higher by now.
    private int PromisedNode(PodEntry pod)
    {
        if (pod.NominatedNode.Length == 0) return -1;
        var slot = nodes.Find(pod.NominatedNode);
        return slot >= 0 && checks.Fits(pod, slot) && FitsBesideNominated(pod, slot) ? slot : -1;
    }

    /// <summary>How many nodes take the pod; their slots are in the shared buffer until the next call.</summary>
    private int Feasible(PodEntry pod)
    {
        if (feasible.Length < nodes.High) feasible = new int[nodes.High * 2];
        var mask = pod.Class.Rule.Mask();
        var needsLook = pod.Class.HasNodeChecks || NodeChecks.IsRepelled(pod);
        var count = 0;
        for (var word = 0; word < nodes.Words; word++)
        {
            var candidates = mask[word];
            if (candidates != 0) candidates = nodes.Fitting(word, candidates, pod.Class);
            while (candidates != 0)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(candidates);
                candidates &= candidates - 1;
                if (needsLook && !checks.Passes(pod, slot)) continue;
                if (nodes.Nominated[slot] is not null && !FitsBesideNominated(pod, slot)) continue;
                feasible[count++] = slot;
            }
        }
        return count;
    }

    /// <summary>The slots that take the pod; valid until the next question.</summary>
    public ReadOnlySpan<int> FeasibleSlots(PodEntry pod) =>
        pod.Class.HasVolumes && state.Volumes.BeforeNodes(pod) is not null ? [] : Slots(Feasible(pod));

    private ReadOnlySpan<int> Slots(int count) => feasible.AsSpan(0, count);

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
