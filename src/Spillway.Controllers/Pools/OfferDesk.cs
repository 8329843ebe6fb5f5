using Spillway.Core.Ports;

namespace Spillway.Controllers.Pools;

/// <summary>What the pools may rent, asked of the cloud at most once a minute: prices move slowly, decisions come fast.</summary>
internal sealed class OfferDesk(ICloud cloud, TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (IReadOnlyList<Offer> Offers, DateTimeOffset At)> _known =
        new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<Offer>> OffersAsync(string pool, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            if (_known.TryGetValue(pool, out var known) && now - known.At < FreshFor) return known.Offers;
        }

        var offers = await cloud.ListOffersAsync(pool, cancellationToken);
        lock (_gate) _known[pool] = (offers, now);
        return offers;
    }

    /// <summary>The last offers heard of; empty for a pool that was not asked for yet.</summary>
    public IReadOnlyList<Offer> Known(string pool)
    {
        lock (_gate) return _known.TryGetValue(pool, out var known) ? known.Offers : [];
    }

    /// <summary>The offers that were heard of for all pools.</summary>
    public IReadOnlyList<Offer> Known()
    {
        lock (_gate) return [.. _known.OrderBy(one => one.Key, StringComparer.Ordinal)
            .SelectMany(one => one.Value.Offers)];
    }

    /// <summary>Asks again next time: the cloud has just said something that the list did not know.</summary>
    public void Forget(string pool)
    {
        lock (_gate) _known.Remove(pool);
    }
}
