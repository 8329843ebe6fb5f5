namespace Spillway.Core.Packing;

/// <summary>
/// Takes the nodes that give least for their price, a few at a time, and packs what was on them again; keeps what is
/// cheaper. Price never rises.
/// </summary>
internal sealed class Repacking(Yard yard, NodeBuilder builder, double[] worth)
{
    private const int GroupSize = 5;
    private const double Spread = 0.4;

    private readonly double[] perturbed = new double[worth.Length];
    private readonly List<Bin> group = [];

    public void Run(int tries, CancellationToken enough)
    {
        for (var done = 0; done < tries;)
        {
            var worst = yard.Bins.OrderByDescending(Loss).ThenBy(bin => bin.Index).ToArray();
            if (worst.Length < 2) return;
            for (var first = 0; first + 1 < worst.Length && done < tries; first += GroupSize - 1, done++)
            {
                if (enough.IsCancellationRequested) return;
                Perturb(done);
                if (worst[first].Index >= 0) Repack(worst, first, done % 3 == 2 ? Greed.BestValue : Greed.HardestFirst);
            }
        }
    }

    // Another view of what pods are worth leads to other fillings; the same one each time the same request comes.
    private void Perturb(int seed)
    {
        var state = (ulong)seed + 1;
        for (var row = 0; row < perturbed.Length; row++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            perturbed[row] = worth[row] * (1 + (seed == 0 ? 0 : Spread * ((state >> 40) / (double)(1 << 24))));
        }
    }

    private double Loss(Bin bin)
    {
        var given = 0.0;
        foreach (var (item, count) in bin.Content) given += worth[yard.Items[item].Row] * count;
        return bin.Price - given;
    }

    private void Repack(Bin[] worst, int first, Greed greed)
    {
        group.Clear();
        var cell = yard.Market.CellOf[worst[first].Offer];
        for (var i = first; i < worst.Length && group.Count < GroupSize; i++)
        {
            if (worst[i].Index >= 0 && yard.Market.CellOf[worst[i].Offer] == cell) group.Add(worst[i]);
        }
        if (group.Count < 2) return;
        var (price, waiting, kept) = (yard.Price, yard.Waiting, yard.Bins.Count - group.Count);
        foreach (var bin in group) yard.Close(bin);
        while (yard.Waiting > waiting && yard.Price < price)
        {
            if (!builder.Build(perturbed, greed)) break;
        }
        if (yard.Waiting <= waiting && yard.Price < price)
        {
            foreach (var bin in group) bin.Index = -1;
            return;
        }
        while (yard.Bins.Count > kept) yard.Close(yard.Bins[^1]);
        foreach (var bin in group) yard.Reopen(bin);
    }
}
