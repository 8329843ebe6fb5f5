using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Consolidation;

/// <summary>
/// The cluster without some of its rented nodes, in one what-if: their pods are placed by the engine on what is left,
/// together, so that room is never counted twice. All of it is taken back when it is disposed.
/// </summary>
internal sealed class ClearedCluster : IDisposable
{
    private readonly Scene _scene;
    private readonly Dictionary<string, int> _nodesOfPool = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _leastOfPool = new(StringComparer.Ordinal);
    private readonly List<Candidate> _cleared = [];

    public ClearedCluster(ConsolidationObservation seen)
    {
        var cluster = seen.Cluster;
        _scene = new Scene(cluster.Placement, cluster.Accelerators, cluster.DaemonPods);
        foreach (var pool in cluster.Pools) _leastOfPool[pool.Name] = pool.Min;
        foreach (var claim in cluster.Claims)
        {
            if (claim.Phase != ClaimPhase.Ready) continue;
            _nodesOfPool[claim.Offer.Pool] = _nodesOfPool.GetValueOrDefault(claim.Offer.Pool) + 1;
        }

        // Pods that any other pushes aside must not keep others from moving. What waits is placed first: its room is
        // not to be given away.
        foreach (var node in cluster.Placement.Nodes)
        {
            foreach (var pod in _scene.PodsOn(node.Name))
            {
                if (pod.Requirements.Priority < BurstRules.ExpendableBelow && !PodMarks.BelongsToNode(pod)
                    && !PodMarks.MustStay(pod))
                    _scene.RemovePod(pod.Key);
            }
        }
        if (cluster.Pending.Count > 0) _scene.PlaceAll();
    }

    /// <summary>In the order in which they were cleared.</summary>
    public IReadOnlyList<Candidate> Cleared => _cleared;

    /// <summary>Placements that were asked for: the measure of the work done, the same on every machine.</summary>
    public long Asked { get; private set; }

    public void Dispose() => _scene.Dispose();

    /// <summary>Where <see cref="Rollback"/> comes back to.</summary>
    public Place Mark() => new(_scene.Mark(), [.. _cleared], new Dictionary<string, int>(_nodesOfPool));

    public void Rollback(Place mark)
    {
        _scene.Rollback(mark.Scene);
        _cleared.Clear();
        _cleared.AddRange(mark.Cleared);
        _nodesOfPool.Clear();
        foreach (var (pool, count) in mark.NodesOfPool) _nodesOfPool.Add(pool, count);
    }

    internal readonly record struct Place(int Scene, Candidate[] Cleared, Dictionary<string, int> NodesOfPool);

    public string NodeOf(PodKey pod) => _scene.NodeOf(pod);

    public bool HasFree(string node, ResourceAmounts amounts) => _scene.HasFree(node, amounts);

    public string Add(Offer offer)
    {
        _nodesOfPool[offer.Pool] = _nodesOfPool.GetValueOrDefault(offer.Pool) + 1;
        return _scene.AddNode(offer);
    }

    /// <summary>Null when the node is cleared and all its pods have another; else why not, and nothing has changed.</summary>
    public (VerdictReason Reason, string Why)? TryClear(Candidate candidate)
    {
        var pool = candidate.Offer.Pool;
        if (_nodesOfPool.GetValueOrDefault(pool) <= _leastOfPool.GetValueOrDefault(pool))
            return (VerdictReason.PoolMinimum, $"pool {pool} keeps at least {Words.Count(_leastOfPool[pool], "node")}");
        var mark = _scene.Mark();
        if (Empty(candidate) is { } stuck)
        {
            _scene.Rollback(mark);
            return stuck;
        }

        _nodesOfPool[pool]--;
        _cleared.Add(candidate);
        return null;
    }

    /// <summary>
    /// Empties nodes as it will really happen: all cordoned and still there, and their pods placed as they come back, not
    /// hardest first. Says which pod would find no room then; null when all do.
    /// </summary>
    public string? Drain(IReadOnlyList<Candidate> candidates)
    {
        foreach (var one in candidates) _scene.Cordon(one.Name);
        foreach (var pod in candidates.SelectMany(one => one.Pods)) _scene.Vacate(pod.Key);
        foreach (var one in candidates)
        {
            foreach (var pod in one.Pods.OrderBy(pod => pod.Key))
            {
                if (_scene.FindNode(pod.Key) is not { } node)
                {
                    return $"{pod.Key} ({pod.Requirements.Requests}) might find no room when the pods come back in "
                        + "their own order";
                }

                _scene.Assume(pod.Key, node);
            }
        }

        return null;
    }

    /// <summary>
    /// Brings a cleared node back, with those of its own pods that fit it again: moved for nothing otherwise.
    /// </summary>
    public void Return(Candidate candidate)
    {
        _cleared.Remove(candidate);
        _nodesOfPool[candidate.Offer.Pool]++;
        _scene.Restore(candidate.Node, candidate.Rest);
        foreach (var pod in candidate.Pods)
        {
            if (!_scene.FitsOn(pod.Key, candidate.Name)) continue;
            _scene.Vacate(pod.Key);
            _scene.Assume(pod.Key, candidate.Name);
        }
    }

    private (VerdictReason Reason, string Why)? Empty(Candidate candidate)
    {
        var waiting = new List<PodRecord>();
        foreach (var pod in _scene.PodsOn(candidate.Name))
        {
            if (PodMarks.BelongsToNode(pod) || pod.Terminating) _scene.RemovePod(pod.Key);
            else if (!pod.IsBound) return (VerdictReason.NoRoom, $"{pod.Key} is about to start on it");
            else waiting.Add(pod);
        }

        foreach (var pod in waiting) _scene.Vacate(pod.Key);
        _scene.RemoveNode(candidate.Name);
        waiting.Sort((a, b) => HardestFirst(a, b, candidate.Node));

        // A pod that goes where others are may have to wait for those: tried again while that helps.
        while (waiting.Count > 0)
        {
            var left = new List<PodRecord>();
            foreach (var pod in waiting)
            {
                Asked++;
                if (_scene.FindNode(pod.Key) is { } node) _scene.Assume(pod.Key, node);
                else if (pod.Requirements.Affinity.IsEmpty && pod.Requirements.Spread.IsEmpty) return Stuck(pod);
                else left.Add(pod);
            }

            if (left.Count == waiting.Count) return Stuck(left[0]);
            waiting = left;
        }

        return null;
    }

    public static int HardestFirst(PodRecord a, PodRecord b, NodeRecord node)
    {
        var order = b.Requirements.Priority.CompareTo(a.Requirements.Priority);
        if (order == 0) order = MoveCosts.Share(b, node).CompareTo(MoveCosts.Share(a, node));
        return order != 0 ? order : a.Key.CompareTo(b.Key);
    }

    private static (VerdictReason Reason, string Why) Stuck(PodRecord pod) => (VerdictReason.NoRoom,
        $"{pod.Key} ({pod.Requirements.Requests}) fits on no node that stays");
}
