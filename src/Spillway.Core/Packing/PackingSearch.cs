namespace Spillway.Core.Packing;

/// <summary>Finds bins for what waits in the yard: the mix first, then several greedy ways raced, then repacking.</summary>
internal sealed class PackingSearch
{
    // Beyond so many rows the linear program costs more time than it saves money; greedy and repacking remain.
    private const int MostRowsForMix = 200;

    // So few pods are packed from nothing as well: a mix of fractions says little about a dozen nodes.
    private const int SmallRequest = 500;

    // They are worth trying again more often than they have nodes.
    private const int SmallRepacks = 30;

    // A row that the mix covers for nothing, because others need the nodes anyway, is still worth putting somewhere.
    private const double LeastWorth = 0.2;

    // Close enough to the bound that rounding to whole nodes decides, not the mix.
    private const double GoodEnough = 1.0001;

    private const double GoodEnoughForMany = 1.035;

    private readonly Yard yard;
    private readonly Market market;
    private readonly Rows rows;
    private readonly PackingRequest request;
    private readonly Knapsack knapsack;
    private readonly NodeBuilder builder;
    private readonly double[] worth;

    public PackingSearch(PackingRequest request, Yard yard, double[] weights)
    {
        (this.request, this.yard, market, rows) = (request, yard, yard.Market, yard.Rows);
        knapsack = new Knapsack(rows, weights);
        builder = new NodeBuilder(yard, knapsack);
        worth = (double[])rows.Bulk.Clone();
    }

    public void Run(int[] wanted, double bound)
    {
        if (builder.All.Offers.Length == 0) return;
        if (request.Effort.PatternRounds > 0 && rows.Count <= MostRowsForMix) BuildMix(wanted, bound);
        Race(bound);
        Repack();
    }

    /// <summary>Opens nodes for what waits, one by one.</summary>
    public void ServeRest()
    {
        while (yard.Waiting > 0 && builder.Build(worth, Greed.HardestFirst))
        {
        }
    }

    private void BuildMix(int[] wanted, double bound)
    {
        var mix = new PatternMix(market, rows, knapsack, wanted, builder.All);
        mix.Run(request.Effort.PatternRounds, bound * GoodEnough, request.Enough);
        for (var row = 0; row < rows.Count; row++) worth[row] = Math.Max(mix.Worth[row], worth[row] * LeastWorth);
        foreach (var (pattern, times) in mix.Mix())
        {
            for (var i = 0; i < (int)(times + 1e-6); i++)
            {
                if (!builder.Realise(pattern)) break;
            }
        }
    }

    /// <summary>Serves what waits in several ways and keeps the best: the fewest left over, then the price.</summary>
    private void Race(double bound)
    {
        var built = yard.Bins.ToArray();
        var small = request.Pods.Count <= SmallRequest && request.Effort.PatternRounds > 0;
        (double[] Worth, Greed Greed, int Keep)[] ways =
        [
            (worth, Greed.BestValue, built.Length),
            (worth, Greed.HardestFirst, built.Length),
            (rows.Bulk, Greed.HardestFirst, built.Length),
            (rows.Bulk, Greed.HardestFirst, 0),
            (rows.Bulk, Greed.BestValue, 0),
            (rows.Bulk, Greed.FewestNodes, 0),
        ];
        Bin[]? best = null;
        var (fewest, least) = (int.MaxValue, long.MaxValue);
        foreach (var (worthOfWay, greed, keep) in ways)
        {
            // On large requests the first way mostly wins; where it is good enough the others are not tried.
            if (best is not null && !small && fewest == 0 && least <= bound * GoodEnoughForMany) break;
            if (keep == 0 && !small && fewest == 0) continue;
            if (best is not null)
            {
                yard.CloseFrom(0);
                for (var i = 0; i < keep; i++) yard.Reopen(built[i]);
            }
            while (yard.Waiting > 0 && builder.Build(worthOfWay, greed))
            {
            }
            if (yard.Waiting > fewest || (yard.Waiting == fewest && yard.Price >= least)) continue;
            (best, fewest, least) = ([.. yard.Bins], yard.Waiting, yard.Price);
        }
        if (yard.Waiting == fewest && yard.Price == least) return;
        yard.CloseFrom(0);
        foreach (var bin in best!) yard.Reopen(bin);
    }

    private void Repack()
    {
        var tries = request.Effort.RepacksPerNode * yard.Bins.Count;
        if (request.Pods.Count <= SmallRequest && tries > 0) tries = Math.Max(tries, SmallRepacks);
        new Repacking(yard, builder, worth).Run((int)tries, request.Enough);
    }
}
