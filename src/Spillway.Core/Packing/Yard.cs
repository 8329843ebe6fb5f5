namespace Spillway.Core.Packing;

/// <summary>The pods that wait, in piles by row and allowed cells, and the nodes they have been put on.</summary>
internal sealed class Yard
{
    private readonly List<int>[] piles;
    private readonly int[] waiting;
    private readonly int[] left;
    private readonly int[][] masksByCell;

    // Whole numbers: what is added and taken away again leaves no trace.
    private readonly long[] bulk;
    private readonly int[] sizes;
    private readonly Comparer<int> byHardness;
    private readonly int masks;

    public Yard(IReadOnlyList<Item> items, Rows rows, Market market)
    {
        (Items, Rows, Market) = (items, rows, market);
        masks = market.Masks.Count;
        masksByCell = new int[market.CellCount][];
        for (var cell = 0; cell < masksByCell.Length; cell++)
        {
            // What may go to few cells goes before what may go anywhere.
            masksByCell[cell] = [.. Enumerable.Range(0, masks).Where(mask => market.Masks.Has(mask, cell))
                .OrderBy(market.Masks.Size).ThenBy(mask => mask)];
        }
        piles = new List<int>[rows.Count * masks];
        waiting = new int[piles.Length];
        bulk = new long[masks];
        sizes = [.. Enumerable.Range(0, masks).Select(market.Masks.Size)];
        left = new int[items.Count];

        // What is hardest to fit in is taken first, while nodes are still empty.
        byHardness = Comparer<int>.Create((a, b) =>
            (items[a].Kind.Limits.Length == 0, a).CompareTo((items[b].Kind.Limits.Length == 0, b)));
        for (var item = 0; item < left.Length; item++) Return(item, items[item].Pods.Count);
    }

    public IReadOnlyList<Item> Items { get; }

    public Rows Rows { get; }

    public Market Market { get; }

    public List<Bin> Bins { get; } = [];

    public int Waiting { get; private set; }

    public long Price { get; private set; }

    public int LeftOf(int item) => left[item];

    /// <summary>How many pods of each row could go to the cell.</summary>
    public void Available(int cell, int[] byRow)
    {
        Array.Clear(byRow);
        foreach (var mask in masksByCell[cell])
        {
            for (var row = 0; row < byRow.Length; row++) byRow[row] += waiting[(row * masks) + mask];
        }
    }

    /// <summary>How many pods of the row could go to the cell.</summary>
    public int AvailableIn(int cell, int row)
    {
        var sum = 0;
        foreach (var mask in masksByCell[cell]) sum += waiting[(row * masks) + mask];
        return sum;
    }

    /// <summary>How many pods of the row can go to the cell and to the fewest others.</summary>
    public int AvailableBound(int cell, int row) => waiting[(row * masks) + masksByCell[cell][0]];

    /// <summary>How much of what waits for this cell can go to few others: room taken, divided by the cells allowed.</summary>
    public double Pressure(int cell)
    {
        var sum = 0.0;
        foreach (var mask in masksByCell[cell]) sum += bulk[mask] / (double)(sizes[mask] * sizes[mask]);
        return sum;
    }

    /// <summary>Puts up to so many pods of the row on the bin, which is in the cell; returns how many it took.</summary>
    public int Put(Bin bin, int cell, int row, int number)
    {
        var put = 0;
        foreach (var mask in masksByCell[cell])
        {
            if (waiting[(row * masks) + mask] == 0) continue;
            var pile = piles[(row * masks) + mask];
            for (var i = 0; i < pile.Count && put < number; i++)
            {
                var item = pile[i];
                var kind = Items[item].Kind;
                var count = Math.Min(number - put, left[item]);
                if (!kind.IsPlain) count = Math.Min(count, HostLimits.Room(bin, kind, Items));
                if (count <= 0) continue;
                bin.Add(item, Rows.Amounts[row], count);
                put += count;
                Count(item, -count);
                if (left[item] == 0) pile.RemoveAt(i--);
            }
            if (put == number) break;
        }
        return put;
    }

    public void Open(Bin bin, int offer)
    {
        Market.Take(offer);
        (bin.Offer, bin.Price) = (offer, Market.Prices[offer]);
        bin.Index = Bins.Count;
        Bins.Add(bin);
        Price += bin.Price;
    }

    /// <summary>Takes the bin away; its pods wait again.</summary>
    public void Close(Bin bin)
    {
        var last = Bins[^1];
        Bins[bin.Index] = last;
        last.Index = bin.Index;
        Bins.RemoveAt(Bins.Count - 1);
        Price -= bin.Price;
        Market.GiveBack(bin.Offer);
        foreach (var (item, count) in bin.Content) Return(item, count);
    }

    /// <summary>Puts whatever waits and fits on the open bin; what it put, as items.</summary>
    public List<(int Item, int Count)> TopUp(Bin bin)
    {
        var before = bin.Content.ToArray();
        var capacity = Market.Capacity[bin.Offer];
        for (var row = 0; row < Rows.Count && Waiting > 0; row++)
        {
            var cell = Market.CellOf[bin.Offer];
            long fit = AvailableIn(cell, row);
            for (var i = 0; i < capacity.Length && fit > 0; i++)
            {
                if (Rows.Amounts[row][i] > 0) fit = Math.Min(fit, (capacity[i] - bin.Used[i]) / Rows.Amounts[row][i]);
            }
            if (fit > 0) Put(bin, cell, row, (int)fit);
        }
        return [.. bin.Content.Select(now => (now.Item, now.Count - before.Where(was => was.Item == now.Item)
            .Sum(was => was.Count))).Where(added => added.Item2 > 0)];
    }

    /// <summary>Takes pods of the item off the open bin; they wait again.</summary>
    public void TakeOff(Bin bin, int item, int count)
    {
        bin.Remove(item, Rows.Amounts[Items[item].Row], count);
        Return(item, count);
    }

    /// <summary>The cheapest offer, of those not refused, that holds what is on the bin in a cell where all of it may go.</summary>
    public int NextBest(int bin, IReadOnlySet<int> refused)
    {
        var (best, content) = (-1, Bins[bin].Content);
        for (var cell = 0; cell < Market.CellCount; cell++)
        {
            if (!content.TrueForAll(entry => Market.Masks.Has(Items[entry.Item].Mask, cell))) continue;
            foreach (var offer in Market.ByPrice[cell])
            {
                if (best >= 0 && Market.Prices[offer] >= Market.Prices[best]) break;
                if (refused.Contains(offer) || !Market.IsAvailable(offer)) continue;
                if (Market.Holds(Market.Capacity[offer], Bins[bin].Used)) best = offer;
            }
        }
        return best;
    }

    /// <summary>Offers that cost no more than the bin's and hold what is on it, where all of it may go.</summary>
    public IEnumerable<int> SameOrCheaper(Bin bin)
    {
        for (var cell = 0; cell < Market.CellCount; cell++)
        {
            if (!bin.Content.TrueForAll(entry => Market.Masks.Has(Items[entry.Item].Mask, cell))) continue;
            foreach (var offer in Market.ByPrice[cell])
            {
                if (Market.Prices[offer] > bin.Price) break;
                if (Market.IsAvailable(offer) && Market.Holds(Market.Capacity[offer], bin.Used)) yield return offer;
            }
        }
    }

    /// <summary>Rents another offer for the bin, which holds what is on it.</summary>
    public void Move(Bin bin, int offer)
    {
        Market.GiveBack(bin.Offer);
        Market.Take(offer);
        Price += Market.Prices[offer] - bin.Price;
        (bin.Offer, bin.Price) = (offer, Market.Prices[offer]);
    }

    /// <summary>Closes a bin that is empty, and rents a cheaper offer where that holds what is left.</summary>
    public void Refit(Bin bin)
    {
        if (bin.Content.Count == 0)
        {
            Close(bin);
            return;
        }
        var offer = Market.Cheapest(Market.CellOf[bin.Offer], bin.Used, bin.Price);
        if (offer >= 0) Move(bin, offer);
    }

    /// <summary>Takes all bins from this one on away and hands them over, to be opened again or not.</summary>
    public List<Bin> CloseFrom(int first)
    {
        var closed = new List<Bin>();
        while (Bins.Count > first)
        {
            closed.Add(Bins[^1]);
            Close(Bins[^1]);
        }
        return closed;
    }

    /// <summary>Pods on a bin that was never opened wait again.</summary>
    public void Empty(Bin bin)
    {
        foreach (var (item, count) in bin.Content) Return(item, count);
        bin.Content.Clear();
        Array.Clear(bin.Used);
    }

    /// <summary>Takes pods off the pile that a bin, closed before, had held; the reverse of <see cref="Close"/>.</summary>
    public void Reopen(Bin bin)
    {
        foreach (var (item, count) in bin.Content) Remove(item, count);
        Open(bin, bin.Offer);
    }

    /// <summary>Takes pods of the item out of what waits, without a node.</summary>
    public void Remove(int item, int count)
    {
        if (count == 0) return;
        var pile = (Items[item].Row * masks) + Items[item].Mask;
        Count(item, -count);
        if (left[item] == 0) piles[pile].Remove(item);
    }

    /// <summary>Pods of the item wait again.</summary>
    public void Return(int item, int count)
    {
        if (count == 0) return;
        var pile = (Items[item].Row * masks) + Items[item].Mask;
        if (left[item] == 0)
        {
            // In its place: what a search has tried before leaves no trace in what the next one finds.
            var waitingItems = piles[pile] ??= [];
            var at = waitingItems.BinarySearch(item, byHardness);
            waitingItems.Insert(~at, item);
        }
        Count(item, count);
    }

    private void Count(int item, int change)
    {
        var (row, mask) = (Items[item].Row, Items[item].Mask);
        waiting[(row * masks) + mask] += change;
        bulk[mask] += change * (long)Math.Round(Rows.Bulk[row]);
        left[item] += change;
        Waiting += change;
    }
}
