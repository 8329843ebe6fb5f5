namespace Spillway.Core.Packing;

/// <summary>Turns items on bins into pods on nodes, in an order in which they can be bound.</summary>
internal sealed class BindingOrder(PackingRequest request, Demand demand, Market market, Yard yard)
{
    /// <summary>All pods: in the order in which domains were chosen, which is right by construction, then the others.</summary>
    public List<PodBinding> AsChosen()
    {
        var places = Places();
        var bindings = new List<PodBinding>(request.Pods.Count);
        var next = new int[places.Length];
        foreach (var item in demand.DomainOrder) bindings.Add(Bind(item));
        for (var item = 0; item < next.Length; item++)
        {
            while (places[item].Count > 0) bindings.Add(Bind(item));
        }
        return bindings;

        PodBinding Bind(int item) => new(demand.Items[item].Pods[next[item]++], places[item].Dequeue());
    }

    /// <summary>
    /// The pods that are served: without the others the order of the choice may not hold, so each is bound as soon as its
    /// domain is open. Null when the domains of some never open; those are in the list then.
    /// </summary>
    public List<PodBinding>? Checked(List<int>[] served, DomainChoice domains, List<int> stuck)
    {
        var places = Places();
        var bindings = new List<PodBinding>(request.Pods.Count);
        var waiting = new List<(int Item, int Pod)>();
        for (var item = 0; item < served.Length; item++)
        {
            foreach (var pod in served[item])
            {
                if (demand.Items[item].Kind.Domain is not null) waiting.Add((item, pod));
                else bindings.Add(new PodBinding(pod, places[item].Dequeue()));
            }
        }
        var first = new List<PodBinding>();
        for (var before = -1; before != waiting.Count && waiting.Count > 0;)
        {
            before = waiting.Count;
            waiting.RemoveAll(one =>
            {
                var node = places[one.Item].Peek();
                if (!domains.TryBind(demand.Items[one.Item].Kind, market.CellOf[yard.Bins[node].Offer])) return false;
                first.Add(new PodBinding(one.Pod, places[one.Item].Dequeue()));
                return true;
            });
        }
        stuck.AddRange(waiting.Select(one => one.Pod));
        return stuck.Count > 0 ? null : [.. first, .. bindings];
    }

    private Queue<int>[] Places()
    {
        var places = new Queue<int>[demand.Items.Count];
        for (var item = 0; item < places.Length; item++) places[item] = new Queue<int>();
        for (var bin = 0; bin < yard.Bins.Count; bin++)
        {
            foreach (var (item, count) in yard.Bins[bin].Content)
            {
                for (var i = 0; i < count; i++) places[item].Enqueue(bin);
            }
        }
        return places;
    }
}
