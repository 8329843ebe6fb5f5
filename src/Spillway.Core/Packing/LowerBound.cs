namespace Spillway.Core.Packing;

/// <summary>
/// What the pods cost at least: the price of their resources, and of the nodes that pods which exclude each other need,
/// if every offer could be had in fractions. Pods whose offers have nothing to do with each other are added up.
/// </summary>
internal sealed class LowerBound
{
    private const int MaxSteps = 2_000;

    private readonly Market market;
    private readonly Rows rows;
    private readonly int[] demand;

    /// <param name="market">The offers.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="demand">How many pods of each row there are.</param>
    public LowerBound(Market market, Rows rows, int[] demand) => (this.market, this.rows, this.demand) =
        (market, rows, demand);

    /// <summary>The least price, in parts of <see cref="Market.PriceScale"/>.</summary>
    public double Price()
    {
        var sum = 0.0;
        var part = Enumerable.Range(0, market.CellCount).ToArray();
        foreach (var mask in rows.RuleMask.Distinct())
        {
            var first = part[Enumerable.Range(0, part.Length).First(cell => market.Masks.Has(mask, cell))];
            for (var cell = 0; cell < part.Length; cell++)
            {
                if (!market.Masks.Has(mask, cell) || part[cell] == first) continue;
                var joined = part[cell];
                for (var other = 0; other < part.Length; other++)
                {
                    if (part[other] == joined) part[other] = first;
                }
            }
        }
        foreach (var component in part.Distinct()) sum += PriceOf(part, component);
        return sum;
    }

    /// <summary>The dearer of: all pods of the part on all its offers; the pods of one rule on the offers it allows.</summary>
    private double PriceOf(int[] part, int component)
    {
        var masks = Enumerable.Range(0, rows.Count)
            .Where(row => demand[row] > 0 && InPart(rows.RuleMask[row], part, component))
            .Select(row => rows.RuleMask[row]).Distinct().ToArray();
        if (masks.Length == 0) return 0;
        var best = Relaxed(cell => part[cell] == component, row => Array.IndexOf(masks, rows.RuleMask[row]) >= 0);
        if (masks.Length == 1) return best;
        foreach (var mask in masks)
            best = Math.Max(best, Relaxed(cell => market.Masks.Has(mask, cell), row => rows.RuleMask[row] == mask));
        return best;
    }

    private bool InPart(int mask, int[] part, int component)
    {
        for (var cell = 0; cell < part.Length; cell++)
        {
            if (part[cell] == component && market.Masks.Has(mask, cell)) return true;
        }
        return false;
    }

    private double Relaxed(Func<int, bool> inCell, Func<int, bool> inRow)
    {
        var total = new double[rows.Columns + rows.GroupMost.Length];
        for (var row = 0; row < rows.Count; row++)
        {
            if (demand[row] == 0 || !inRow(row)) continue;
            for (var i = 0; i < rows.Columns; i++) total[i] += (double)rows.Amounts[row][i] * demand[row];
            if (rows.Group[row] >= 0) total[rows.Columns + rows.Group[row]] += demand[row];
        }
        var needed = Enumerable.Range(0, total.Length).Where(i => total[i] > 0).ToArray();
        if (needed.Length == 0) return 0;
        var shapes = Cheapest(inCell);
        if (shapes.Count == 0) return 0;
        var unit = (double)shapes.Values.Max();
        var program = new CoveringProgram(
            [.. needed.Select(_ => 1.0)], penalty: 1e6 * Math.Max(1, Ratio(total, needed)));
        foreach (var (shape, price) in shapes)
        {
            var inRows = new List<int>();
            var amounts = new List<double>();
            for (var k = 0; k < needed.Length; k++)
            {
                var amount = needed[k] < rows.Columns
                    ? market.Shapes[shape][needed[k]]
                    : rows.GroupMost[needed[k] - rows.Columns];
                if (amount == 0) continue;
                inRows.Add(k);
                amounts.Add(amount / total[needed[k]]);
            }
            program.Add([.. inRows], [.. amounts], price / unit);
        }
        program.Solve(MaxSteps);

        // The duals, not the objective: they bound the price from below even if the steps ran out.
        var slack = 1.0;
        foreach (var (shape, price) in shapes)
        {
            var covered = 0.0;
            for (var k = 0; k < needed.Length; k++)
            {
                var amount = needed[k] < rows.Columns
                    ? market.Shapes[shape][needed[k]]
                    : rows.GroupMost[needed[k] - rows.Columns];
                covered += Math.Max(0, program.Duals[k]) * amount / total[needed[k]];
            }
            slack = Math.Max(slack, covered / (price / unit));
        }
        var value = 0.0;
        for (var k = 0; k < needed.Length; k++) value += Math.Max(0, program.Duals[k]);
        return value / slack * unit;
    }

    private double Ratio(double[] total, int[] needed)
    {
        var most = 1.0;
        foreach (var i in needed)
        {
            if (i >= rows.Columns) most = Math.Max(most, total[i]);
            else most = Math.Max(most, total[i] / Math.Max(1, market.Shapes.Max(shape => shape[i])));
        }
        return most;
    }

    private Dictionary<int, long> Cheapest(Func<int, bool> inCell)
    {
        var cheapest = new Dictionary<int, long>();
        for (var offer = 0; offer < market.OfferCount; offer++)
        {
            if (!inCell(market.CellOf[offer])) continue;
            var shape = market.ShapeOf[offer];
            if (!cheapest.TryGetValue(shape, out var price) || market.Prices[offer] < price)
                cheapest[shape] = market.Prices[offer];
        }
        return cheapest;
    }
}
