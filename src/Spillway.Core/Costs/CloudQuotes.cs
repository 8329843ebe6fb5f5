using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Plans;

namespace Spillway.Core.Costs;

/// <summary>
/// What a pod would cost in the cloud where no pool of the cluster could hold it: on the cheapest instance type of the
/// price table that can, on demand, in the region of the first pool that has one (us-east-1 else). The pod bears the
/// part of the node's price that it takes up.
/// </summary>
public sealed class CloudQuotes(ClusterModel model)
{
    private const string UsualRegion = "us-east-1";

    private readonly Dictionary<ResourceAmounts, HourlyPrice?> quotes = [];
    private List<(HourlyPrice Price, ResourceAmounts Room)>? types;

    /// <summary>Null where no type of the table can hold it.</summary>
    public HourlyPrice? PerHour(ResourceAmounts requests)
    {
        if (quotes.TryGetValue(requests, out var known))
            return known;
        HourlyPrice? least = null;
        foreach (var (price, room) in types ??= Types())
        {
            if (!Fits(requests, room))
                continue;
            var part = price * ShareOf(requests, room);
            if (least is null || part < least)
                least = part;
        }

        return quotes[requests] = least;
    }

    /// <summary>The largest part of any resource of the node that the requests take: the part of the price they bear.</summary>
    public static decimal ShareOf(ResourceAmounts requests, ResourceAmounts room)
    {
        decimal share = 0;
        foreach (var (resource, amount) in requests.Span)
        {
            var offered = room[resource];
            if (amount > 0 && offered > 0)
                share = Math.Max(share, (decimal)amount / offered);
        }

        return Math.Min(share, 1);
    }

    private static bool Fits(ResourceAmounts requests, ResourceAmounts room)
    {
        foreach (var (resource, amount) in requests.Span)
        {
            if (room[resource] < amount)
                return false;
        }

        return true;
    }

    private List<(HourlyPrice Price, ResourceAmounts Room)> Types()
    {
        var region = model.Cluster.Pools.Select(pool => pool.Cloud.Region).FirstOrDefault(InstanceCatalog.HasRegion)
            ?? UsualRegion;
        var pool = new Pool { Name = "quote", Cloud = new PoolCloud.Simulated { Region = region } };
        var found = new List<(HourlyPrice, ResourceAmounts)>();
        foreach (var price in InstanceCatalog.InRegion(region))
        {
            var node = NodeTemplates.ForPool(pool, price.Type.Name, "", PurchaseOption.OnDemand, model);
            found.Add((price.OnDemand, ResourceAmounts.FromQuantities(
                node.Allocatable.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString())))));
        }

        return found;
    }
}
