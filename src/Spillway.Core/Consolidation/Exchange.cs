using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Core.Consolidation;

/// <summary>
/// Makes one node take the place of several, or of one dearer one. The best exchange is made, then the next, until none
/// saves enough.
/// </summary>
/// <param name="policy">How much has to be saved.</param>
/// <param name="standing">Disruption budgets.</param>
/// <param name="cluster">As it is so far; left with the exchanges made.</param>
/// <param name="book">What may be rented; null to take nodes that were about to go instead.</param>
internal sealed class Exchange(
    ConsolidationPolicy policy, Standing standing, ClearedCluster cluster, OfferBook? book)
{
    // After so many candidates that look as if they fit and do not, the rest will not either.
    private const int Failures = 8;

    // About a microsecond to ten each: an exchange that is not found within it is found in a later pass, when what was
    // found before is done.
    private const long MostAsked = 400_000;

    /// <summary>An exchange that was made; <paramref name="Rent"/> is null when a node that was to go stays instead.</summary>
    internal sealed record Made(Offer? Rent, string Node, IReadOnlyList<Candidate> Removed, decimal Saving);

    public List<Made> Run(List<Candidate> staying)
    {
        var made = new List<Made>();
        var refused = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var until = cluster.Asked + MostAsked;
        while (staying.Count > 0 && cluster.Asked < until)
        {
            (object Source, Made Found)? best = null;
            foreach (var source in Sources())
            {
                if (refused.Contains(source) || cluster.Asked >= until) continue;
                var mark = cluster.Mark();
                var found = Try(source, staying);
                cluster.Rollback(mark);

                // Room only shrinks: what does not pay now does not pay later in this pass.
                if (found is null) refused.Add(source);
                else if (best is null || found.Saving > best.Value.Found.Saving) best = (source, found);
            }

            if (best is null) break;
            Commit(best.Value.Source, staying, made);
        }

        return made;
    }

    /// <summary>The same again while it pays: equal nodes need no new search.</summary>
    private void Commit(object source, List<Candidate> staying, List<Made> made)
    {
        while (true)
        {
            var mark = cluster.Mark();
            if (Try(source, staying) is not { } found)
            {
                cluster.Rollback(mark);
                return;
            }

            made.Add(found);
            staying.RemoveAll(found.Removed.Contains);
            if (source is not Listing listing)
            {
                staying.Add((Candidate)source);
                return;
            }

            book!.Take(listing.Offer, run: null);
            if (book.Obstacle(listing, run: null) is not null) return;
        }
    }

    /// <summary>Cheapest first; of nodes that are to go, one of each kind.</summary>
    private IReadOnlyList<object> Sources() => book is not null
        ? [.. book.Listings.Where(listing => book.Obstacle(listing, run: null) is null)]
        : [.. cluster.Cleared.OrderBy(one => one.Price).ThenBy(one => one.Name, StringComparer.Ordinal)
            .DistinctBy(one => one.Offer.Key)];

    private Made? Try(object source, List<Candidate> staying)
    {
        var listing = source as Listing;
        var back = source as Candidate;
        var price = listing?.Offer.Price.Amount ?? back!.Price;
        var node = listing is not null ? cluster.Add(listing.Offer) : back!.Name;
        if (back is not null) cluster.Return(back);
        var removed = new List<Candidate>();
        var budgets = standing.Budgets.Start();
        var failures = 0;
        foreach (var candidate in staying.OrderByDescending(one => one.Price).ThenByDescending(one => one.Waste)
            .ThenBy(one => one.Name, StringComparer.Ordinal))
        {
            if (failures >= Failures || removed.Count >= policy.AtOnce) break;
            if (candidate.Offer.Price.Currency != (listing?.Offer ?? back!.Offer).Price.Currency) continue;
            if (!cluster.HasFree(node, candidate.Asked)) continue;
            if (listing is not null && !budgets.Allows(candidate.Pods)) continue;
            if (cluster.TryClear(candidate) is not null)
            {
                failures++;
                continue;
            }

            budgets.Take(candidate.Pods);
            removed.Add(candidate);
        }

        var before = removed.Sum(one => one.Price);
        var saving = before - price;
        if (removed.Count == 0 || saving <= 0 || saving < before * (decimal)policy.MinSaving) return null;
        var cost = removed.Sum(one => one.MoveCost) + (listing is null ? 0 : Overlap(listing.Offer));
        if (cost > saving * (decimal)policy.Payback.TotalHours) return null;
        return new Made(listing?.Offer, node, removed, saving);
    }

    /// <summary>The new node is paid for while the old ones still are.</summary>
    public static decimal Overlap(Offer offer) =>
        offer.Price.Amount * (decimal)(offer.Startup + MoveCosts.Restart).TotalHours;
}
