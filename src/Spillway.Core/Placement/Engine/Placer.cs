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
        var count = Feasible(pod);
        return count == 0 ? -1 : scorer.Best(pod, feasible.AsSpan(0, count), out score);
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

    /// <summary>Whether the pod still fits once pods of its priority or higher take the room promised to them.</summary>
    public bool FitsBesideNominated(PodEntry pod, int slot)
    {
        var promised = nodes.Nominated[slot];
        if (promised is null) return true;
        var mark = state.BeginWhatIf();
        var node = nodes.Records[slot]!.Name;
        foreach (var other in promised.ToArray())
        {
            if (other != pod && other.Slot < 0 && other.Priority >= pod.Priority) state.Move(other, node, assumed: true);
        }
        var fits = checks.Fits(pod, slot);
        state.Rollback(mark);
        return fits;
    }
}
