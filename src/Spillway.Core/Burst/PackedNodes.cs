using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>
/// Asks the packer for the nodes of all pods at once, and carries its answer over to the scene: every node has to pass
/// the book of offers and every pod the engine, so that budgets and devices that exclude each other are kept as well.
/// </summary>
internal sealed class PackedNodes(Scene scene, PodFacts facts)
{
    /// <summary>What the pods cost an hour at least, of those the packer found nodes for; null before it was asked.</summary>
    public RentBound? Bound { get; private set; }

    /// <summary>The packer's nodes, left in the scene; pods that did not pass are not served.</summary>
    public Solution Solve(IReadOnlyList<Unit> units, OfferBook stock)
    {
        var listings = stock.Listings.Where(listing => stock.Obstacle(listing, run: null) is null).ToList();
        var pods = units.SelectMany((unit, i) => unit.Keys.Select(key => Record(key, unit, i))).ToList();
        var plan = Packer.Plan(new PackingRequest
        {
            Pods = pods,
            Offers = [.. listings.Select(listing => Offer(listing, stock))],
            PoolRoom = listings.Select(listing => listing.Pool).Distinct()
                .ToDictionary(pool => pool.Name, pool => pool.Max - stock.Nodes(pool.Name)),
            Standing = scene.Model,
        });
        Bound = new RentBound(plan.PricePerHour, plan.BoundPerHour, plan.Bindings.Count);
        return Carry(units, plan, listings, pods, stock);
    }

    private Solution Carry(
        IReadOnlyList<Unit> units, PackingPlan plan, List<Listing> listings, List<PodRecord> pods, OfferBook stock)
    {
        var bought = new Bought?[plan.Nodes.Count];
        for (var node = 0; node < bought.Length; node++)
        {
            var listing = listings[plan.Nodes[node].Offer];
            var run = facts.Run([.. plan.Nodes[node].Pods.Select(pod => pods[pod].Key)]);
            if (stock.Obstacle(listing, run) is not null) continue;
            stock.Take(listing.Offer, run);
            bought[node] = new Bought(listing, scene.AddNode(listing.Offer), []);
        }

        var placed = new HashSet<PodKey>();
        foreach (var (pod, node) in plan.Bindings)
        {
            if (bought[node] is not { } target || !scene.TryPlaceOn(pods[pod].Key, target.Node)) continue;
            target.Pods.Add(pods[pod].Key);
            placed.Add(pods[pod].Key);
        }

        var nodes = bought.OfType<Bought>().ToList();
        foreach (var unit in units)
        {
            if (unit.Keys.All(placed.Contains)) continue;

            // A part of a gang is of no use to anybody.
            foreach (var node in nodes.Where(node => node.Pods.RemoveAll(unit.Keys.Contains) > 0).ToList())
                foreach (var key in unit.Keys) scene.Forget(key, node.Node);
            placed.ExceptWith(unit.Keys);
        }

        foreach (var empty in nodes.FindAll(node => node.Pods.Count == 0))
        {
            scene.RemoveNode(empty.Node);
            stock.GiveBack(empty.Listing.Offer, null);
            nodes.Remove(empty);
        }

        return new Solution(units, nodes, placed, stock);
    }

    // The unit is the gang: members that run already, or are held back, have been dealt with before.
    private PodRecord Record(PodKey key, Unit unit, int index)
    {
        var record = facts.Record(key);
        return record with
        {
            CreatedAt = unit.Since,
            Requirements = record.Requirements with
            {
                Gang = unit.IsGang ? new Gang($"unit-{index}", unit.Keys.Count) : null,
                SchedulingGates = [],
                Priority = unit.Priority,
            },
        };
    }

    private PackingOffer Offer(Listing listing, OfferBook stock)
    {
        var node = OfferNodes.Node(listing.Offer, "");
        return new PackingOffer(
            scene.HasDaemons ? node with { Allocatable = scene.RoomOn(listing.Offer) } : node,
            listing.Offer.Price.Amount)
        {
            Pool = listing.Pool.Name,
            Stock = stock.Left(listing.Offer),
        };
    }
}
