namespace Spillway.Core.Packing;

/// <summary>How the next node is chosen.</summary>
internal enum Greed
{
    /// <summary>The node that gives most for its price.</summary>
    BestValue,

    /// <summary>The same among nodes for the bulkiest pod that waits; those come first that exclude each other.</summary>
    HardestFirst,

    /// <summary>The node that takes most, whatever its price: for pools that may have few nodes.</summary>
    FewestNodes,
}

/// <summary>Opens nodes for what waits: by the patterns of a mix, and one by one for what is left.</summary>
internal sealed class NodeBuilder
{
    // The first filling is greedy; so many more are looked at for each offer.
    private const int Leaves = 8;

    // A pattern that no offer of about its price is left for is not worth building: what it holds is filled in otherwise.
    private const double TooDear = 1.25;

    private const double PriceAmongEquals = 1e-6;

    private readonly Yard yard;
    private readonly Knapsack knapsack;
    private readonly Market market;
    private readonly Rows rows;
    private readonly int[] allCells;
    private readonly Ladder[] ladders;
    private readonly int[] available;
    private readonly int[] counts;

    public NodeBuilder(Yard yard, Knapsack knapsack)
    {
        (this.yard, this.knapsack, market, rows) = (yard, knapsack, yard.Market, yard.Rows);
        available = new int[rows.Count];
        counts = new int[rows.Count];
        allCells = [.. Enumerable.Range(0, market.CellCount)];
        ladders = new Ladder[market.CellCount];
        All = new Ladder(market, allCells);
        Climb();
    }

    /// <summary>What is worth trying, wherever it is.</summary>
    public Ladder All { get; private set; }

    /// <summary>Opens a node for the pattern in the cell that can fill it best; false when no cell fills it wholly.</summary>
    public bool Realise(Pattern pattern)
    {
        var best = -1;
        var bestScore = double.NegativeInfinity;
        var total = 0.0;
        for (var cell = 0; cell < market.CellCount; cell++) total += yard.Pressure(cell);
        for (var cell = 0; cell < market.CellCount; cell++)
        {
            var score = Score(pattern, cell, total);
            if (score > bestScore) (best, bestScore) = (cell, score);
        }
        if (best < 0) return false;
        var bin = new Bin(rows.Columns);
        for (var i = 0; i < pattern.Rows.Length; i++) yard.Put(bin, best, pattern.Rows[i], pattern.Counts[i]);
        return Fit(bin, best, pattern.Price);
    }

    /// <summary>Opens the node that gives most for its price; false when nothing that waits fits an offer.</summary>
    /// <param name="worth">What a pod of each row is worth.</param>
    /// <param name="greed">What is best.</param>
    public bool Build(double[] worth, Greed greed)
    {
        if (TryBuild(worth, greed)) return true;
        if (!market.IsLimited) return false;

        // What was on the ladders is gone; what they left out may be there still.
        All = new Ladder(market, allCells);
        Climb();
        return TryBuild(worth, greed);
    }

    private void Climb()
    {
        for (var cell = 0; cell < ladders.Length; cell++) ladders[cell] = new Ladder(market, [cell], All);
    }

    private bool TryBuild(double[] worth, Greed greed)
    {
        var (best, bestCell, bestSeed, bestRate) = (-1, -1, -1, double.NegativeInfinity);
        foreach (var cell in Cells())
        {
            yard.Available(cell, available);
            knapsack.Offer(available, worth);
            var seed = greed == Greed.HardestFirst ? Hardest() : -1;
            foreach (var offer in ladders[cell].Offers)
            {
                if (!market.IsAvailable(offer)) continue;
                if (seed >= 0 && !Market.Holds(market.Capacity[offer], rows.Amounts[seed])) continue;
                var value = knapsack.Fill(market.Capacity[offer], null, Leaves, seed);
                if (seed >= 0) value += worth[seed];
                if (value <= 0) continue;
                var price = PriceOfBest(cell, offer, seed);
                var rate = greed == Greed.FewestNodes ? value - (price * PriceAmongEquals) : value / price;
                if (best >= 0 && rate <= bestRate + (Math.Abs(bestRate) * 0.0001)) continue;
                (best, bestCell, bestSeed, bestRate) = (offer, cell, seed, rate);
                Remember();
            }
            if (best >= 0 && greed != Greed.FewestNodes) break;
        }
        if (best < 0) return false;
        var bin = new Bin(rows.Columns);
        if (bestSeed >= 0) yard.Put(bin, bestCell, bestSeed, 1);
        for (var row = 0; row < counts.Length; row++)
        {
            if (counts[row] > 0) yard.Put(bin, bestCell, row, counts[row]);
        }
        return Fit(bin, bestCell, long.MaxValue);
    }

    private int Hardest()
    {
        var hardest = -1;
        for (var row = 0; row < available.Length; row++)
        {
            if (available[row] == 0) continue;
            if (hardest < 0 || (rows.Group[row] >= 0, rows.Bulk[row]).CompareTo(
                (rows.Group[hardest] >= 0, rows.Bulk[hardest])) > 0)
                hardest = row;
        }
        return hardest;
    }

    // Cells in which something waits that can go nowhere else come first.
    private IEnumerable<int> Cells() => allCells
        .Where(cell => ladders[cell].Offers.Length > 0)
        .OrderByDescending(yard.Pressure).ThenBy(cell => cell);

    private void Remember()
    {
        Array.Clear(counts);
        for (var i = 0; i < knapsack.Order.Length; i++) counts[knapsack.Order[i]] = knapsack.Best[i];
    }

    private double PriceOfBest(int cell, int offer, int seed)
    {
        Span<long> used = stackalloc long[rows.Columns];
        if (seed >= 0) rows.Amounts[seed].CopyTo(used);
        else used.Clear();
        for (var i = 0; i < knapsack.Order.Length; i++)
        {
            if (knapsack.Best[i] == 0) continue;
            var amounts = rows.Amounts[knapsack.Order[i]];
            for (var r = 0; r < used.Length; r++) used[r] += amounts[r] * knapsack.Best[i];
        }
        var fitted = market.Cheapest(cell, used, market.Prices[offer]);
        return market.Prices[fitted >= 0 ? fitted : offer];
    }

    private double Score(Pattern pattern, int cell, double total)
    {
        var bound = 0;
        for (var i = 0; i < pattern.Rows.Length; i++)
        {
            var there = yard.AvailableIn(cell, pattern.Rows[i]);
            if (there < pattern.Counts[i]) return double.NegativeInfinity;
            bound += Math.Min(yard.AvailableBound(cell, pattern.Rows[i]), pattern.Counts[i]);
        }
        return bound + ((0.9 * yard.Pressure(cell) / (1 + total)));
    }

    /// <summary>Opens the bin as the cheapest offer that holds it, if that is about the price it was meant for.</summary>
    private bool Fit(Bin bin, int cell, long price)
    {
        if (bin.Content.Count == 0) return false;
        var offer = market.Cheapest(cell, bin.Used);
        if (offer < 0 || market.Prices[offer] > price * TooDear)
        {
            yard.Empty(bin);
            return false;
        }
        yard.Open(bin, offer);
        return true;
    }
}
