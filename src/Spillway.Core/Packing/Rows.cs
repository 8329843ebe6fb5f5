namespace Spillway.Core.Packing;

/// <summary>Pods of one kind, size, priority and set of cells; nothing tells them apart from here on.</summary>
/// <param name="Kind">What they ask besides room.</param>
/// <param name="Row">What they are to the search.</param>
/// <param name="Mask">The cells they may go to: by rule, and by the domain that was chosen for them.</param>
/// <param name="Priority">Who is served first when there is not enough for all.</param>
/// <param name="Pods">Indices into the pods of the request.</param>
internal sealed record Item(Kind Kind, int Row, int Mask, int Priority, List<int> Pods);

/// <summary>
/// What the search tells apart: the size, the rule, and the limit that pods of a large group set on each other. Hundreds
/// of kinds share a few dozen rows.
/// </summary>
internal sealed class Rows
{
    private readonly Dictionary<(ValueListKey Size, int Rule, int Group), int> numbers = [];
    private readonly Dictionary<(int Matcher, int Most), int> groups = [];
    private readonly List<long[]> amounts = [];
    private readonly List<int> ruleMasks = [];
    private readonly List<int> groupOf = [];
    private readonly List<int> groupMost = [];

    public Rows(int columns) => Columns = columns;

    public int Columns { get; }

    public int Count => amounts.Count;

    public long[][] Amounts { get; private set; } = [];

    /// <summary>By row: its group, or -1.</summary>
    public int[] Group { get; private set; } = [];

    /// <summary>By group: how many of it a node may hold.</summary>
    public int[] GroupMost { get; private set; } = [];

    /// <summary>By row: the cells its rule allows, whatever domain was chosen.</summary>
    public int[] RuleMask { get; private set; } = [];

    /// <summary>By row: room taken, in the price it costs where all resources are used up alike.</summary>
    public double[] Bulk { get; private set; } = [];

    /// <summary>Small enough that bulk only decides between rows of equal worth.</summary>
    public double BulkScale { get; private set; }

    public int Number(long[] size, int ruleMask, (int Matcher, int Most)? limit)
    {
        var group = -1;
        if (limit is { } named && !groups.TryGetValue(named, out group))
        {
            group = groupMost.Count;
            groups.Add(named, group);
            groupMost.Add(named.Most);
        }
        var key = (new ValueListKey(size), ruleMask, group);
        if (numbers.TryGetValue(key, out var number)) return number;
        number = amounts.Count;
        numbers.Add(key, number);
        amounts.Add(size);
        ruleMasks.Add(ruleMask);
        groupOf.Add(group);
        return number;
    }

    public void Close(double[] weights)
    {
        Amounts = [.. amounts];
        Group = [.. groupOf];
        GroupMost = [.. groupMost];
        RuleMask = [.. ruleMasks];
        Bulk = new double[amounts.Count];
        var most = 0.0;
        for (var row = 0; row < Bulk.Length; row++)
        {
            for (var i = 0; i < Columns; i++) Bulk[row] += weights[i] * Amounts[row][i];
            most = Math.Max(most, Bulk[row]);
        }
        BulkScale = most > 0 ? 0.0005 / most : 0;
    }

    private readonly struct ValueListKey(long[] amounts) : IEquatable<ValueListKey>
    {
        private readonly long[] amounts = amounts;

        public bool Equals(ValueListKey other) => amounts.AsSpan().SequenceEqual(other.amounts);

        public override bool Equals(object? obj) => obj is ValueListKey other && Equals(other);

        public override int GetHashCode()
        {
            var code = new HashCode();
            foreach (var amount in amounts) code.Add(amount);
            return code.ToHashCode();
        }
    }
}
