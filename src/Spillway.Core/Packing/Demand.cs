namespace Spillway.Core.Packing;

/// <summary>The pods as items in rows, with the domains that were chosen for those that need one.</summary>
internal sealed class Demand
{
    // A group of pods that exclude each other matters to the search when it needs at least this part of the nodes.
    private const int SmallGroup = 4;

    private readonly IReadOnlyList<PodGroup> groups;
    private readonly KindTable kinds;
    private readonly Market market;
    private readonly Dictionary<(int Kind, int Row, int Mask, int Priority), int> numbers = [];
    private readonly Dictionary<int, int> cellsFor = [];
    private readonly long[][] sizeOf;
    private readonly Dictionary<(int Matcher, int Most), int> limited = [];
    private readonly int nodesForLimits;

    public Demand(
        PackingRequest request, IReadOnlyList<PodGroup> groups, KindTable kinds, Market market, Columns columns)
    {
        (this.groups, this.kinds, this.market) = (groups, kinds, market);
        sizeOf = [.. groups.Select(group => columns.Requests(request.Pods[group.First]))];
        for (var i = 0; i < groups.Count; i++)
        {
            var kind = kinds.KindOf[i];
            if (kind.Exclusive < 0) continue;
            var key = (kind.Exclusive, kind.ExclusiveMost);
            limited[key] = limited.GetValueOrDefault(key) + groups[i].Count;
        }
        foreach (var (limit, count) in limited) nodesForLimits = Math.Max(nodesForLimits, count / limit.Most);
        Rows = new Rows(columns.Count);
        Weights = PriceWeights(columns.Count);
    }

    public Rows Rows { get; }

    public List<Item> Items { get; } = [];

    /// <summary>By column: what a unit costs, counted the more the scarcer the resource is among these pods and offers.</summary>
    public double[] Weights { get; }

    /// <summary>Pods whose domain was chosen, as items in the order of the choice.</summary>
    public List<int> DomainOrder { get; } = [];

    public void Assign(DomainChoice choice, Lessons lessons, List<UnpackedPod> unpacked)
    {
        foreach (var i in InOrderOfChoice(lessons))
        {
            var (kind, group) = (kinds.KindOf[i], groups[i]);
            var rule = market.MaskOf(kind.Rule);
            if (kind.NeedsSingleLook)
            {
                Refuse(group, UnpackedReason.NeedsSingleLook, unpacked);
                continue;
            }
            if (Obstacle(rule, i) is { } reason)
            {
                Refuse(group, reason, unpacked);
                continue;
            }
            var row = Rows.Number(sizeOf[i], rule, Limit(kind));
            if (kind.Domain is null) Items[Number(kind, row, rule, group.Priority)].Pods.AddRange(group.Pods.Span);
            else Bind(choice, i, row, lessons, unpacked);
        }
        Rows.Close(Weights);
    }

    private void Bind(DomainChoice choice, int index, int row, Lessons lessons, List<UnpackedPod> unpacked)
    {
        var kind = kinds.KindOf[index];
        var cells = market.Masks.And(market.MaskOf(kind.Rule), CellsFor(index));
        var weight = Bulk(sizeOf[index]);
        foreach (var pod in groups[index].Pods.Span)
        {
            var mask = choice.Bind(kind, cells, weight, lessons);
            if (mask < 0)
            {
                unpacked.Add(new UnpackedPod(pod, UnpackedReason.NoDomain));
                lessons.Urgent(kind);
                continue;
            }
            var item = Number(kind, row, mask, groups[index].Priority);
            Items[item].Pods.Add(pod);
            DomainOrder.Add(item);
        }
    }

    private int CellsFor(int group)
    {
        if (cellsFor.TryGetValue(groups[group].Size, out var mask)) return mask;
        mask = market.Masks.Of(cell => market.Cheapest(cell, sizeOf[group]) >= 0);
        cellsFor.Add(groups[group].Size, mask);
        return mask;
    }

    /// <summary>Those that must all go to one domain first, the largest of them first; the rest finds its balance after.</summary>
    private IEnumerable<int> InOrderOfChoice(Lessons lessons)
    {
        var weight = new double[kinds.Count];
        for (var i = 0; i < groups.Count; i++) weight[kinds.KindOf[i].Id] += groups[i].Count * Bulk(sizeOf[i]);
        return Enumerable.Range(0, groups.Count)
            .OrderByDescending(i => groups[i].Priority)
            .ThenBy(i => lessons.IsUrgent(kinds.KindOf[i]) ? 0 : 1)
            .ThenBy(i => kinds.KindOf[i].Domain is { } entry && entry.Class.Affinity.Length > 0 ? 0 : 1)
            .ThenByDescending(i => kinds.KindOf[i].Domain is null ? 0 : Math.Round(weight[kinds.KindOf[i].Id], 6))
            .ThenBy(i => kinds.KindOf[i].Id)
            .ThenBy(i => i);
    }

    private UnpackedReason? Obstacle(int rule, int group)
    {
        if (market.Masks.Size(market.Masks.And(rule, CellsFor(group))) > 0) return null;
        for (var offer = 0; offer < market.OfferCount; offer++)
        {
            if (market.Masks.Has(rule, market.CellOf[offer]) && Market.Holds(market.Capacity[offer], sizeOf[group]))
                return UnpackedReason.NoStock;
        }
        return UnpackedReason.NoOfferFits;
    }

    /// <summary>The limit that decides how many nodes are needed; small groups find room among the others.</summary>
    private (int Matcher, int Most)? Limit(Kind kind)
    {
        if (kind.Exclusive < 0) return null;
        var key = (kind.Exclusive, kind.ExclusiveMost);
        return limited[key] / kind.ExclusiveMost * SmallGroup >= nodesForLimits ? key : null;
    }

    private int Number(Kind kind, int row, int mask, int priority)
    {
        var key = (kind.Id, row, mask, priority);
        if (numbers.TryGetValue(key, out var number)) return number;
        number = Items.Count;
        numbers.Add(key, number);
        Items.Add(new Item(kind, row, mask, priority, []));
        return number;
    }

    private static void Refuse(PodGroup group, UnpackedReason reason, List<UnpackedPod> unpacked)
    {
        foreach (var pod in group.Pods.Span) unpacked.Add(new UnpackedPod(pod, reason));
    }

    private double Bulk(long[] size)
    {
        var bulk = 0.0;
        for (var i = 0; i < size.Length; i++) bulk += Weights[i] * size[i];
        return bulk;
    }

    private double[] PriceWeights(int columns)
    {
        var least = new double[columns];
        Array.Fill(least, double.MaxValue);
        for (var offer = 0; offer < market.OfferCount; offer++)
        {
            for (var i = 0; i < columns; i++)
            {
                if (market.Capacity[offer][i] > 0)
                    least[i] = Math.Min(least[i], market.Prices[offer] / (double)market.Capacity[offer][i]);
            }
        }
        var cost = new double[columns];
        for (var i = 0; i < groups.Count; i++)
        {
            for (var r = 0; r < columns; r++) cost[r] += least[r] < double.MaxValue
                ? sizeOf[i][r] * (double)groups[i].Count * least[r] : 0;
        }
        var most = cost.Max();
        var weights = new double[columns];
        var sum = 0.0;
        for (var r = 0; r < columns; r++)
        {
            if (most <= 0 || cost[r] <= 0) continue;
            var scarce = Math.Pow(cost[r] / most, 4);
            weights[r] = least[r] * scarce;
            sum += scarce;
        }
        for (var r = 0; r < columns; r++) weights[r] /= Math.Max(1, sum);
        return weights;
    }
}
