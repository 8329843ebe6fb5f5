using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Rehearsals;

public sealed partial class FastRehearsal
{
    private readonly Dictionary<string, int> rented = new(StringComparer.Ordinal);
    private readonly Dictionary<(JobKind, OfferKey), bool> takes = [];
    private readonly PriorityQueue<JobRun, (TimeSpan At, int Order)> due = new();
    private int rentals;

    private void RentMinimums()
    {
        foreach (var pool in input.Pools)
        {
            for (var n = 0; n < pool.Min && pool.Offers.Count > 0; n++)
                Launch(pool.Offers[0], $"pool {pool.Name} keeps at least {pool.Min}");
        }
    }

    /// <summary>A job that found no room: from when on a node may be rented for it.</summary>
    private void Hesitate(JobRun run)
    {
        if (input.Policy.Mode != BurstMode.Auto || input.Pools.Count == 0) return;
        if (FitsOwned(run.Kind) && Waits(run)) return;
        due.Enqueue(run, (now + (FitsOwned(run.Kind) ? input.Policy.WaitForOnPrem : TimeSpan.Zero), order++));
    }

    private bool Waits(JobRun run)
    {
        if (waitOrBurst is null || Choose(run.Kind, run.Kind.Parts).Best is not { } offer) return false;
        var nodesNeeded = Math.Max(1, run.Kind.Parts / Math.Max(1, run.Kind.PerNode(OfferNodes.Node(offer, ""))));
        var part = Math.Min(1, run.Kind.ShareOf(OfferNodes.Node(offer, "")) * run.Kind.Parts / nodesNeeded);
        var answer = waitOrBurst.Decide(new OverflowingJob(
            offer.Price * (part * nodesNeeded), offer.Startup, offer.MinimumBilling, run.Duration, ExpectedWait: null));
        if (!answer.Waits) return false;
        decisions.Add(new RehearsedDecision(now, "wait", answer.Why)
        {
            Pods = Names(run), WouldChange = "a smaller --wait-share",
        });
        return true;
    }

    private TimeSpan? NextRenting()
    {
        while (due.TryPeek(out var run, out var when))
        {
            if (run.Pods[0].Node is null) return when.At;
            due.Dequeue();
        }
        return null;
    }

    private void Rent()
    {
        while (NextRenting() is { } at && at <= now)
        {
            RentFor(due.Dequeue());
        }
        waitingKinds.RemoveAll(static kind => kind.Waiting.Count == 0);
    }

    /// <summary>Rents what the job needs at the least price for each of its pods; others of its kind share the nodes.</summary>
    private void RentFor(JobRun run)
    {
        var kind = run.Kind;
        var wanted = kind.Waiting.Count * kind.Parts;
        var (best, rejected) = Choose(kind, wanted);
        if (best is null)
        {
            if (kind.Held) return;
            kind.Held = true;
            decisions.Add(new RehearsedDecision(now, "hold", "no pool may rent a node that takes it")
            {
                Pods = Names(run),
                Rejected = rejected,
                WouldChange = "a higher max or budget, or a pool with larger nodes",
            });
            return;
        }
        var perNode = Math.Max(1, kind.PerNode(OfferNodes.Node(best, "")));
        var count = (kind.Parts + perNode - 1) / perNode;
        count = Math.Min(count, PoolOf(best).Max - rented.GetValueOrDefault(best.Pool));
        var why = $"{kind.Parts} of {run.Pods[0].Job.Name} fit nowhere; a {best.InstanceType} of pool {best.Pool} takes"
            + $" {perNode} for {best.Price}, the least for each";
        var launched = new List<RehearsedNode>();
        for (var n = 0; n < count; n++) launched.Add(Launch(best, why));
        decisions.Add(new RehearsedDecision(now, "burst", why)
        {
            Pool = best.Pool,
            Count = count,
            Pods = Names(run),
            Rejected = rejected,
            WouldChange = $"policy.burst.waitForOnPrem above {Words.Span(input.Policy.WaitForOnPrem)}, if waiting is cheaper",
        });
        freed.UnionWith(launched);
        ServeFreed();
    }

    private (Offer? Best, IReadOnlyList<(string Pool, string Why)> Rejected) Choose(JobKind kind, int wanted)
    {
        Offer? best = null;
        var least = decimal.MaxValue;
        var rejected = new List<(string Pool, string Why)>();
        var hourly = (decimal)load.CloudPerHour;
        foreach (var pool in input.Pools)
        {
            if (rented.GetValueOrDefault(pool.Name) >= pool.Max)
            {
                rejected.Add((pool.Name, $"all {pool.Max} nodes that it may have are rented"));
                continue;
            }
            var fitting = pool.Offers.Where(offer => Takes(kind, offer)).ToArray();
            if (fitting.Length == 0)
            {
                rejected.Add((pool.Name, "an empty node of it does not take the pod"));
                continue;
            }
            foreach (var offer in fitting)
            {
                if (input.Policy.Budget.PerHour is { } limit && hourly + offer.Price.Amount > limit.Amount)
                {
                    rejected.Add((pool.Name, $"{offer.InstanceType} at {offer.Price} would exceed {limit} an hour"));
                    continue;
                }
                var part = offer.Price.Amount / Math.Max(1, Math.Min(wanted, kind.PerNode(OfferNodes.Node(offer, ""))));
                if (part >= least) continue;
                best = offer;
                least = part;
            }
        }
        if (best is not null)
        {
            foreach (var pool in input.Pools)
            {
                if (pool.Name != best.Pool && rejected.TrueForAll(item => item.Pool != pool.Name))
                    rejected.Add((pool.Name, "dearer for each pod"));
            }
        }
        return (best, rejected);
    }

    private PoolState PoolOf(Offer offer) => input.Pools.First(pool => pool.Name == offer.Pool);

    private bool Takes(JobKind kind, Offer offer)
    {
        if (takes.TryGetValue((kind, offer.Key), out var known)) return known;
        using var tried = model.BeginWhatIf();
        var probe = new PodRecord { Key = new PodKey(JobKind.Namespace, "?"), Requirements = kind.Requirements };
        model.SetNode(OfferNodes.Node(offer, "?"));
        model.SetPod(probe);
        return takes[(kind, offer.Key)] = model.Fits(probe.Key, "?");
    }

    private readonly Dictionary<JobKind, bool> fitsOwned = [];

    /// <summary>Whether waiting can help at all: some owned machine takes the kind when it is empty.</summary>
    private bool FitsOwned(JobKind kind)
    {
        if (fitsOwned.TryGetValue(kind, out var known)) return known;
        var owned = new PlacementModel();
        foreach (var node in input.Owned) owned.SetNode(node.Record);
        var probe = new PodRecord { Key = new PodKey(JobKind.Namespace, "?"), Requirements = kind.Requirements };
        owned.SetPod(probe);
        return fitsOwned[kind] = owned.FindNode(probe.Key) is not null;
    }

    private RehearsedNode Launch(Offer offer, string why)
    {
        var record = OfferNodes.Node(offer, $"{offer.Pool}-{++rentals}");
        var node = new RehearsedNode(
            record, record.Labels[Plans.NodeLabels.Site] ?? "", offer.Price, offer, now) { Why = why, IdleSince = now };
        rented[offer.Pool] = rented.GetValueOrDefault(offer.Pool) + 1;
        AddNode(node);
        return node;
    }

    private void GiveBackIfIdle(RehearsedNode node)
    {
        if (node.Pods > 0 || node.RemovedAt is not null || now - node.IdleSince < input.Policy.IdleAfter) return;
        if (rented[node.Offer!.Pool] <= PoolOf(node.Offer).Min) return;
        node.RemovedAt = now;
        rented[node.Offer.Pool]--;
        byName.Remove(node.Name);
        model.RemoveNode(node.Name);
        Count(node, -1);

        // Its pool may rent again: those that were refused before ask once more.
        foreach (var kind in waitingKinds) due.Enqueue(kind.Waiting.Peek(), (now, order++));
        decisions.Add(new RehearsedDecision(
            now, "reclaim", $"{node.Name} has been idle for {Words.Span(input.Policy.IdleAfter)}")
        {
            Pool = node.Offer.Pool, Count = 1, WouldChange = "a longer policy.burst.idleAfter",
        });
    }

    private static IReadOnlyList<string> Names(JobRun run) => [.. run.Pods.Select(pod => pod.Name)];
}
