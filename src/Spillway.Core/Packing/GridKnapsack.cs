using System.Numerics;

namespace Spillway.Core.Packing;

/// <summary>
/// Best fillings of all small nodes at once: dynamic programming over CPU and memory, in units so coarse that a grid of a
/// few ten thousand points covers the nodes, and amounts rounded up, so that what fits the grid fits the node. Rows of a
/// group (pods that exclude each other) come in a layer of their own, of which at most one is taken.
/// </summary>
internal sealed class GridKnapsack
{
    private const int FirstAxis = 1;
    private const int SecondAxis = 2;
    private const int MostFirst = 192;
    private const int MostSecond = 256;

    // A node with more pods than this is filled well by taking one after the other.
    private const double MostPods = 9;

    private readonly Rows rows;
    private readonly int[] plain;
    private readonly int[][] layers;
    private readonly int[] first;
    private readonly int[] second;
    private readonly long firstUnit;
    private readonly long secondUnit;
    private readonly int width;
    private readonly int height;
    private readonly float[][] grids;
    private double[] worth = [];

    public GridKnapsack(Rows rows, Market market, int[] demand, Ladder ladder)
    {
        this.rows = rows;
        var (firstSum, secondSum, count) = (0.0, 0.0, 0.0);
        for (var row = 0; row < rows.Count; row++)
        {
            firstSum += rows.Amounts[row][FirstAxis] * (double)demand[row];
            secondSum += rows.Amounts[row][SecondAxis] * (double)demand[row];
            count += demand[row];
        }
        var (firstMost, secondMost) = (firstSum / count * MostPods, secondSum / count * MostPods);
        Offers = [.. ladder.Offers.Where(offer =>
            market.Capacity[offer][FirstAxis] <= firstMost && market.Capacity[offer][SecondAxis] <= secondMost)];
        var usable = Enumerable.Range(0, rows.Count).Where(row => demand[row] > 0 && OnlyAxes(row)).ToArray();
        plain = [.. usable.Where(row => rows.Group[row] < 0)];
        layers = [.. usable.Where(row => rows.Group[row] >= 0).GroupBy(row => rows.Group[row])
            .OrderBy(group => group.Key).Select(group => group.ToArray())];
        (first, second) = (new int[rows.Count], new int[rows.Count]);
        grids = new float[layers.Length + 1][];
        if (Offers.Length == 0) return;
        firstUnit = Unit(usable, FirstAxis, Offers.Max(offer => market.Capacity[offer][FirstAxis]), MostFirst);
        secondUnit = Unit(usable, SecondAxis, Offers.Max(offer => market.Capacity[offer][SecondAxis]), MostSecond);
        height = (int)(Offers.Max(offer => market.Capacity[offer][FirstAxis]) / firstUnit) + 1;
        width = (int)(Offers.Max(offer => market.Capacity[offer][SecondAxis]) / secondUnit) + 1;
        foreach (var row in usable)
        {
            first[row] = (int)((rows.Amounts[row][FirstAxis] + firstUnit - 1) / firstUnit);
            second[row] = (int)((rows.Amounts[row][SecondAxis] + secondUnit - 1) / secondUnit);
        }
        for (var i = 0; i < grids.Length; i++) grids[i] = new float[width * height];
    }

    /// <summary>The offers that the grid covers.</summary>
    public int[] Offers { get; }

    public int LayerCount => layers.Length;

    public ReadOnlySpan<int> Layer(int layer) => layers[layer];

    /// <summary>Works out the best worth for every capacity.</summary>
    public void Solve(double[] worthByRow)
    {
        worth = worthByRow;
        if (Offers.Length == 0) return;
        var grid = grids[0];
        Array.Clear(grid);
        Improve(grid, grid, plain);
        for (var layer = 0; layer < layers.Length; layer++)
        {
            grid.CopyTo(grids[layer + 1], 0);
            Improve(grids[layer + 1], grid, layers[layer]);
            grid = grids[layer + 1];
        }
    }

    /// <summary>The most worth that a node of the capacity can hold; with a row given, with one pod of it.</summary>
    public double Worth(long[] capacity, int with = -1)
    {
        var (x, y) = Point(capacity);
        if (with < 0) return grids[^1][(x * width) + y];
        (x, y) = (x - first[with], y - second[with]);
        return x < 0 || y < 0 ? 0 : worth[with] + grids[0][(x * width) + y];
    }

    /// <summary>The filling that <see cref="Worth"/> is of, as counts by row.</summary>
    public void Trace(long[] capacity, int with, int[] counts)
    {
        var (x, y) = Point(capacity);
        Array.Clear(counts);
        if (with >= 0)
        {
            counts[with]++;
            (x, y) = (x - first[with], y - second[with]);
        }
        else
        {
            for (var layer = layers.Length - 1; layer >= 0; layer--)
                Step(layers[layer], grids[layer + 1], grids[layer]);
        }
        while (Step(plain, grids[0], grids[0]))
        {
        }

        bool Step(int[] from, float[] grid, float[] below)
        {
            var value = grid[(x * width) + y];
            if (value <= 0 || (grid != below && value == below[(x * width) + y])) return false;
            foreach (var row in from)
            {
                var (restX, restY) = (x - first[row], y - second[row]);
                if (restX < 0 || restY < 0 || below[(restX * width) + restY] + (float)worth[row] != value) continue;
                counts[row]++;
                (x, y) = (restX, restY);
                return true;
            }

            // The same worth is reached with less room.
            if (grid != below) return false;
            if (x > 0 && grid[((x - 1) * width) + y] == value) x--;
            else if (y > 0 && grid[(x * width) + y - 1] == value) y--;
            else return false;
            return true;
        }
    }

    private (int X, int Y) Point(long[] capacity) =>
        ((int)(capacity[FirstAxis] / firstUnit), (int)(capacity[SecondAxis] / secondUnit));

    /// <summary>One more pod of the rows wherever that is worth more; within one grid as often as it is.</summary>
    private void Improve(float[] into, float[] from, int[] among)
    {
        // Row of the grid by row of the grid, so that the one that is written stays in the cache for all pods.
        for (var x = 0; x < height; x++)
        {
            var line = into.AsSpan(x * width, width);
            foreach (var row in among)
            {
                var (stepX, stepY, gain) = (first[row], second[row], (float)worth[row]);
                if (gain <= 0 || stepX > x || stepY >= width) continue;
                var target = line[stepY..];
                var source = from.AsSpan((x - stepX) * width, width - stepY);
                var i = 0;
                if (stepX > 0 || into != from)
                {
                    var wide = new Vector<float>(gain);
                    for (; i <= target.Length - Vector<float>.Count; i += Vector<float>.Count)
                    {
                        Vector.Max(new Vector<float>(target[i..]), new Vector<float>(source[i..]) + wide)
                            .CopyTo(target[i..]);
                    }
                }
                for (; i < target.Length; i++) target[i] = Math.Max(target[i], source[i] + gain);
            }
        }
    }

    // Room for pods is looked at afterwards; any other resource needs the other search.
    private bool OnlyAxes(int row)
    {
        var amounts = rows.Amounts[row];
        if (amounts[FirstAxis] == 0 && amounts[SecondAxis] == 0) return false;
        for (var i = SecondAxis + 1; i < amounts.Length; i++)
        {
            if (amounts[i] > 0) return false;
        }
        return true;
    }

    private long Unit(int[] usable, int axis, long capacity, int most)
    {
        long unit = 0;
        foreach (var row in usable) unit = (long)BigInteger.GreatestCommonDivisor(unit, rows.Amounts[row][axis]);
        return Math.Max(Math.Max(1, unit), (capacity / most) + 1);
    }
}
