using System.Runtime.InteropServices;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>
/// The offers by cell: offers that no rule and no topology key in use tells apart are one cell, in which only size and
/// price matter.
/// </summary>
internal sealed class Market
{
    /// <summary>Prices are whole numbers of this part of the currency's unit, so that sums are exact.</summary>
    public const decimal PriceScale = 10_000_000_000m;

    private readonly IReadOnlyList<PackingOffer> offers;
    private readonly int[] stock;
    private readonly int[] poolOf;
    private readonly int[] poolRoom;
    private readonly List<int> cellSample = [];
    private readonly Dictionary<StaticRuleKey, int> ruleMasks = [];
    private readonly StaticRuleKey[] rules;
    private readonly bool[] offered;

    public Market(PackingRequest request, Columns columns, IReadOnlyList<Kind> kinds, IReadOnlyList<string> keys)
    {
        offers = request.Offers;
        rules = [.. kinds.Select(kind => kind.Rule).Distinct()];
        CellOf = new int[offers.Count];
        DomainOf = new List<int>();
        Prices = new long[offers.Count];
        Capacity = new long[offers.Count][];
        ShapeOf = new int[offers.Count];
        stock = new int[offers.Count];
        poolOf = new int[offers.Count];
        var pools = new Dictionary<string, int>(StringComparer.Ordinal);
        var room = new List<int>();
        var byAllocatable = new Dictionary<ResourceAmounts, int>();
        for (var offer = 0; offer < offers.Count; offer++)
        {
            var one = offers[offer];
            Prices[offer] = (long)(one.PricePerHour * PriceScale);
            stock[offer] = one.Stock ?? int.MaxValue;
            poolOf[offer] = Number(pools, one.Pool);
            if (poolOf[offer] == room.Count)
                room.Add(request.PoolRoom.TryGetValue(one.Pool, out var left) ? left : int.MaxValue);
            if (!byAllocatable.TryGetValue(one.Node.Allocatable, out var shape))
            {
                shape = Shapes.Count;
                byAllocatable.Add(one.Node.Allocatable, shape);
                Shapes.Add(columns.Capacity(one.Node));
            }
            ShapeOf[offer] = shape;
            Capacity[offer] = Shapes[shape];
        }
        poolRoom = [.. room];
        IsLimited = Array.Exists(stock, left => left != int.MaxValue)
            || Array.Exists(poolRoom, left => left != int.MaxValue);
        SplitIntoCells(keys);
        Masks = new CellMasks(cellSample.Count);
        foreach (var rule in rules)
            ruleMasks.Add(rule, Masks.Of(cell => StaticRule.Evaluate(rule, Sample(cell)) == StaticVerdict.Fits));
        ByPrice = [.. Enumerable.Range(0, CellCount).Select(Sorted)];
        offered = [.. ByPrice.Select(inCell => Array.Exists(inCell, IsAvailable))];
    }

    public int CellCount => cellSample.Count;

    public int OfferCount => offers.Count;

    public CellMasks Masks { get; }

    /// <summary>Different capacities, in the order in which they were met.</summary>
    public List<long[]> Shapes { get; } = [];

    public int[] ShapeOf { get; }

    public int[] CellOf { get; }

    /// <summary>By cell: cells with the same values of the topology keys have the same number.</summary>
    public List<int> DomainOf { get; }

    public long[] Prices { get; }

    public long[][] Capacity { get; }

    /// <summary>The offers of each cell, cheapest first, then in the order of the request.</summary>
    public int[][] ByPrice { get; }

    /// <summary>The cells where a pod of the rule may run.</summary>
    public int MaskOf(StaticRuleKey rule) => ruleMasks[rule];

    /// <summary>A node of the cell: what is true of its labels and taints, as far as anybody asks, is true of all.</summary>
    public NodeRecord Sample(int cell) => offers[cellSample[cell]].Node;

    public bool IsAvailable(int offer) => stock[offer] > 0 && poolRoom[poolOf[offer]] > 0;

    /// <summary>Whether some offer is limited at all.</summary>
    public bool IsLimited { get; }

    /// <summary>Whether something of the cell could be had when the search began.</summary>
    public bool IsOffered(int cell) => offered[cell];

    public void Take(int offer)
    {
        if (stock[offer] != int.MaxValue) stock[offer]--;
        if (poolRoom[poolOf[offer]] != int.MaxValue) poolRoom[poolOf[offer]]--;
    }

    public void GiveBack(int offer)
    {
        if (stock[offer] != int.MaxValue) stock[offer]++;
        if (poolRoom[poolOf[offer]] != int.MaxValue) poolRoom[poolOf[offer]]++;
    }

    /// <summary>The cheapest offer of the cell that holds the amounts; -1 when none is left.</summary>
    public int Cheapest(int cell, ReadOnlySpan<long> amounts, long below = long.MaxValue)
    {
        foreach (var offer in ByPrice[cell])
        {
            if (Prices[offer] >= below) return -1;
            if (Holds(Capacity[offer], amounts) && IsAvailable(offer)) return offer;
        }
        return -1;
    }

    public static bool Holds(long[] capacity, ReadOnlySpan<long> amounts)
    {
        for (var i = 0; i < amounts.Length; i++)
        {
            if (capacity[i] < amounts[i]) return false;
        }
        return true;
    }

    // Numbers are chained: the same values in the same order lead to the same number, without a list to compare.
    private void SplitIntoCells(IReadOnlyList<string> keys)
    {
        var domains = new Dictionary<(int Before, string Value), int>();
        var verdicts = new Dictionary<(int Before, StaticVerdict Verdict), int>();
        var cells = new Dictionary<(int Domain, int Verdicts), int>();
        for (var offer = 0; offer < offers.Count; offer++)
        {
            var node = offers[offer].Node;
            var (domain, verdict) = (-1, -1);
            for (var key = 0; key < keys.Count; key++)
                domain = Number(domains, (domain, node.Labels[keys[key]] ?? ""));
            foreach (var rule in rules) verdict = Number(verdicts, (verdict, StaticRule.Evaluate(rule, node)));
            var known = cells.Count;
            var cell = Number(cells, (domain, verdict));
            if (cell == known)
            {
                cellSample.Add(offer);
                DomainOf.Add(domain);
            }
            CellOf[offer] = cell;
        }
    }

    private static int Number<TKey>(Dictionary<TKey, int> table, TKey key)
        where TKey : notnull
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(table, key, out var known);
        if (!known) number = table.Count - 1;
        return number;
    }

    private int[] Sorted(int cell)
    {
        var mine = new List<(long Price, int Offer)>();
        for (var offer = 0; offer < CellOf.Length; offer++)
        {
            if (CellOf[offer] == cell) mine.Add((Prices[offer], offer));
        }
        mine.Sort();
        return [.. mine.Select(one => one.Offer)];
    }
}
