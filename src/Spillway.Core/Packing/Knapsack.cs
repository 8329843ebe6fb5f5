namespace Spillway.Core.Packing;

/// <summary>
/// Fills one node: how many pods of each row make the most of a capacity. Depth first from the rows that are worth most
/// for their room, most pods of a row first, for as many leaves as are allowed; the first leaf is the greedy answer.
/// </summary>
internal sealed class Knapsack
{
    private readonly Rows rows;
    private readonly int columns;
    private readonly int[] list;
    private readonly double[] density;
    private readonly long[] free;
    private readonly int[] taken;
    private readonly int[] groupLeft;
    private readonly double[] weights;
    private int count;
    private int leaves;
    private int[] available = [];
    private double[] worth = [];

    public Knapsack(Rows rows, double[] weights)
    {
        this.rows = rows;
        this.weights = weights;
        columns = rows.Columns;
        list = new int[rows.Count];
        density = new double[rows.Count];
        free = new long[columns];
        taken = new int[rows.Count];
        Best = new int[rows.Count];
        groupLeft = new int[rows.GroupMost.Length];
    }

    /// <summary>The answer: pods of each row, as positions in <see cref="Order"/>.</summary>
    public int[] Best { get; }

    public double BestWorth { get; private set; }

    /// <summary>The rows in play, most worth for their room first.</summary>
    public ReadOnlySpan<int> Order => list.AsSpan(0, count);

    /// <summary>Sets what there is and what it is worth; asked about with many capacities after that.</summary>
    public void Offer(int[] availableByRow, double[] worthByRow)
    {
        (available, worth) = (availableByRow, worthByRow);
        count = 0;
        for (var row = 0; row < rows.Count; row++)
        {
            if (available[row] <= 0 || worth[row] <= 0) continue;

            // Among equals the bulky come first: what is small fits later.
            density[count] = -Math.Round(worth[row] / rows.Bulk[row], 3) - (rows.Bulk[row] * rows.BulkScale);
            list[count++] = row;
        }
        Array.Sort(density, list, 0, count);
    }

    /// <summary>Finds the best filling and keeps it in <see cref="Best"/>; the worth is 0 when nothing fits.</summary>
    /// <param name="capacity">Of the node.</param>
    /// <param name="allowedRows">A bit for each row that may go there; null for all.</param>
    /// <param name="maxLeaves">How many fillings are looked at.</param>
    /// <param name="seed">A row of which a pod is there already and not part of the answer; -1 for none.</param>
    public double Fill(ReadOnlySpan<long> capacity, ulong[]? allowedRows, int maxLeaves, int seed = -1)
    {
        capacity.CopyTo(free);
        rows.GroupMost.CopyTo(groupLeft, 0);
        if (seed >= 0)
        {
            Take(seed, 1);
            available[seed]--;
        }
        leaves = maxLeaves;
        BestWorth = 0;
        Array.Clear(Best, 0, count);
        Array.Clear(taken, 0, count);
        Search(0, 0, allowedRows);
        if (seed >= 0) available[seed]++;
        return BestWorth;
    }

    private void Search(int position, double sum, ulong[]? allowed)
    {
        var fit = 0;
        for (; position < count; position++)
        {
            var candidate = list[position];
            if (allowed is not null && (allowed[candidate >> 6] >> (candidate & 63) & 1) == 0) continue;
            fit = Fitting(candidate);
            if (fit > 0) break;
        }
        if (position == count)
        {
            leaves--;
            if (sum <= BestWorth) return;
            BestWorth = sum;
            Array.Copy(taken, Best, count);
            return;
        }
        var row = list[position];
        if (BestWorth > 0 && sum + (worth[row] / rows.Bulk[row] * Room()) <= BestWorth)
        {
            leaves--;
            return;
        }
        for (var number = fit; number >= 0 && leaves > 0; number--)
        {
            Take(row, number);
            taken[position] = number;
            Search(position + 1, sum + (number * worth[row]), allowed);
            Take(row, -number);
            taken[position] = 0;
        }
    }

    private int Fitting(int row)
    {
        long fit = available[row];
        var group = rows.Group[row];
        if (group >= 0) fit = Math.Min(fit, groupLeft[group]);
        var amounts = rows.Amounts[row];
        for (var i = 0; i < columns && fit > 0; i++)
        {
            if (amounts[i] == 0) continue;
            if (amounts[i] > free[i]) return 0;
            if (amounts[i] * fit > free[i]) fit = free[i] / amounts[i];
        }
        return (int)fit;
    }

    private void Take(int row, int number)
    {
        var amounts = rows.Amounts[row];
        for (var i = 0; i < columns; i++) free[i] -= amounts[i] * number;
        if (rows.Group[row] is >= 0 and var group) groupLeft[group] -= number;
    }

    private double Room()
    {
        var room = 0.0;
        for (var i = 0; i < columns; i++) room += weights[i] * free[i];
        return room;
    }
}
