using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;

namespace Spillway.Core.Plans;

/// <summary>One way a pool can launch a node.</summary>
public sealed record PoolOffer(
    string Pool,
    string InstanceType,
    string Zone,
    PurchaseOption Purchase,
    HourlyPrice Price,
    InterruptionBand Interruptions,
    NodeTemplate Template);

/// <summary>What a pool can launch, and for how much.</summary>
public static class PoolOffers
{
    /// <summary>
    /// Every type × zone × way to buy that has a price, the cheapest first (then type, zone); with
    /// <c>spot-then-on-demand</c> all spot offers come before the others.
    /// </summary>
    public static IReadOnlyList<PoolOffer> For(Pool pool, ClusterModel model)
    {
        var offers = new List<PoolOffer>();
        foreach (var purchase in pool.PurchaseOptions)
        {
            foreach (var type in InstanceTypesOf(pool))
            {
                if (PriceOf(pool, type, purchase) is not { } price)
                    continue;
                var known = InstanceCatalog.Find(pool.Cloud.Region, type);
                var band = purchase == PurchaseOption.Spot ? known?.Interruptions : null;
                foreach (var zone in ZonesOf(pool))
                {
                    var template = NodeTemplates.ForPool(pool, type, zone, purchase, model);
                    offers.Add(new PoolOffer(pool.Name, type, zone, purchase, price,
                        band ?? InterruptionBand.Unknown, template));
                }
            }
        }

        var spotFirst = pool.Purchase == PoolPurchase.SpotThenOnDemand;
        return [.. offers
            .OrderBy(offer => spotFirst && offer.Purchase == PurchaseOption.OnDemand)
            .ThenBy(offer => offer.Price.Amount)
            .ThenBy(offer => offer.InstanceType, StringComparer.Ordinal)
            .ThenBy(offer => offer.Zone, StringComparer.Ordinal)];
    }

    /// <summary>The pool's types; a pool that only says a capacity has one type, named like itself.</summary>
    public static IReadOnlyList<string> InstanceTypesOf(Pool pool) =>
        pool.InstanceTypes.Count > 0 ? pool.InstanceTypes : [pool.Name];

    /// <summary>The pool's zones; where none are said, the simulated cloud's first, and the cloud's own choice else.</summary>
    public static IReadOnlyList<string> ZonesOf(Pool pool)
    {
        if (pool.Zones.Count > 0)
            return pool.Zones;
        var region = pool.Cloud.Region;
        if (pool.Cloud is not PoolCloud.Simulated || region.Length == 0)
            return [""];

        // us-east-1a on AWS, us-central1-a on Google, eastus-1 on Azure.
        var provider = InstanceCatalog.InRegion(region).FirstOrDefault()?.Type.Provider;
        return [provider switch
        {
            CloudProvider.Gcp => $"{region}-a",
            CloudProvider.Azure => $"{region}-1",
            _ => $"{region}a",
        }];
    }

    /// <summary>The pool's own price, else the table's for its region; null where neither knows one.</summary>
    public static HourlyPrice? PriceOf(Pool pool, string instanceType, PurchaseOption purchase)
    {
        var known = InstanceCatalog.Find(pool.Cloud.Region, instanceType);
        return purchase == PurchaseOption.Spot
            ? pool.Price?.Spot ?? known?.Spot
            : pool.Price?.OnDemand ?? known?.OnDemand;
    }
}
