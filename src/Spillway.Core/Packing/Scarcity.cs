using Spillway.Core.Placement;

namespace Spillway.Core.Packing;

/// <summary>
/// Decides who is served when there is not enough for all: higher priorities first, and whole gangs only. Nodes that
/// would serve nobody in the end are not rented.
/// </summary>
internal sealed class Scarcity
{
    private readonly PackingRequest request;
    private readonly Demand demand;
    private readonly Yard yard;
    private readonly PackingSearch search;
    private readonly List<int[]> order;
    private readonly List<UnpackedPod> unpacked;
    private readonly int[] itemOf;
    private readonly List<int>[] served;

    public Scarcity(
        PackingRequest request, Demand demand, Yard yard, PackingSearch search, List<int[]> order,
        List<UnpackedPod> unpacked)
    {
        (this.request, this.demand, this.yard) = (request, demand, yard);
        (this.search, this.order, this.unpacked) = (search, order, unpacked);
        itemOf = new int[request.Pods.Count];
        Array.Fill(itemOf, -1);
        served = new List<int>[demand.Items.Count];
        for (var item = 0; item < served.Length; item++)
        {
            served[item] = [];
            foreach (var pod in demand.Items[item].Pods) itemOf[pod] = item;
        }
    }

    /// <summary>The pods of each item that have a place on the bins of the yard.</summary>
    public List<int>[] Serve()
    {
        if (yard.Waiting > 0) ServeByPriority();
        var places = new int[served.Length];
        for (var item = 0; item < places.Length; item++)
            places[item] = demand.Items[item].Pods.Count - yard.LeftOf(item);
        var left = order.FindAll(unit => !TryTake(unit, places));
        var freed = Clear(places);
        if (freed) left = left.FindAll(new SingleUnits(this).IsRefused);
        foreach (var pod in left.SelectMany(unit => unit))
        {
            if (itemOf[pod] >= 0) unpacked.Add(new UnpackedPod(pod, Reason(pod)));
        }
        return served;
    }

    /// <summary>Takes the units of these pods off their bins again.</summary>
    public void Drop(IReadOnlyCollection<int> pods)
    {
        var places = new int[served.Length];
        foreach (var unit in order)
        {
            if (!Array.Exists(unit, pods.Contains)) continue;
            foreach (var pod in unit)
            {
                if (!served[itemOf[pod]].Remove(pod)) continue;
                places[itemOf[pod]]++;
                unpacked.Add(new UnpackedPod(pod, pods.Contains(pod) ? UnpackedReason.NoDomain : Reason(pod)));
            }
        }
        Clear(places);
    }

    /// <summary>How many pods of each row are served.</summary>
    public int[] ServedByRow()
    {
        var count = new int[yard.Rows.Count];
        for (var item = 0; item < served.Length; item++) count[demand.Items[item].Row] += served[item].Count;
        return count;
    }

    private UnpackedReason Reason(int pod) => request.Pods[pod].Requirements.Gang is null
        ? UnpackedReason.NoStock
        : UnpackedReason.GangIncomplete;

    private void ServeByPriority()
    {
        var tiers = demand.Items.Select(item => item.Priority).Distinct().OrderDescending().ToList();
        if (tiers.Count < 2) return;
        yard.CloseFrom(0);
        var held = Hold();
        foreach (var tier in tiers)
        {
            for (var item = 0; item < held.Length; item++)
            {
                if (demand.Items[item].Priority == tier) yard.Return(item, held[item]);
            }
            foreach (var bin in yard.Bins.ToArray()) yard.TopUp(bin);
            search.ServeRest();
            var rest = Hold();
            for (var item = 0; item < held.Length; item++)
            {
                if (demand.Items[item].Priority == tier) held[item] = rest[item];
            }
        }
        for (var item = 0; item < held.Length; item++) yard.Return(item, held[item]);
    }

    private int[] Hold()
    {
        var held = new int[served.Length];
        for (var item = 0; item < held.Length; item++)
        {
            held[item] = yard.LeftOf(item);
            yard.Remove(item, held[item]);
        }
        return held;
    }

    private bool TryTake(int[] unit, int[] places)
    {
        for (var i = 0; i < unit.Length; i++)
        {
            if (itemOf[unit[i]] >= 0 && --places[itemOf[unit[i]]] >= 0) continue;
            for (var k = i; k >= 0; k--)
            {
                if (itemOf[unit[k]] >= 0) places[itemOf[unit[k]]]++;
            }
            return false;
        }
        foreach (var pod in unit) served[itemOf[pod]].Add(pod);
        return true;
    }

    /// <summary>Takes places that nobody got off the bins, the emptiest first, so that whole bins go.</summary>
    private bool Clear(int[] places)
    {
        var freed = false;
        foreach (var bin in yard.Bins.OrderBy(bin => bin.Content.Sum(entry => entry.Count)).ThenBy(bin => bin.Index)
            .ToArray())
        {
            var changed = false;
            foreach (var (item, count) in bin.Content.ToArray())
            {
                var off = Math.Min(count, places[item]);
                if (off <= 0) continue;
                yard.TakeOff(bin, item, off);
                places[item] -= off;
                changed = true;
            }
            if (changed) yard.Refit(bin);
            freed |= changed;
        }
        return freed;
    }

    /// <summary>Tries units one by one on what is left, now that places of incomplete gangs are free again.</summary>
    private sealed class SingleUnits(Scarcity owner)
    {
        private readonly HashSet<ValueList<int>> refused = [];

        public bool IsRefused(int[] unit)
        {
            if (Array.Exists(unit, pod => owner.itemOf[pod] < 0)) return true;
            var wants = unit.Select(pod => owner.itemOf[pod]).Order().ToValueList();
            if (refused.Contains(wants)) return true;
            var held = owner.Hold();
            foreach (var pod in unit) owner.yard.Return(owner.itemOf[pod], 1);
            var bins = owner.yard.Bins.ToArray();
            var added = bins.ToDictionary(bin => bin, owner.yard.TopUp);
            owner.search.ServeRest();
            var fits = owner.yard.Waiting == 0;
            if (fits)
            {
                foreach (var pod in unit)
                {
                    held[owner.itemOf[pod]]--;
                    owner.served[owner.itemOf[pod]].Add(pod);
                }
            }
            else
            {
                refused.Add(wants);
                owner.yard.CloseFrom(bins.Length);
                foreach (var (bin, items) in added)
                {
                    foreach (var (item, count) in items) owner.yard.TakeOff(bin, item, count);
                }
                owner.Hold();
            }
            for (var item = 0; item < held.Length; item++) owner.yard.Return(item, held[item]);
            return !fits;
        }
    }
}
