using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>
/// Decides in which domain (zone, rack) pods with spread or affinity over domains go, by binding them one after the other
/// as the scheduler would: the engine's counters say which domains are open, the load says which of them is taken. Each
/// cell takes part as one node without a host name. All is taken back when the choice is disposed.
/// </summary>
internal sealed class DomainChoice : IDisposable
{
    private readonly Market market;
    private readonly ModelState state;
    private readonly int mark;
    private readonly int[] slotOf;
    private readonly double[] load;
    private readonly int[] domainMasks;
    private readonly List<(PodEntry Entry, int Slot, int Count)> attached = [];

    /// <param name="market">The offers; cells of which nothing can be had are no domains.</param>
    /// <param name="state">The cluster as it is.</param>
    /// <param name="kinds">Whose domains are chosen.</param>
    public DomainChoice(Market market, ModelState state, IEnumerable<Kind> kinds)
    {
        (this.market, this.state) = (market, state);
        mark = state.BeginWhatIf();

        // Where a constraint counts only pods on certain nodes of a domain, it matters on which of them a pod is.
        var selective = kinds.Any(kind => kind.Domain is { } entry
            && Array.Exists(entry.Class.HardSpread, spread => spread.Counter.Rule is not null));
        slotOf = new int[market.CellCount];
        load = new double[market.CellCount];
        domainMasks = new int[market.CellCount];
        for (var cell = 0; cell < slotOf.Length; cell++)
        {
            // A domain of which nothing can be had is none: nobody has to be spread to it.
            slotOf[cell] = -1;
            var domain = market.DomainOf[cell];
            domainMasks[cell] = market.Masks.Of(other => selective ? other == cell : market.DomainOf[other] == domain);
            if (!market.IsOffered(cell)) continue;

            // No host of this name can exist: names of nodes are DNS names.
            var sample = market.Sample(cell);
            var labels = LabelMap.From(sample.Labels.Span.ToArray()
                .Where(label => label.Key != WellKnownLabels.Hostname));
            var node = sample with { Name = $"~cell-{cell}", Labels = labels };
            state.SetNode(node);
            slotOf[cell] = state.Nodes.Find(node.Name);
        }
    }

    /// <summary>Binds one pod of the kind to the least loaded open domain among the cells; the mask, or -1 for none.</summary>
    /// <param name="kind">A kind with constraints on domains.</param>
    /// <param name="cells">The cells where there is a node for it.</param>
    /// <param name="weight">What it adds to the load of its domain.</param>
    /// <param name="lessons">Domains that turned out to be too small for the kind.</param>
    public int Bind(Kind kind, int cells, double weight, Lessons lessons)
    {
        var entry = kind.Domain!;
        var best = -1;
        for (var cell = 0; cell < slotOf.Length; cell++)
        {
            if (slotOf[cell] < 0 || !market.Masks.Has(cells, cell)) continue;
            if (best >= 0 && Rank(cell).CompareTo(Rank(best)) >= 0) continue;
            if (IsOpen(entry, slotOf[cell])) best = cell;
        }
        if (best < 0) return -1;
        Attach(entry, slotOf[best]);
        var mask = domainMasks[best];
        for (var cell = 0; cell < load.Length; cell++)
        {
            if (market.Masks.Has(mask, cell)) load[cell] += weight;
        }
        return market.Masks.And(mask, cells);

        (bool, double) Rank(int cell) => (lessons.IsAvoided(kind, cell), load[cell]);
    }

    /// <summary>Binds one pod of the kind to the cell if that is open for it.</summary>
    public bool TryBind(Kind kind, int cell)
    {
        if (!IsOpen(kind.Domain!, slotOf[cell])) return false;
        Attach(kind.Domain!, slotOf[cell]);
        return true;
    }

    public void Dispose()
    {
        foreach (var (entry, slot, count) in attached) ClassTable.Attach(entry, slot, -count);
        state.Rollback(mark);
    }

    private static bool IsOpen(PodEntry entry, int slot) => NodeChecks.SpreadBroken(entry, slot) is null
        && !NodeChecks.RepelledAt(entry, slot)
        && NodeChecks.AntiAffinityHolds(entry, slot)
        && (entry.Class.Affinity.Length == 0 || NodeChecks.AffinityHolds(entry, slot));

    private void Attach(PodEntry entry, int slot)
    {
        ClassTable.Attach(entry, slot, 1);
        if (attached.Count > 0 && attached[^1].Entry == entry && attached[^1].Slot == slot)
            attached[^1] = attached[^1] with { Count = attached[^1].Count + 1 };
        else attached.Add((entry, slot, 1));
    }
}
