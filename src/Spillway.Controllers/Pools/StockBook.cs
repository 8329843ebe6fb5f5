using Spillway.Controllers.Objects;
using Spillway.Core.Burst;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Pools;

/// <summary>
/// Which offers the clouds have lately refused. The pools' status keeps it across restarts; this is the copy that is
/// current between two writes.
/// </summary>
internal sealed class StockBook
{
    private readonly Lock _gate = new();
    private readonly Dictionary<OfferKey, StockOut> _stockOuts = [];
    private readonly HashSet<string> _loaded = new(StringComparer.Ordinal);

    /// <summary>Takes over, once, what a pool's status remembers from before this process.</summary>
    public void Load(PoolObject pool)
    {
        lock (_gate)
        {
            if (!_loaded.Add(pool.Name)) return;
            foreach (var stockOut in pool.StockOuts) _stockOuts.TryAdd(stockOut.Offer, stockOut);
        }
    }

    public StockOut Refused(OfferKey offer, string why, DateTimeOffset now)
    {
        lock (_gate) return _stockOuts[offer] = StockOut.Next(_stockOuts.GetValueOrDefault(offer), offer, why, now);
    }

    /// <summary>A launch worked: the row of refusals is over.</summary>
    public bool Served(OfferKey offer)
    {
        lock (_gate) return _stockOuts.Remove(offer);
    }

    public IReadOnlyList<StockOut> All()
    {
        lock (_gate) return [.. _stockOuts.Values.OrderBy(one => one.Offer.ToString(), StringComparer.Ordinal)];
    }

    public IReadOnlyList<StockOut> Of(string pool) => [.. All().Where(one => one.Offer.Pool == pool)];
}
