using System.Numerics;
using System.Runtime.InteropServices;

namespace Spillway.Core.Packing;

/// <summary>
/// A linear program "cover every demand at least price" whose columns come one by one: the revised simplex method with
/// an explicit inverse. It is small (a row for each size of pod, or for each resource) and is asked again after every
/// few columns, for which that is the fastest.
/// </summary>
internal sealed class CoveringProgram
{
    private const double Tolerance = 1e-9;

    private readonly int rows;
    private readonly double[] inverse;
    private readonly double[] values;
    private readonly int[] basis;
    private readonly double[] duals;
    private readonly double[] direction;
    private readonly List<double> prices = [];
    private readonly List<int> starts = [];
    private readonly List<int> entryRows = [];
    private readonly List<double> entryAmounts = [];
    private readonly List<int> candidates = [];

    /// <param name="demand">What is to be covered, row by row; each above 0.</param>
    /// <param name="penalty">The price of covering a unit of a row by nothing: higher than by any column.</param>
    public CoveringProgram(double[] demand, double penalty)
    {
        rows = demand.Length;
        inverse = new double[rows * rows];
        values = (double[])demand.Clone();
        basis = new int[rows];
        duals = new double[rows];
        direction = new double[rows];
        for (var row = 0; row < rows; row++)
        {
            inverse[(row * rows) + row] = 1;
            Add([row], [1], penalty);
            basis[row] = row;
            duals[row] = penalty;
        }
    }

    /// <summary>Columns that stand for "not covered" come first, one a row.</summary>
    public int FirstColumn => rows;

    /// <summary>What one more unit of each row's demand would cost.</summary>
    public ReadOnlySpan<double> Duals => duals;

    public double Objective
    {
        get
        {
            var sum = 0.0;
            for (var row = 0; row < rows; row++) sum += basis[row] < 0 ? 0 : values[row] * prices[basis[row]];
            return sum;
        }
    }

    public void Add(ReadOnlySpan<int> inRows, ReadOnlySpan<double> amounts, double price)
    {
        prices.Add(price);
        starts.Add(entryRows.Count);
        entryRows.AddRange(inRows);
        entryAmounts.AddRange(amounts);
    }

    /// <summary>How much of the column is used.</summary>
    public double[] Usage()
    {
        var usage = new double[prices.Count];
        for (var row = 0; row < rows; row++)
        {
            if (basis[row] >= 0) usage[basis[row]] = Math.Max(0, values[row]);
        }
        return usage;
    }

    /// <summary>Finds the cheapest cover by the columns there are; gives up after so many steps with what it has.</summary>
    public void Solve(int maxSteps)
    {
        for (var step = 0; step < maxSteps; step++)
        {
            var entering = Entering(out var reduced);
            if (entering == int.MinValue || !Pivot(entering, reduced)) return;
        }
    }

    // Surplus of row i is the column -1-i: it takes away from a row and costs nothing. Columns that looked good at the
    // last look at all of them are asked again until none of them is.
    private int Entering(out double least)
    {
        var best = Best(CollectionsMarshal.AsSpan(candidates), out least);
        if (best != int.MinValue) return best;
        candidates.Clear();
        for (var column = rows; column < prices.Count; column++)
        {
            if (Reduced(column) < -Tolerance) candidates.Add(column);
        }
        for (var row = 0; row < rows; row++)
        {
            if (duals[row] < -Tolerance) candidates.Add(-1 - row);
        }
        return Best(CollectionsMarshal.AsSpan(candidates), out least);
    }

    private int Best(ReadOnlySpan<int> among, out double least)
    {
        least = -Tolerance;
        var best = int.MinValue;
        foreach (var column in among)
        {
            var reduced = column < 0 ? duals[-1 - column] : Reduced(column);
            if (reduced < least) (best, least) = (column, reduced);
        }
        return best;
    }

    private double Reduced(int column)
    {
        var sum = prices[column];
        var end = column + 1 < starts.Count ? starts[column + 1] : entryRows.Count;
        var inRows = CollectionsMarshal.AsSpan(entryRows);
        var amounts = CollectionsMarshal.AsSpan(entryAmounts);
        for (var k = starts[column]; k < end; k++) sum -= duals[inRows[k]] * amounts[k];
        return sum;
    }

    private bool Pivot(int entering, double reduced)
    {
        Direction(entering);
        var leaving = -1;
        var ratio = double.MaxValue;
        for (var row = 0; row < rows; row++)
        {
            if (direction[row] <= Tolerance) continue;
            var limit = Math.Max(0, values[row]) / direction[row];

            // Among equals the largest pivot is the one that keeps the inverse exact.
            if (limit < ratio - Tolerance || (limit < ratio + Tolerance && direction[row] > direction[leaving]))
                (leaving, ratio) = (row, Math.Min(limit, ratio));
        }
        if (leaving < 0) return false;
        var pivotRow = inverse.AsSpan(leaving * rows, rows);
        Scale(pivotRow, 1 / direction[leaving]);
        AddTimes(duals, pivotRow, reduced);
        for (var row = 0; row < rows; row++)
        {
            if (row == leaving || direction[row] == 0) continue;
            AddTimes(inverse.AsSpan(row * rows, rows), pivotRow, -direction[row]);
            values[row] -= ratio * direction[row];
        }
        values[leaving] = ratio;
        basis[leaving] = entering;
        return true;
    }

    private void Direction(int entering)
    {
        if (entering < 0)
        {
            for (var row = 0; row < rows; row++) direction[row] = -inverse[(row * rows) - 1 - entering];
            return;
        }
        var end = entering + 1 < starts.Count ? starts[entering + 1] : entryRows.Count;
        for (var row = 0; row < rows; row++)
        {
            var sum = 0.0;
            for (var k = starts[entering]; k < end; k++) sum += inverse[(row * rows) + entryRows[k]] * entryAmounts[k];
            direction[row] = sum;
        }
    }

    private static void Scale(Span<double> target, double factor)
    {
        foreach (ref var value in target) value *= factor;
    }

    private static void AddTimes(Span<double> target, ReadOnlySpan<double> source, double factor)
    {
        var wide = new Vector<double>(factor);
        var i = 0;
        for (; i <= target.Length - Vector<double>.Count; i += Vector<double>.Count)
            (new Vector<double>(target[i..]) + (wide * new Vector<double>(source[i..]))).CopyTo(target[i..]);
        for (; i < target.Length; i++) target[i] += factor * source[i];
    }
}
