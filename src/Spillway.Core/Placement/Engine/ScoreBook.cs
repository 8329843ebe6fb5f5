using System.Numerics;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Where one class of pods stands on every node, kept from one question to the next: a tournament over the scores, so
/// that after a placement only the node that changed is looked at again. For classes whose nodes can be judged one by
/// one; those that compare nodes, or look at other pods, are scored afresh each time.
/// </summary>
internal sealed class ScoreBook(NodeTable nodes, PodClass podClass, bool spillway)
{
    private double[] scores = [];
    private int[] winners = [];
    private int leaves;
    private long seen = -1;

    /// <summary>The best slot as things are; -1 when no node takes the class.</summary>
    public int Best(out long score)
    {
        CatchUp();
        var best = winners[1];
        score = best < 0 ? 0 : (long)scores[best];
        return best;
    }

    private void CatchUp()
    {
        var log = nodes.AllChanges;
        if (seen == log.End) return;
        var behind = seen < log.Start || leaves < nodes.High || log.End - seen > nodes.High / 4;
        if (behind) StartOver();
        else
        {
            var mask = podClass.Rule.Mask();
            foreach (var slot in log.Since(seen)) Refresh(slot, mask);
        }
        seen = log.End;
    }

    private void Refresh(int slot, ulong[] mask)
    {
        scores[slot] = double.NegativeInfinity;
        if ((mask[slot >> 6] >> (slot & 63) & 1) != 0 && nodes.Fits(slot, podClass))
        {
            // The neighbours are scored along and put back: four at a time costs what one would.
            Span<double> four = stackalloc double[4];
            var first = slot & ~3;
            nodes.Scoring.Score(first, podClass, spillway, four);
            scores[slot] = four[slot - first] + DeviceGain(slot);
        }
        winners[leaves + slot] = scores[slot] > double.NegativeInfinity ? slot : -1;
        for (var i = (leaves + slot) >> 1; i >= 1; i >>= 1) winners[i] = Better(winners[2 * i], winners[(2 * i) + 1]);
    }

    private void StartOver()
    {
        var size = nodes.Records.Length;
        if (scores.Length != size)
        {
            scores = new double[size];
            leaves = (int)BitOperations.RoundUpToPowerOf2((uint)size);
            winners = new int[2 * leaves];
        }
        winners.AsSpan(leaves).Fill(-1);
        var mask = podClass.Rule.Mask();
        for (var word = 0; word < nodes.Words; word++)
        {
            var fitting = mask[word] == 0 ? 0 : nodes.Fitting(word, mask[word], podClass);
            for (var bits = fitting; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                winners[leaves + slot] = slot;
                if ((slot & 3) == 0 || (fitting >> (slot & 60) & ((1UL << (slot & 3)) - 1)) == 0)
                    nodes.Scoring.Score(slot & ~3, podClass, spillway, scores.AsSpan(slot & ~3, 4));
            }
            for (var bits = fitting; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                scores[slot] += DeviceGain(slot);
            }
        }
        for (var i = leaves - 1; i >= 1; i--) winners[i] = Better(winners[2 * i], winners[(2 * i) + 1]);
    }

    private double DeviceGain(int slot) => spillway ? ScoringColumns.DeviceGain(nodes, podClass, slot) : 0;

    private int Better(int left, int right)
    {
        if (left < 0) return right;
        if (right < 0) return left;
        if (scores[left] != scores[right]) return scores[left] > scores[right] ? left : right;
        return nodes.Order.Key(left) < nodes.Order.Key(right) ? left : right;
    }
}
