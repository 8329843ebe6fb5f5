using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>
/// What preferences may cost. Where the policy pays more for one than it costs, it becomes a requirement before the pods
/// are packed; otherwise it decides between offers of the same price when all is packed, and never opens a node.
/// </summary>
internal static class Preferring
{
    /// <summary>The request with the preferences that pay made requirements.</summary>
    public static PackingRequest Promote(PackingRequest request)
    {
        var worth = request.Preferences.PerWeightAndHour;
        if (worth <= 0) return request;
        var known = new Dictionary<PodRequirements, PodRequirements>(ReferenceEqualityComparer.Instance);
        var pods = request.Pods.Select(pod =>
        {
            if (!known.TryGetValue(pod.Requirements, out var asks))
                known.Add(pod.Requirements, asks = Promote(pod.Requirements, request.Offers, worth));
            return ReferenceEquals(asks, pod.Requirements) ? pod : pod with { Requirements = asks };
        });
        return request with { Pods = [.. pods] };
    }

    /// <summary>Moves each node to the offer, no dearer, whose labels its pods prefer most.</summary>
    public static void Settle(Yard yard, IReadOnlyList<PackingOffer> offers)
    {
        if (!yard.Items.Any(item => !item.Kind.Sample.Requirements.PreferredNodeTerms.IsEmpty)) return;
        foreach (var bin in yard.Bins)
        {
            var best = bin.Offer;
            var most = Weight(bin, offers[best].Node, yard.Items);
            foreach (var offer in yard.SameOrCheaper(bin))
            {
                var weight = Weight(bin, offers[offer].Node, yard.Items);
                if (weight > most) (best, most) = (offer, weight);
            }
            if (best != bin.Offer) yard.Move(bin, best);
        }
    }

    private static long Weight(Bin bin, NodeRecord node, IReadOnlyList<Item> items)
    {
        long sum = 0;
        foreach (var (item, count) in bin.Content)
        {
            foreach (var (weight, term) in items[item].Kind.Sample.Requirements.PreferredNodeTerms)
            {
                if (StaticRule.TermMatches(term, node)) sum += (long)weight * count;
            }
        }
        return sum;
    }

    private static PodRequirements Promote(
        PodRequirements asks, IReadOnlyList<PackingOffer> offers, decimal worth)
    {
        var lonely = asks.PreferredAntiAffinity
            .Where(one => one.Term.TopologyKey == WellKnownLabels.Hostname).ToList();
        if (lonely.Count == 0) return asks;
        var rule = StaticRuleKey.Of(asks);
        decimal? alone = null, share = null;
        foreach (var offer in offers)
        {
            if (Part(asks.Requests, offer.Node.Allocatable) is not { } part) continue;
            if (StaticRule.Evaluate(rule, offer.Node) != StaticVerdict.Fits) continue;
            alone = Math.Min(alone ?? decimal.MaxValue, offer.PricePerHour);
            share = Math.Min(share ?? decimal.MaxValue, offer.PricePerHour * part);
        }
        var paying = lonely.FindAll(one => alone - share < worth * one.Weight);
        return paying.Count == 0 ? asks : asks with
        {
            AntiAffinity = [.. asks.AntiAffinity, .. paying.Select(one => one.Term)],
            PreferredAntiAffinity = [.. asks.PreferredAntiAffinity.Where(one => !paying.Contains(one))],
        };
    }

    /// <summary>The largest part of any resource of the node that the pod takes; null when it does not fit.</summary>
    private static decimal? Part(ResourceAmounts requests, ResourceAmounts room)
    {
        var part = 0m;
        foreach (var (resource, amount) in requests)
        {
            if (amount > room[resource]) return null;
            if (amount > 0) part = Math.Max(part, (decimal)amount / room[resource]);
        }
        return part;
    }
}
