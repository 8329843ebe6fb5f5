using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>Collects decisions; pods with the same answer share one.</summary>
internal sealed class Decisions
{
    private readonly List<BurstDecision> _all = [];
    private readonly Dictionary<string, PodKey> _wanted = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Kind, BurstReason Reason, string Why, string Change),
        (int Index, List<PodKey> Pods)>
        _shared = [];

    /// <summary>A pod will go to a node that is there.</summary>
    public void Wants(string node, PodKey pod) => _wanted.TryAdd(node, pod);

    public void Add(BurstDecision decision)
    {
        // Each burst is a purchase of its own; everything else is an answer that many pods may share.
        if (decision is BurstDecision.Burst)
        {
            _all.Add(decision);
            return;
        }

        var key = (decision.Kind, decision.Reason, decision.Why, decision.WouldChange);
        if (_shared.TryGetValue(key, out var same))
        {
            same.Pods.AddRange(decision.Pods);
            return;
        }

        var pods = new List<PodKey>(decision.Pods);
        _shared.Add(key, (_all.Count, pods));
        _all.Add(decision with { Pods = pods });
    }

    public BurstPlan ToPlan()
    {
        DateTimeOffset? next = null;
        foreach (var decision in _all)
        {
            if (decision is BurstDecision.Wait { Until: { } until } && (next is null || until < next)) next = until;
        }

        return new BurstPlan(_all) { LookAgainAt = next, Wanted = _wanted };
    }
}
