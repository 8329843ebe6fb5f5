using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Plans;
using Spillway.Core.Ports;

namespace Spillway.Sandbox.Clouds;

/// <summary>Says no when a simulated cloud has to: quota, stock, stock-outs.</summary>
internal sealed class CapacityDesk(Cluster cluster, CloudState state)
{
    /// <summary>The settings of a pool's cloud; a real one's pool is rehearsed with the defaults.</summary>
    public static PoolCloud.Simulated Settings(Pool pool) =>
        pool.Cloud as PoolCloud.Simulated ?? new PoolCloud.Simulated { Region = pool.Cloud.Region };

    /// <summary>The refusal, or null when there is a machine to be had.</summary>
    public LaunchResult? Refusal(Pool pool, Offer offer, DateTimeOffset now)
    {
        var cloud = Settings(pool);
        if (QuotaFor(pool, offer) is { } exceeded) return new LaunchResult.QuotaExceeded(exceeded);
        var where = offer.Zone.Length > 0 ? $" in {offer.Zone}" : "";
        var what = $"{offer.InstanceType} {NodeLabels.Print(offer.Purchase)}{where}";
        foreach (var stockout in cloud.Stockouts)
        {
            if (IsOut(stockout, offer, now - state.StartedAt))
                return new LaunchResult.NoCapacity($"InsufficientInstanceCapacity: there is no {what} now");
        }
        if (Left(cloud, pool, offer.InstanceType) is { } left and <= 0)
            return new LaunchResult.NoCapacity(
                $"InsufficientInstanceCapacity: all {Stock(cloud, offer.InstanceType)} {offer.InstanceType} of {Place(pool)} are taken");
        return null;
    }

    /// <summary>How many of a type the cloud can still give; null for no end.</summary>
    public int? Left(PoolCloud.Simulated cloud, Pool pool, string instanceType) =>
        Stock(cloud, instanceType) is { } stock ? stock - Running(pool).Count(m => m.InstanceType == instanceType)
            : null;

    private string? QuotaFor(Pool pool, Offer offer)
    {
        foreach (var quota in RegionQuotas(pool))
        {
            var running = Running(pool).ToList();
            if (running.Count >= quota.Nodes)
                return $"InstanceLimitExceeded: the account may have {quota.Nodes} nodes in {Place(pool)}";
            var limit = offer.Purchase == PurchaseOption.Spot ? quota.SpotVcpus : quota.OnDemandVcpus;
            if (limit is null) continue;
            var used = running.Where(m => m.Purchase == offer.Purchase).Sum(m => Vcpus(m.Pool, m.InstanceType));
            var asked = Vcpus(pool.Name, offer.InstanceType);
            if (used + asked > limit)
                return $"VcpuLimitExceeded: {asked} more vCPUs would make {used + asked} of {limit} "
                    + $"{NodeLabels.Print(offer.Purchase)} vCPUs in {Place(pool)}";
        }
        return null;
    }

    private IEnumerable<CloudQuota> RegionQuotas(Pool pool) => cluster.Pools
        .Where(other => other.Cloud.Region == pool.Cloud.Region)
        .Select(other => Settings(other).Quota)
        .OfType<CloudQuota>();

    private IEnumerable<RentedMachine> Running(Pool pool) => state.Machines.Where(machine =>
        machine.IsRunning && cluster.FindPool(machine.Pool)?.Cloud.Region == pool.Cloud.Region);

    private long Vcpus(string pool, string instanceType)
    {
        if (InstanceCatalog.FindType(instanceType) is { } known) return known.Vcpus;
        return cluster.FindPool(pool)?.Capacity["cpu"].Value ?? 0;
    }

    private static int? Stock(PoolCloud.Simulated cloud, string instanceType) =>
        cloud.Stock.TryGetValue(instanceType, out var count) || cloud.Stock.TryGetValue("*", out count) ? count : null;

    private static bool IsOut(Stockout stockout, Offer offer, TimeSpan elapsed) =>
        (stockout.InstanceType is null || stockout.InstanceType == offer.InstanceType)
        && (stockout.Zone is null || stockout.Zone == offer.Zone)
        && (stockout.Purchase is null || stockout.Purchase == offer.Purchase)
        && elapsed >= stockout.From && (stockout.To is null || elapsed < stockout.To);

    private static string Place(Pool pool) => pool.Cloud.Region.Length > 0 ? pool.Cloud.Region : "this cloud";
}
