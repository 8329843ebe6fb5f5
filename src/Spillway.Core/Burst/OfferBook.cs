using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>Why an offer cannot be taken now, and when that may end by itself.</summary>
internal sealed record Obstacle(BurstReason Reason, string Why, string WouldChange, DateTimeOffset? Until = null);

/// <summary>An offer, its pool and its place in the file, as the search sees it.</summary>
internal sealed record Listing(Offer Offer, PoolState Pool, int Order);

/// <summary>
/// What can be bought in this pass: min, max, stock, quota and budget, counting what the pass has bought already.
/// </summary>
internal sealed class OfferBook
{
    private readonly Dictionary<OfferKey, StockOut> _stockOuts = [];
    private Dictionary<string, int> _nodes = new(StringComparer.Ordinal);
    private Dictionary<OfferKey, int> _taken = [];
    private BudgetMeter _budget;

    public OfferBook(BurstPolicy policy, BurstObservation seen, DateTimeOffset now)
    {
        _budget = new BudgetMeter(policy, seen.Spend, now);
        foreach (var stockOut in seen.StockOuts)
        {
            if (stockOut.RetryAt > now) _stockOuts[stockOut.Offer] = stockOut;
        }

        foreach (var claim in seen.Claims)
        {
            if (claim.Phase == ClaimPhase.Removed) continue;
            _nodes[claim.Offer.Pool] = _nodes.GetValueOrDefault(claim.Offer.Pool) + 1;
        }

        var listings = new List<Listing>();
        foreach (var pool in seen.Pools)
        {
            foreach (var offer in pool.Offers)
            {
                if (pool.Purchases.Contains(offer.Purchase)) listings.Add(new Listing(offer, pool, listings.Count));
            }
        }

        // Price first, then the order of the file: the order every tie is broken by.
        listings.Sort((a, b) =>
            a.Offer.Price.Amount != b.Offer.Price.Amount
                ? a.Offer.Price.Amount.CompareTo(b.Offer.Price.Amount)
                : a.Order.CompareTo(b.Order));
        Listings = listings;
    }

    private OfferBook(OfferBook other)
    {
        _stockOuts = other._stockOuts;
        Listings = other.Listings;
        _nodes = new Dictionary<string, int>(other._nodes, StringComparer.Ordinal);
        _taken = new Dictionary<OfferKey, int>(other._taken);
        _budget = other._budget.Copy();
    }

    /// <summary>Everything the pools may rent, cheapest first.</summary>
    public IReadOnlyList<Listing> Listings { get; }

    /// <summary>Nodes of the pool, those bought in this pass included.</summary>
    public int Nodes(string pool) => _nodes.GetValueOrDefault(pool);

    public void Take(Offer offer, TimeSpan? run)
    {
        _nodes[offer.Pool] = Nodes(offer.Pool) + 1;
        _taken[offer.Key] = _taken.GetValueOrDefault(offer.Key) + 1;
        _budget.Commit(offer, run);
    }

    /// <summary>Counts what the rented nodes will still cost; once a pass, when it is known what will run on them.</summary>
    public void Continue(ClaimState claim, TimeSpan work) => _budget.Continue(claim, work);

    public OfferBook Copy() => new(this);

    /// <summary>Continues from where the other has come to.</summary>
    public void TakeOver(OfferBook other) => (_nodes, _taken, _budget) = (other._nodes, other._taken, other._budget);

    public void GiveBack(Offer offer, TimeSpan? run)
    {
        _nodes[offer.Pool] = Nodes(offer.Pool) - 1;
        _taken[offer.Key] = _taken.GetValueOrDefault(offer.Key) - 1;
        _budget.Release(offer, run);
    }

    /// <summary>How many more of the offer there are; null when the cloud does not say.</summary>
    public int? Left(Offer offer) =>
        offer.Stock is { } stock ? Math.Max(0, stock - _taken.GetValueOrDefault(offer.Key)) : null;

    /// <summary>What stands in the way of one more node of the listing; null when nothing does.</summary>
    public Obstacle? Obstacle(Listing listing, TimeSpan? run)
    {
        var (pool, offer) = (listing.Pool, listing.Offer);
        if (pool.Paused)
            return new(BurstReason.PoolPaused, $"pool {pool.Name} is paused", $"resume pool {pool.Name}");
        if (Nodes(pool.Name) >= pool.Max)
        {
            return new(
                BurstReason.PoolAtMax,
                $"pool {pool.Name} has {Nodes(pool.Name)} of at most {Words.Count(pool.Max, "node")}",
                $"raise max of pool {pool.Name}");
        }

        if (pool.QuotaExceeded is { } quota)
            return new(BurstReason.QuotaExceeded, $"the cloud's quota is used up: {quota}",
                "ask the cloud for more quota");
        return Stock(offer) ?? Money(offer, run);
    }

    private Obstacle? Stock(Offer offer)
    {
        if (_stockOuts.TryGetValue(offer.Key, out var stockOut))
        {
            return new(
                BurstReason.NoStock,
                $"the cloud had no {offer.InstanceType} {Where(offer)}: {stockOut.Why}; asked again at {Words.Time(stockOut.RetryAt)}",
                "stock that returns, or another instance type or zone in the pool",
                stockOut.RetryAt);
        }

        if (offer.Stock is { } stock && _taken.GetValueOrDefault(offer.Key) >= stock)
        {
            return new(
                BurstReason.NoStock,
                stock == 0 ? $"the cloud says it has no more {offer.InstanceType} {Where(offer)}"
                    : $"the cloud says it has {stock} more {offer.InstanceType} {Where(offer)}, and other pods take them",
                "stock that returns, or another instance type or zone in the pool");
        }

        return null;
    }

    private Obstacle? Money(Offer offer, TimeSpan? run) =>
        _budget.Objection(offer, run) is { } why
            ? new(BurstReason.OverBudget, why, "raise policy.burst.budget, or wait until the period is over")
            : null;

    private static string Where(Offer offer) =>
        (offer.Purchase == PurchaseOption.Spot ? "spot" : "on demand")
            + (offer.Zone.Length == 0 ? "" : " in " + offer.Zone);
}
