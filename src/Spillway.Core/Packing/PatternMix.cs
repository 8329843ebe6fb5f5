namespace Spillway.Core.Packing;

/// <summary>A way to fill a node: so many pods of each row, on a capacity of this price.</summary>
internal sealed record Pattern(int[] Rows, int[] Counts, long Price);

/// <summary>
/// Column generation: finds the mix of patterns that covers all pods at the least price if nodes could be had in
/// fractions. Each round prices the rows by the mix found so far and asks the knapsack for patterns that are worth more
/// than they cost. Its size depends on the rows, not on the number of pods.
/// </summary>
internal sealed class PatternMix
{
    private const int Leaves = 30;
    private const double Gain = 1e-4;
    private const int StepsPerRow = 20;

    private readonly Market market;
    private readonly Rows rows;
    private readonly Knapsack knapsack;
    private readonly int[] demand;
    private readonly int[] active;
    private readonly int[] position;
    private readonly CoveringProgram program;
    private readonly List<Pattern> patterns = [];
    private readonly double unit;
    private readonly Ladder ladder;
    private readonly GridKnapsack grid;
    private readonly int[] counts;
    private readonly ulong[]?[] allowed;

    public PatternMix(Market market, Rows rows, Knapsack knapsack, int[] demand, Ladder ladder)
    {
        this.ladder = ladder;
        grid = new GridKnapsack(rows, market, demand, ladder);
        counts = new int[rows.Count];
        allowed = [.. ladder.Offers.Select(offer => Allowed(market, rows, offer))];
        (this.market, this.rows, this.knapsack, this.demand) = (market, rows, knapsack, demand);
        unit = market.Prices[ladder.Offers[0]];
        active = [.. Enumerable.Range(0, rows.Count).Where(row => demand[row] > 0)];
        position = new int[rows.Count];
        for (var i = 0; i < active.Length; i++) position[active[i]] = i;
        program = new CoveringProgram([.. active.Select(row => (double)demand[row])], penalty: 1e5);
        Worth = new double[rows.Count];
    }

    /// <summary>What a pod of each row costs in the best mix.</summary>
    public double[] Worth { get; }

    public double Objective => program.Objective * unit;

    public void Run(int rounds, double goodEnough, CancellationToken enough)
    {
        foreach (var row in active) KeepAlone(row);
        for (var round = 0; round < rounds && !enough.IsCancellationRequested; round++)
        {
            program.Solve(StepsPerRow * active.Length);
            for (var i = 0; i < active.Length; i++) Worth[active[i]] = Math.Max(0, program.Duals[i]) * unit;
            if (program.Objective * unit <= goodEnough) break;
            var found = FromGrid();
            if (found <= active.Length / 4) found += FromSearch();
            if (found == 0) break;
        }
    }

    /// <summary>The patterns in use with how often, most often first.</summary>
    public IEnumerable<(Pattern Pattern, double Times)> Mix()
    {
        var usage = program.Usage();
        return patterns.Select((pattern, i) => (pattern, usage[program.FirstColumn + i]))
            .Where(item => item.Item2 > 1e-7)
            .OrderByDescending(item => item.Item2);
    }

    /// <summary>The best filling of each small node, and the best with each row that needs nodes of its own.</summary>
    private int FromGrid()
    {
        var before = patterns.Count;
        grid.Solve(Worth);
        foreach (var offer in grid.Offers) KeepIfGood(offer, with: -1);
        for (var layer = 0; layer < grid.LayerCount; layer++)
        {
            foreach (var row in grid.Layer(layer))
            {
                var (best, bestGain) = (-1, 0.0);
                foreach (var offer in grid.Offers)
                {
                    var gain = grid.Worth(market.Capacity[offer], row) - market.Prices[offer];
                    if (gain > bestGain) (best, bestGain) = (offer, gain);
                }
                if (best >= 0) KeepIfGood(best, row);
            }
        }
        return patterns.Count - before;
    }

    private void KeepIfGood(int offer, int with)
    {
        if (grid.Worth(market.Capacity[offer], with) <= market.Prices[offer] * (1 + Gain)) return;
        grid.Trace(market.Capacity[offer], with, counts);
        var inRows = new List<int>();
        var amounts = new List<int>();
        var pods = 0L;
        for (var row = 0; row < counts.Length; row++)
        {
            if (counts[row] == 0) continue;
            inRows.Add(row);
            amounts.Add(counts[row]);
            pods += counts[row];
        }
        if (pods <= market.Capacity[offer][0])
            Keep(new Pattern([.. inRows], [.. amounts], market.Prices[offer]));
    }

    /// <summary>What the grid does not cover: large nodes, and rows that ask for more than CPU and memory.</summary>
    private int FromSearch()
    {
        var before = patterns.Count;
        knapsack.Offer(demand, Worth);
        for (var i = 0; i < ladder.Offers.Length; i++)
        {
            var offer = ladder.Offers[i];
            if (Array.IndexOf(grid.Offers, offer) >= 0 && allowed[i] is null && rows.Columns <= 3) continue;
            if (knapsack.Fill(market.Capacity[offer], allowed[i], Leaves) > market.Prices[offer] * (1 + Gain))
                Keep(offer);
        }
        return patterns.Count - before;
    }

    /// <summary>Each row on nodes of its own, as a beginning.</summary>
    private void KeepAlone(int row)
    {
        var (best, bestCount) = (-1, 0);
        for (var i = 0; i < ladder.Offers.Length; i++)
        {
            if (allowed[i] is { } mask && (mask[row >> 6] >> (row & 63) & 1) == 0) continue;
            long fit = rows.Group[row] >= 0 ? rows.GroupMost[rows.Group[row]] : demand[row];
            var capacity = market.Capacity[ladder.Offers[i]];
            for (var r = 0; r < capacity.Length; r++)
            {
                if (rows.Amounts[row][r] > 0) fit = Math.Min(fit, capacity[r] / rows.Amounts[row][r]);
            }
            if (fit <= 0) continue;
            var price = (double)market.Prices[ladder.Offers[i]];
            if (best < 0 || price / fit < market.Prices[best] / (double)bestCount)
                (best, bestCount) = (ladder.Offers[i], (int)fit);
        }
        if (best >= 0) Keep(new Pattern([row], [bestCount], market.Prices[best]));
    }

    private void Keep(int offer)
    {
        var inRows = new List<int>();
        var counts = new List<int>();
        for (var i = 0; i < knapsack.Order.Length; i++)
        {
            if (knapsack.Best[i] == 0) continue;
            inRows.Add(knapsack.Order[i]);
            counts.Add(knapsack.Best[i]);
        }
        Keep(new Pattern([.. inRows], [.. counts], market.Prices[offer]));
    }

    private void Keep(Pattern pattern)
    {
        patterns.Add(pattern);
        program.Add(
            Array.ConvertAll(pattern.Rows, row => position[row]),
            Array.ConvertAll(pattern.Counts, count => (double)count),
            pattern.Price / unit);
    }

    /// <summary>The rows that may go to some cell with the capacity; null for all.</summary>
    private static ulong[]? Allowed(Market market, Rows rows, int sample)
    {
        var shape = market.ShapeOf[sample];
        var cells = new HashSet<int>();
        for (var offer = 0; offer < market.OfferCount; offer++)
        {
            if (market.ShapeOf[offer] == shape) cells.Add(market.CellOf[offer]);
        }
        var mask = new ulong[(rows.Count + 63) >> 6];
        var all = true;
        for (var row = 0; row < rows.Count; row++)
        {
            if (cells.Any(other => market.Masks.Has(rows.RuleMask[row], other))) mask[row >> 6] |= 1UL << (row & 63);
            else all = false;
        }
        return all ? null : mask;
    }
}
