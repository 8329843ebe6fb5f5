using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>A set of nodes that serves some or all of the pods, and how it compares with another.</summary>
internal sealed record Solution(
    IReadOnlyList<Unit> Units, List<Bought> Nodes, HashSet<PodKey> Served, OfferBook Stock)
{
    /// <summary>Members of gangs that need no new node: where they start when the nodes for the others have joined.</summary>
    public IReadOnlyList<(PodKey Pod, string Node)> Homes { get; init; } = [];

    public bool ServesAll => Units.All(unit => Served.Contains(unit.First));

    public decimal Price => Nodes.Sum(node => node.Listing.Offer.Price.Amount);

    /// <summary>
    /// Higher priorities served first, then more pods, then the price an hour, then fewer nodes, then the order of
    /// the file.
    /// </summary>
    public bool IsBetterThan(Solution other)
    {
        var served = CompareServed(other);
        if (served != 0) return served > 0;
        if (Price != other.Price) return Price < other.Price;
        if (Nodes.Count != other.Nodes.Count) return Nodes.Count < other.Nodes.Count;
        return Nodes.Sum(node => (long)node.Listing.Order) < other.Nodes.Sum(node => (long)node.Listing.Order);
    }

    private int CompareServed(Solution other)
    {
        foreach (var tier in Units.GroupBy(unit => unit.Priority).OrderByDescending(tier => tier.Key))
        {
            var ours = tier.Sum(unit => Served.Contains(unit.First) ? unit.Pods.Count : 0);
            var theirs = tier.Sum(unit => other.Served.Contains(unit.First) ? unit.Pods.Count : 0);
            if (ours != theirs) return ours.CompareTo(theirs);
        }

        return 0;
    }
}
