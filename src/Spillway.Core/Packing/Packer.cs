using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>Finds a cheap set of nodes for pods that fit nowhere, and says how cheap it could be at best.</summary>
/// <remarks>
/// Pods become kinds (what they ask besides room) and rows (what the search tells apart). Domains for spread and affinity
/// are chosen first, pod by pod, with the placement engine's counters. Then a linear program finds the best mix of ways
/// to fill a node; its whole part is built, the rest is filled in node by node, and the worst nodes are packed again.
/// Every step leaves something feasible. The same request gives the same answer, whatever the order of its pods.
/// </remarks>
public static class Packer
{
    public static PackingPlan Plan(PackingRequest request)
    {
        using var pass = new PackingPass(Preferring.Promote(request), (request.Standing ?? new PlacementModel()).State);
        return pass.Run();
    }
}

/// <summary>One pass of the packer, step by step.</summary>
internal sealed class PackingPass : IDisposable
{
    // Each further attempt chooses domains by what the ones before have taught.
    private const int MostAttempts = 4;

    private readonly PackingRequest request;
    private readonly ModelState state;
    private readonly List<UnpackedPod> heldBack = [];
    private readonly Units units;
    private readonly IReadOnlyList<PodGroup> groups;
    private readonly Columns columns;
    private readonly KindTable kinds;
    private readonly Lessons lessons = new();

    public PackingPass(PackingRequest request, ModelState state)
    {
        (this.request, this.state) = (request, state);
        units = new Units(request.Pods, state, heldBack);
        groups = PodSorter.Run(request.Pods, units.LeftOut);
        columns = new Columns(groups.Select(group => request.Pods[group.First]));
        kinds = new KindTable(request.Pods, groups, state);
    }

    public void Dispose() => kinds.Dispose();

    public PackingPlan Run()
    {
        PackingPlan? best = null;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var known = lessons.Count;
            var plan = Attempt();
            if (best is null || Served(plan).CompareTo(Served(best)) > 0) best = plan;
            if (lessons.Count == known) break;
        }
        return best!;
    }

    private PackingPlan Attempt()
    {
        var unpacked = new List<UnpackedPod>(heldBack);
        var market = new Market(request, columns, [.. kinds.Kinds], kinds.TopologyKeys);
        var demand = new Demand(request, groups, kinds, market, columns);
        using (var choice = new DomainChoice(market, state, kinds.Kinds)) demand.Assign(choice, lessons, unpacked);
        var yard = new Yard(demand.Items, demand.Rows, market);
        var wanted = new int[demand.Rows.Count];
        foreach (var item in demand.Items) wanted[item.Row] += item.Pods.Count;
        var bound = new LowerBound(market, demand.Rows, wanted).Price();
        var search = new PackingSearch(request, yard, demand.Weights);
        search.Run(wanted, bound);
        var order = new BindingOrder(request, demand, market, yard);
        Preferring.Settle(yard, request.Offers);
        if (yard.Waiting == 0 && unpacked.Count == heldBack.Count)
            return ToPlan(yard, order.AsChosen(), unpacked, bound);

        // Not all can be served: whole units in their order, then what else fits in what is left.
        lessons.Learn(yard);
        var scarcity = new Scarcity(request, demand, yard, search, units.InOrder(), unpacked);
        var served = scarcity.Serve();
        while (true)
        {
            using var domains = new DomainChoice(market, state, kinds.Kinds);
            var stuck = new List<int>();
            if (order.Checked(served, domains, stuck) is { } bindings)
            {
                var least = new LowerBound(market, demand.Rows, scarcity.ServedByRow()).Price();
                return ToPlan(yard, bindings, unpacked, least);
            }
            scarcity.Drop(stuck);
        }
    }

    // Whoever has the highest priority counts first, then how many there are, then the price.
    private (int Highest, int All, decimal Price) Served(PackingPlan plan)
    {
        var highest = request.Pods.Max(pod => pod.Requirements.Priority);
        return (plan.Bindings.Count(binding => request.Pods[binding.Pod].Requirements.Priority == highest),
            plan.Bindings.Count, -plan.PricePerHour);
    }

    private PackingPlan ToPlan(Yard yard, List<PodBinding> bindings, List<UnpackedPod> unpacked, double bound)
    {
        var pods = new List<int>[yard.Bins.Count];
        for (var node = 0; node < pods.Length; node++) pods[node] = [];
        foreach (var (pod, node) in bindings) pods[node].Add(pod);
        return new PackingPlan
        {
            Nodes = [.. yard.Bins.Select((bin, i) => new PackedNode(bin.Offer, pods[i]))],
            Bindings = bindings,
            Unpacked = unpacked,
            PricePerHour = yard.Bins.Sum(bin => request.Offers[bin.Offer].PricePerHour),
            BoundPerHour = (decimal)bound / Market.PriceScale,
            FindNextBest = yard.NextBest,
        };
    }
}
