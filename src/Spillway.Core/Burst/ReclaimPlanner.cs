using System.Diagnostics;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Burst;

/// <summary>Decides which rented nodes go back.</summary>
/// <remarks>
/// <code>
/// phase     seen                                  decision
/// any       the cloud's list lacks the machine    Forget
/// Ready     interruption notice, or an order      Drain
/// Ready     silent                                Keep: unreachable is not gone
/// Ready     its pods have room elsewhere          Drain
/// Ready     work, or a pending pod will come      Keep, not idle
/// Ready     idle for less than idleAfter          Keep until then
/// Ready     idle, the pool is at its minimum      Keep
/// Ready     idle for idleAfter                    Drain
/// Draining  drained for idleness, work came       Release
/// Draining  for other nodes' room, too long       Release
/// Draining  work is left                          Drain: evict what may be evicted
/// Draining  empty                                 Remove
/// </code>
/// </remarks>
public static class ReclaimPlanner
{
    // Longer than usual grace periods and a budget's replacements take; a node must not stand cordoned for hours.
    private static readonly TimeSpan ConsolidationTakes = TimeSpan.FromMinutes(15);

    public static IReadOnlyList<ReclaimDecision> Decide(BurstPolicy policy, ReclaimObservation seen, DateTimeOffset now)
    {
        // Dearest first, then longest idle: when a minimum keeps some of several idle nodes, it keeps the cheapest.
        var nodes = seen.Nodes
            .OrderByDescending(node => node.Claim.Offer.Price.Amount)
            .ThenBy(node => node.IdleSince ?? DateTimeOffset.MaxValue)
            .ThenBy(node => node.Claim.Name, StringComparer.Ordinal)
            .ToList();
        var staying = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            var pool = node.Claim.Offer.Pool;
            if (Stays(node)) staying[pool] = staying.GetValueOrDefault(pool) + 1;
        }

        var decisions = new List<ReclaimDecision>(nodes.Count);
        foreach (var node in nodes)
        {
            var pool = seen.Pools.FirstOrDefault(pool => pool.Name == node.Claim.Offer.Pool);
            var decision = Decide(policy, pool, node, staying, now);
            if (Stays(node) && decision is not ReclaimDecision.Keep) staying[node.Claim.Offer.Pool]--;
            decisions.Add(decision);
        }

        return decisions;
    }

    private static bool Stays(RentedNode node) =>
        node.Claim.Phase == ClaimPhase.Ready && node is { MachineGone: false, Interruption: null, Ordered: false };

    private static ReclaimDecision Decide(
        BurstPolicy policy, PoolState? pool, RentedNode node, Dictionary<string, int> staying, DateTimeOffset now)
    {
        var name = node.Claim.Name;
        if (node.MachineGone)
            return new ReclaimDecision.Forget { Claim = name, Why = "the cloud no longer has the machine" };
        return node.Claim.Phase switch
        {
            ClaimPhase.Pending or ClaimPhase.Launched when node.Ordered =>
                new ReclaimDecision.Remove { Claim = name, Why = "the claim was deleted before its node joined" },
            ClaimPhase.Pending or ClaimPhase.Launched => Keep(node, "it is joining"),
            ClaimPhase.Removed => Keep(node, "it is given back already"),
            ClaimPhase.Draining => DecideDraining(node, now),
            ClaimPhase.Ready when node.Interruption is { } notice => Drain(
                node, $"the cloud takes it back at {Words.Time(notice.EndsAt)}: {notice.Why}", replaces: true),
            ClaimPhase.Ready when node.Ordered => Drain(node, "its claim was deleted", replaces: false),
            ClaimPhase.Ready when node is { Consolidation: { } order, Reachable: true } =>
                Drain(node, order.Why, replaces: false) with { Kind = order.Kind },
            ClaimPhase.Ready => DecideReady(policy, pool, node, staying, now),
            _ => throw new UnreachableException(),
        };
    }

    private static ReclaimDecision DecideReady(
        BurstPolicy policy, PoolState? pool, RentedNode node, Dictionary<string, int> staying, DateTimeOffset now)
    {
        // A silent node may be running work that nobody can see: it is kept until the cloud says that it is gone.
        if (!node.Reachable)
            return Keep(node, "its kubelet is silent, and unreachable is not gone") with { IdleSince = null };
        var work = node.Pods.Where(pod => pod.Kind == NodePodKind.Work).ToList();
        if (work.Count > 0) return Keep(node,
            $"it runs {Words.Pods(work.ConvertAll(pod => pod.Key))}") with { IdleSince = null };
        if (node.WantedBy is { } pod) return Keep(node, $"{pod} will run on it") with { IdleSince = null };

        var since = node.IdleSince ?? now;
        var idleAfter = pool?.IdleAfter ?? policy.IdleAfter;
        if (now < since + idleAfter)
        {
            return Keep(node, $"it is idle since {Words.Time(since)} and given back after {Words.Span(idleAfter)}") with
            {
                IdleSince = since,
                Until = since + idleAfter,
            };
        }

        if (pool is not null && staying.GetValueOrDefault(pool.Name) <= pool.Min)
        {
            return Keep(node, $"it is idle, and pool {pool.Name} keeps at least {Words.Count(pool.Min, "node")}") with
            {
                IdleSince = since,
            };
        }

        return Drain(node, $"it has been idle for {Words.Span(now - since)} (policy: {Words.Span(idleAfter)})",
            replaces: false);
    }

    private static ReclaimDecision DecideDraining(RentedNode node, DateTimeOffset now)
    {
        var work = node.Pods.Where(pod => pod.Kind == NodePodKind.Work).ToList();
        if (work.Count == 0)
            return new ReclaimDecision.Remove { Claim = node.Claim.Name, Why =
                "it is cordoned and nothing runs on it" };
        if (node.Interruption is { } notice)
        {
            return Drain(node, $"the cloud takes it back at {Words.Time(notice.EndsAt)}: {notice.Why}", replaces: true);
        }

        if (node.Ordered) return Drain(node, $"its claim was deleted; {Left(work)}", replaces: false);
        if (node.Consolidation is { } order)
        {
            if (now < order.At + ConsolidationTakes)
                return Drain(node, $"{order.Why}; {Left(work)}", replaces: false) with { Kind = order.Kind };
            return new ReclaimDecision.Release
            {
                Claim = node.Claim.Name,
                Why = $"emptying it takes more than {Words.Span(ConsolidationTakes)}: {Left(work)}",
            };
        }

        return new ReclaimDecision.Release
        {
            Claim = node.Claim.Name,
            Why = $"{work[0].Key} was bound to it before it could be cordoned",
        };
    }

    private static ReclaimDecision.Keep Keep(RentedNode node, string why) =>
        new() { Claim = node.Claim.Name, Why = why, IdleSince = node.IdleSince };

    private static ReclaimDecision.Drain Drain(RentedNode node, string why, bool replaces) => new()
    {
        Claim = node.Claim.Name,
        Why = why,
        Replaces = replaces,
        Kind = replaces ? "replace" : "reclaim",
        // A machine that ends anyway takes its pods with it: an eviction gives them their grace period, so even
        // those that ask not to be disturbed are evicted. Disruption budgets still hold, the server sees to it.
        Evict = [.. node.Pods
            .Where(pod => pod is { Kind: NodePodKind.Work, Terminating: false, BlockedByBudget: null })
            .Where(pod => replaces || !pod.DoNotDisrupt)
            .Select(pod => pod.Key)
            .Order()],
    };

    private static string Left(List<NodePod> work)
    {
        var held = work.Find(pod => pod.DoNotDisrupt || pod.BlockedByBudget is not null);
        return held switch
        {
            null => $"{Words.Pods(work.ConvertAll(pod => pod.Key))} still to go",
            { DoNotDisrupt: true } => $"{held.Key} asks not to be disrupted, so the drain waits for it to end",
            _ => $"{held.Key} is protected by disruption budget {held.BlockedByBudget}, so the drain waits",
        };
    }
}
