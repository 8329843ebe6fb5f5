using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>
/// Finds a cheap set of nodes for pods that fit nowhere: the packer and several greedy orders are raced, the best is improved by
/// swapping nodes for cheaper ones and by emptying nodes into others. Fit is asked of the placement engine, node by
/// node, so that spread, affinity, ports and volumes hold for nodes that do not exist yet.
/// </summary>
internal sealed class NodeSearch(Scene scene, OfferBook book, PodFacts facts)
{
    // Beyond this many nodes the improvement passes cost more time than they save money.
    private const int ImprovedNodes = 48;

    // The packer sees all pods together: with fewer there is nothing to see.
    private const int PackedPods = 6;

    // Beyond so many pods and gangs, node by node costs more time than the packer's answer leaves to gain.
    private const int RacedUnits = 100;

    /// <summary>What the pods cost an hour at least; null when there were too few to ask.</summary>
    public RentBound? Bound { get; private set; }

    /// <summary>The nodes to rent, with their pods. Leaves them in the scene and in the book.</summary>
    public Solution Buy(IReadOnlyList<Unit> units)
    {
        if (units.Count == 0 || book.Listings.Count == 0) return new Solution(units, [], [], book);
        var best = Packed(units);
        // Gangs are always raced: the packer rents for all members, those that fit what is there among them.
        if (best is { ServesAll: true } && units.Count > RacedUnits && !units.Any(unit => unit.IsGang))
        {
            Replay(best);
            return best;
        }

        foreach (var order in (Order[])[Order.BestValue, Order.HeadFirst, Order.HardestFirst, Order.FewestNodes])
        {
            var mark = scene.Mark();
            var solution = Solve(units, order, book.Copy());
            if (solution.Nodes.Count is > 0 and <= ImprovedNodes) solution =
                new NodeTrim(scene, book, facts).Improve(solution);
            scene.Rollback(mark);
            if (best is null || solution.IsBetterThan(best)) best = solution;
            if (best.Nodes.Count <= 1 && best.ServesAll) break;
        }

        Replay(best!);
        return best!;
    }

    /// <summary>The packer's answer; null for so few pods that trying them one by one is as good.</summary>
    private Solution? Packed(IReadOnlyList<Unit> units)
    {
        if (units.Sum(unit => unit.Pods.Count) < PackedPods) return null;
        var packer = new PackedNodes(scene, facts);
        var mark = scene.Mark();
        var solution = packer.Solve(units, book.Copy());
        Bound = packer.Bound;
        if (solution.Nodes.Count is > 0 and <= ImprovedNodes)
            solution = new NodeTrim(scene, book, facts).Improve(solution);
        scene.Rollback(mark);
        return solution;
    }

    private enum Order
    {
        /// <summary>The node that gives most for its price, whoever it serves.</summary>
        BestValue,

        /// <summary>The cheapest node that takes the first pod of the queue: who came first is served first.</summary>
        HeadFirst,

        /// <summary>As above, the pod that is dearest to serve first.</summary>
        HardestFirst,

        /// <summary>The node that takes most, for pools that may have few nodes.</summary>
        FewestNodes,
    }

    private Solution Solve(IReadOnlyList<Unit> units, Order order, OfferBook stock)
    {
        var nodes = new List<Bought>();
        var served = new HashSet<PodKey>();
        var singles = new List<PodKey>();
        var homes = new List<(PodKey Pod, string Node)>();
        foreach (var unit in units)
        {
            if (!unit.IsGang)
            {
                singles.Add(unit.First);
                continue;
            }

            // All members or none: a part of a gang on rented nodes would be paid for and useless.
            var (mark, before, trial) = (scene.Mark(), nodes.Count, stock.Copy());
            var copies = nodes.ConvertAll(node => node.Pods.Count);
            var (settled, rest) = Settle(unit, nodes);
            var left = Greedy(rest, order, trial, nodes);
            if (left.Count == 0)
            {
                homes.AddRange(settled);
                stock.TakeOver(trial);
                served.UnionWith(unit.Keys);
                continue;
            }

            scene.Rollback(mark);
            nodes.RemoveRange(before, nodes.Count - before);
            for (var i = 0; i < nodes.Count; i++) nodes[i].Pods.RemoveRange(copies[i], nodes[i].Pods.Count - copies[i]);
        }

        var unserved = Greedy(singles, order, stock, nodes).ToHashSet();
        foreach (var pod in singles)
        {
            if (!unserved.Contains(pod)) served.Add(pod);
        }

        return new Solution(units, nodes, served, stock) { Homes = homes };
    }

    /// <summary>Puts what members it can on nodes that are there; the rest needs new ones.</summary>
    private (List<(PodKey Pod, string Node)> Settled, List<PodKey> Unsettled) Settle(Unit unit, List<Bought> nodes)
    {
        var (settled, rest) = (new List<(PodKey, string)>(), new List<PodKey>());
        foreach (var pod in unit.Keys)
        {
            if (scene.TryPlaceAlone(pod) is not { } node) rest.Add(pod);
            else if (nodes.Find(bought => bought.Node == node) is { } bought) bought.Pods.Add(pod);
            else settled.Add((pod, node));
        }

        return (settled, rest);
    }

    /// <summary>Places the pods on nodes it buys; returns those it could not.</summary>
    private List<PodKey> Greedy(IReadOnlyList<PodKey> pods, Order order, OfferBook stock, List<Bought> nodes)
    {
        var left = new List<PodKey>(pods);
        if (order is Order.HardestFirst or Order.BestValue)
        {
            // A stable sort: equals stay in the order of the queue.
            left = [.. left.OrderByDescending(pod => facts.Value(pod))];
        }

        foreach (var node in nodes) node.Pods.AddRange(Fill(node.Node, left));
        while (left.Count > 0)
        {
            var choice = Choose(left, order, stock);
            if (choice is null)
            {
                if (order is Order.BestValue or Order.FewestNodes) break;

                // Nothing takes the head: those behind it may still be served.
                var rest = left.Skip(1).ToList();
                if (rest.Count == 0) break;
                var behind = Greedy(rest, order, stock, nodes);
                return [left[0], .. behind];
            }

            Repeat(choice, left, stock, nodes);
        }

        return left;
    }

    private Listing? Choose(List<PodKey> left, Order order, OfferBook stock)
    {
        Listing? best = null;
        var bestScore = decimal.MaxValue;
        foreach (var listing in stock.Listings)
        {
            if (stock.Obstacle(listing, run: null) is not null) continue;
            var mark = scene.Mark();
            var node = scene.AddNode(listing.Offer);
            List<PodKey> taken;
            if (order is Order.HeadFirst or Order.HardestFirst)
            {
                taken = scene.FitsOn(left[0], node) ? [left[0]] : [];
            }
            else
            {
                taken = Fill(node, [.. left]);
            }

            scene.Rollback(mark);
            if (taken.Count == 0 || stock.Obstacle(listing, facts.Run(taken)) is not null) continue;
            var price = listing.Offer.Price.Amount;
            var score = order switch
            {
                Order.BestValue => price / Math.Max(taken.Sum(facts.Value), 0.000001m),
                Order.FewestNodes => price - (1_000_000m * taken.Sum(facts.Value)),
                _ => price,
            };

            // Listings come cheapest first, then in the order of the file: the first of equals stays.
            if (score >= bestScore) continue;
            (best, bestScore) = (listing, score);
            if (order is Order.HeadFirst or Order.HardestFirst) break;
        }

        return best;
    }

    /// <summary>Buys the listing, and again while it would be filled the same way: equal pods need no new choice.</summary>
    private void Repeat(Listing listing, List<PodKey> left, OfferBook stock, List<Bought> nodes)
    {
        string? pattern = null;
        while (left.Count > 0)
        {
            var mark = scene.Mark();
            var node = scene.AddNode(listing.Offer);
            var rest = new List<PodKey>(left);
            var taken = Fill(node, rest);
            var run = facts.Run(taken);
            var filled = facts.Pattern(taken);
            if (taken.Count == 0 || (pattern is not null && pattern != filled)
                || stock.Obstacle(listing, run) is not null)
            {
                scene.Rollback(mark);
                if (pattern is null) left.RemoveAt(0);
                return;
            }

            pattern = filled;
            stock.Take(listing.Offer, run);
            nodes.Add(new Bought(listing, node, taken));
            left.Clear();
            left.AddRange(rest);
        }
    }

    /// <summary>Puts on the node what fits, in order, and takes it out of the list.</summary>
    private List<PodKey> Fill(string node, List<PodKey> left)
    {
        var taken = new List<PodKey>();
        var refused = new HashSet<int>();
        left.RemoveAll(pod =>
        {
            var kind = facts.Class(pod);
            if (refused.Contains(kind)) return false;
            if (!scene.TryPlaceOn(pod, node))
            {
                refused.Add(kind);
                return false;
            }

            taken.Add(pod);
            return true;
        });
        return taken;
    }

    private void Replay(Solution solution)
    {
        book.TakeOver(solution.Stock);
        foreach (var (pod, node) in solution.Homes) scene.Assume(pod, node);
        foreach (var bought in solution.Nodes)
        {
            scene.AddNode(bought.Listing.Offer, bought.Node);
            foreach (var pod in bought.Pods) scene.Assume(pod, bought.Node);
        }
    }
}
