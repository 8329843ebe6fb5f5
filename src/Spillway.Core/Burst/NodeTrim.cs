using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>Makes a solution cheaper without serving fewer pods.</summary>
internal sealed class NodeTrim(Scene scene, OfferBook before, PodFacts facts)
{
    /// <summary>
    /// Swaps nodes for larger ones while pods are left over, empties nodes into others where that works, then swaps each
    /// node for the cheapest that holds its pods.
    /// </summary>
    public Solution Improve(Solution solution)
    {
        Grow(solution);
        foreach (var node in solution.Nodes.OrderBy(node => node.Pods.Count).ToList()) TryEmpty(node, solution.Nodes);
        var stock = before.Copy();
        foreach (var node in solution.Nodes) stock.Take(node.Listing.Offer, facts.Run(node.Pods));
        for (var i = 0; i < solution.Nodes.Count; i++) solution.Nodes[i] = Cheaper(solution.Nodes[i], ref stock);
        return solution with { Stock = stock };
    }

    // A pool that may have no more nodes may still have larger ones.
    private void Grow(Solution solution)
    {
        var left = solution.Units.Where(unit => !unit.IsGang && !solution.Served.Contains(unit.First))
            .Select(unit => unit.First).ToList();
        while (left.Count > 0)
        {
            var best = (Index: -1, Listing: default(Listing), PerPod: decimal.MaxValue);
            for (var i = 0; i < solution.Nodes.Count; i++)
            {
                foreach (var listing in solution.Stock.Listings)
                {
                    var more = listing.Offer.Price.Amount - solution.Nodes[i].Listing.Offer.Price.Amount;
                    if (more <= 0) continue;
                    var mark = scene.Mark();
                    var gained = Swap(solution, i, listing, left, commit: false);
                    scene.Rollback(mark);
                    if (gained > 0 && more / gained < best.PerPod) best = (i, listing, more / gained);
                }
            }

            if (best.Listing is null) return;
            Swap(solution, best.Index, best.Listing, left, commit: true);
        }
    }

    /// <summary>How many of the pods left over the node takes as well when it is of the other listing.</summary>
    private int Swap(Solution solution, int index, Listing listing, List<PodKey> left, bool commit)
    {
        var node = solution.Nodes[index];
        var stock = solution.Stock.Copy();
        stock.GiveBack(node.Listing.Offer, facts.Run(node.Pods));
        if (stock.Obstacle(listing, facts.Run(node.Pods)) is not null) return 0;
        scene.RemoveNode(node.Node);
        scene.AddNode(listing.Offer, node.Node);
        if (!node.Pods.TrueForAll(pod => scene.TryPlaceOn(pod, node.Node))) return 0;
        var gained = left.FindAll(pod => scene.TryPlaceOn(pod, node.Node));
        if (!commit) return gained.Count;
        node.Pods.AddRange(gained);
        solution.Served.UnionWith(gained);
        left.RemoveAll(gained.Contains);
        stock.Take(listing.Offer, facts.Run(node.Pods));
        solution.Stock.TakeOver(stock);
        solution.Nodes[index] = node with { Listing = listing };
        return gained.Count;
    }

    private void TryEmpty(Bought node, List<Bought> nodes)
    {
        if (nodes.Count < 2) return;
        var mark = scene.Mark();
        scene.RemoveNode(node.Node);
        var moves = new List<(PodKey Pod, Bought To)>();
        foreach (var pod in node.Pods)
        {
            var target = nodes.Find(other => other != node && scene.TryPlaceOn(pod, other.Node));
            if (target is null)
            {
                scene.Rollback(mark);
                return;
            }

            moves.Add((pod, target));
        }

        foreach (var (pod, target) in moves) target.Pods.Add(pod);
        nodes.Remove(node);
    }

    private Bought Cheaper(Bought node, ref OfferBook stock)
    {
        foreach (var listing in stock.Listings)
        {
            // Cheapest first: what follows is no cheaper than what we have.
            if (listing.Offer.Price.Amount >= node.Listing.Offer.Price.Amount) break;
            var trial = stock.Copy();
            trial.GiveBack(node.Listing.Offer, facts.Run(node.Pods));
            if (trial.Obstacle(listing, facts.Run(node.Pods)) is not null) continue;
            var mark = scene.Mark();
            scene.RemoveNode(node.Node);
            scene.AddNode(listing.Offer, node.Node);
            if (node.Pods.TrueForAll(pod => scene.TryPlaceOn(pod, node.Node)))
            {
                trial.Take(listing.Offer, facts.Run(node.Pods));
                stock = trial;
                return node with { Listing = listing };
            }

            scene.Rollback(mark);
        }

        return node;
    }
}
