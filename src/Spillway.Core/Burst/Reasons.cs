using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>The words of a plan: why this node, why not the others, why nothing. Every verdict is the engine's.</summary>
internal sealed class Reasons(BurstObservation seen, Scene scene, OfferBook book, PodFacts facts)
{
    private readonly Dictionary<int, bool> _possible = [];
    private readonly Dictionary<int, (string Why, string Help, string Before)> _nowhere = [];

    /// <summary>Turns a purchase into a question to a person.</summary>
    public static BurstDecision ForApproval(BurstDecision.Burst burst) => new BurstDecision.Hold
    {
        Pods = burst.Pods,
        Reason = BurstReason.NeedsApproval,
        Why = $"{burst.Why}; policy.burst.mode is advise, so a person approves it by the annotation "
            + $"{BurstRules.ApprovalAnnotation}={BurstRules.Approved} on the pod",
        WouldChange = "approval, or policy.burst.mode: auto",
        Rejected = burst.Rejected,
    };

    public bool SomePoolCouldTake(Unit unit) => unit.Keys.All(SomePoolCouldTake);

    /// <summary>Asks the engine why no node takes these pods, while the scene still shows the nodes that are there.</summary>
    public void LearnWhyNowhere(IEnumerable<Unit> units)
    {
        foreach (var unit in units) NowhereNow(unit);
    }

    /// <summary>Why no node that is there takes the pod now, in the engine's words.</summary>
    public string NowhereNow(Unit unit) => Nowhere(unit.First).Why;

    /// <summary>What the unit lacks whatever nodes there are, such as a claim that does not exist; empty for nothing.</summary>
    public string BeforeNodes(Unit unit) =>
        unit.Keys.Select(pod => Nowhere(pod).Before).FirstOrDefault(before => before.Length > 0, "");

    public string ForBurst(Listing listing, List<Bought> nodes)
    {
        var pods = nodes.SelectMany(node => node.Pods).ToList();
        var offer = listing.Offer;

        // The pod that is dearest to serve is the one the node was chosen for; the others came along.
        var decisive = pods.MaxBy(facts.Value);
        var what = pods.Count == 1 ? "it fits" : "they fit";
        return $"{what} no node now ({Nowhere(decisive).Why}); {Words.Count(nodes.Count, "node")} of {offer.InstanceType} "
            + $"({offer.Key.PurchaseText}{(offer.Zone.Length == 0 ? "" : ", " + offer.Zone)}, {offer.Price}) "
            + $"{(nodes.Count == 1 ? "is" : "are")} the cheapest that can take {(pods.Count == 1 ? "it" : "them")}"
            + DeviceNote(decisive, offer);
    }

    public string WouldChangeBurst(IReadOnlyList<PodKey> pods) => Nowhere(pods.MaxBy(facts.Value)).Help;

    /// <summary>Every pool but the one of the bought node, and why it was not taken for that node's pods.</summary>
    public IReadOnlyList<Rejection> Rejected(IReadOnlyList<PodKey> pods, Bought node, OfferBook stock)
    {
        var rejected = new List<Rejection>();
        foreach (var pool in seen.Pools)
        {
            if (pool.Name != node.Listing.Pool.Name) rejected.Add(WhyNot(pool, node, stock));
        }

        return rejected;
    }

    public IReadOnlyList<Rejection> AllPools(Unit unit, string otherwise)
    {
        var rejected = new List<Rejection>();
        foreach (var pool in seen.Pools)
        {
            rejected.Add(Misfit(pool, unit.First)
                ?? Barred(pool, unit.Keys, book)
                ?? new Rejection(pool.Name, BurstReason.OnPremSoon, otherwise));
        }

        return rejected;
    }

    /// <summary>The answer for a unit that some pool could take and none may now.</summary>
    public BurstDecision Blocked(Unit unit, OfferBook stock, DateTimeOffset now)
    {
        var rejected = new List<Rejection>();
        Obstacle? first = null;
        DateTimeOffset? until = null;
        foreach (var pool in seen.Pools)
        {
            var misfit = Misfit(pool, unit.First);
            if (misfit is not null)
            {
                rejected.Add(misfit);
                continue;
            }

            var obstacle = ObstacleOf(pool, unit.Keys, stock) ?? ObstacleOf(pool, unit.Keys, book);
            rejected.Add(obstacle is null
                ? NotTogether(pool, unit)
                : new Rejection(pool.Name, obstacle.Reason, obstacle.Why));
            if (obstacle?.Until is { } retry && (until is null || retry < until)) until = retry;
            if (first is null || (first.Reason != BurstReason.NoStock && obstacle?.Reason == BurstReason.NoStock))
                first = obstacle ?? first;
        }

        var why = $"it fits no node now ({NowhereNow(unit)}), and no pool may grow for it: "
            + string.Join("; ", rejected.Select(one => $"{one.Pool}: {one.Why}"));
        if (first is { Reason: BurstReason.NoStock })
        {
            return new BurstDecision.Wait(until)
            {
                Pods = unit.Keys, Reason = first.Reason, Why = why, WouldChange = first.WouldChange, Rejected =
                    rejected,
            };
        }

        return new BurstDecision.Hold
        {
            Pods = unit.Keys,
            Reason = first?.Reason ?? BurstReason.NothingFits,
            Why = why,
            WouldChange = first?.WouldChange ?? "a higher max of a pool, smaller pods, or pools with larger nodes",
            Rejected = rejected,
        };
    }

    private Rejection NotTogether(PoolState pool, Unit unit) => new(
        pool.Name,
        BurstReason.PoolAtMax,
        $"it may grow by {Words.Count(pool.Max - book.Nodes(pool.Name), "node")} (max {pool.Max}), which do not take "
            + $"all {unit.Pods.Count} pods together");

    public BurstDecision MinimumBlocked(PoolState pool)
    {
        var listing = book.Listings.FirstOrDefault(one => one.Pool == pool);
        var obstacle = listing is null ? null : book.Obstacle(listing, run: null);
        return new BurstDecision.Hold
        {
            Pods = [],
            Reason = obstacle?.Reason ?? BurstReason.NothingFits,
            Why = $"pool {pool.Name} should keep {Words.Count(pool.Min, "node")} and has {book.Nodes(pool.Name)}: "
                + (obstacle?.Why ?? "the cloud offers nothing for it"),
            WouldChange = obstacle?.WouldChange ?? "an instance type and zone that the cloud has",
        };
    }

    public BurstDecision Refusal(Unit unit) => new Refusals(seen, scene, book, facts, this).Describe(unit);

    /// <summary>Why none of the pool's nodes could take the pod even if it were empty; null when one could.</summary>
    public Rejection? Misfit(PoolState pool, PodKey pod)
    {
        string? nearest = null;
        foreach (var listing in book.Listings)
        {
            if (listing.Pool != pool) continue;
            var no = Objection(listing.Offer, pod);
            if (no is null) return null;
            nearest = no;
        }

        nearest ??= "it has no offer: the cloud knows no price for its instance types";
        return new Rejection(pool.Name, BurstReason.NothingFits, nearest);
    }

    private bool SomePoolCouldTake(PodKey pod)
    {
        var kind = facts.Class(pod);
        if (_possible.TryGetValue(kind, out var known)) return known;
        var possible = seen.Pools.Any(pool => Misfit(pool, pod) is null);
        _possible.Add(kind, possible);
        return possible;
    }

    private (string Why, string Help, string Before) Nowhere(PodKey pod)
    {
        var kind = facts.Class(pod);
        if (_nowhere.TryGetValue(kind, out var known)) return known;
        var explanation = scene.Place(pod) switch
        {
            PlacementOutcome.Unplaceable no => no.Explanation,
            PlacementOutcome.Preempts no => no.Otherwise,
            _ => null,
        };
        var answer = explanation is null
            ? ("nodes have room for some of these pods, not for all", "", "")
            : (Clause(explanation), explanation.WhatWouldHelp() is { Count: > 0 } help ? help[0] : "",
                explanation.BeforeNodes);
        _nowhere.Add(kind, answer);
        return answer;
    }

    /// <summary>What an empty node of the offer says to the pod; null when it takes it.</summary>
    private string? Objection(Offer offer, PodKey pod)
    {
        var mark = scene.Mark();
        var node = scene.AddNode(offer);
        var why = scene.WhyNotOn(pod, node);
        scene.Rollback(mark);
        if (why is null) return null;
        var record = facts.Record(pod);
        foreach (var (resource, amount) in record.Requirements.Requests)
        {
            var there = OfferNodes.Allocatable(offer)[resource];
            if (amount > there) return DeviceWords.Shortage(offer, resource, amount, there, seen.Accelerators);
        }

        return why.Replace(node, $"a node of {offer.InstanceType}", StringComparison.Ordinal);
    }

    private bool HoldsAll(Offer offer, IReadOnlyList<PodKey> pods)
    {
        var mark = scene.Mark();
        var node = scene.AddNode(offer);
        var all = pods.All(pod => scene.TryPlaceOn(pod, node));
        scene.Rollback(mark);
        return all;
    }

    private Rejection WhyNot(PoolState pool, Bought node, OfferBook stock)
    {
        var kinds = node.Pods.DistinctBy(facts.Class).ToList();
        foreach (var pod in kinds)
        {
            if (Misfit(pool, pod) is { } misfit) return misfit;
        }

        if (Barred(pool, node.Pods, stock) is { } barred) return barred;
        var cheapest = book.Listings.First(listing => listing.Pool == pool);
        var chosen = node.Listing.Offer;
        if (cheapest.Offer.Price > chosen.Price)
        {
            return new Rejection(
                pool.Name,
                BurstReason.NeedsNode,
                $"it would do, but a node of {cheapest.Offer.InstanceType} costs {cheapest.Offer.Price}, "
                    + $"not {chosen.Price}");
        }

        return new Rejection(
            pool.Name,
            BurstReason.NeedsNode,
            cheapest.Offer.Price == chosen.Price && HoldsAll(cheapest.Offer, node.Pods)
                ? $"it would do at the same {cheapest.Offer.Price}; the file names {node.Listing.Pool.Name} first"
                : $"its nodes at {cheapest.Offer.Price} hold fewer of these pods: all of them would cost more");
    }

    private Rejection? Barred(PoolState pool, IReadOnlyList<PodKey> pods, OfferBook stock) =>
        ObstacleOf(pool, pods, stock) is { } obstacle ? new Rejection(pool.Name, obstacle.Reason, obstacle.Why) : null;

    /// <summary>What bars every offer of the pool that could take the pods: the cheapest one's obstacle.</summary>
    private Obstacle? ObstacleOf(PoolState pool, IReadOnlyList<PodKey> pods, OfferBook stock)
    {
        Obstacle? first = null;
        foreach (var listing in stock.Listings)
        {
            if (listing.Pool != pool || Objection(listing.Offer, pods[0]) is not null) continue;
            var obstacle = stock.Obstacle(listing, facts.Run(pods));
            if (obstacle is null) return null;
            first ??= obstacle;
        }

        return first;
    }

    private string DeviceNote(PodKey pod, Offer offer)
    {
        foreach (var (resource, amount) in facts.Record(pod).Requirements.Requests)
        {
            var accelerator = seen.Accelerators.FirstOrDefault(one => one.Resource == resource);
            if (accelerator is null) continue;
            foreach (var group in offer.Template.Devices)
            {
                if (LogicalAccelerators.DevicesNeeded(accelerator, group.Model, amount) is { } devices)
                    return $": {amount} × {accelerator.Name} need {devices} × {group.Model} in one node, and it has {group.Count}";
            }
        }

        return "";
    }

    private static string Clause(PlacementExplanation explanation)
    {
        var sentence = explanation.ToSentence();
        var help = sentence.IndexOf(" Would help:", StringComparison.Ordinal);
        if (help > 0) sentence = sentence[..help];
        sentence = sentence.TrimEnd('.');
        return sentence.Length == 0 ? "no node takes it" : char.ToLowerInvariant(sentence[0]) + sentence[1..];
    }
}
