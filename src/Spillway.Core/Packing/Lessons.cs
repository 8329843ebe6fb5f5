namespace Spillway.Core.Packing;

/// <summary>What an attempt that left pods behind has taught about the choice of domains.</summary>
internal sealed class Lessons
{
    private readonly HashSet<(int Kind, int Cell)> avoided = [];
    private readonly HashSet<int> urgent = [];

    /// <summary>Grows with every lesson.</summary>
    public int Count => avoided.Count + urgent.Count;

    public bool IsAvoided(Kind kind, int cell) => avoided.Contains((kind.Id, cell));

    public bool IsUrgent(Kind kind) => urgent.Contains(kind.Id);

    /// <summary>Pods of the kind found no domain open: others of their priority should choose after them.</summary>
    public void Urgent(Kind kind) => urgent.Add(kind.Id);

    /// <summary>Pods that wait found no node in the domains that were chosen for them.</summary>
    public void Learn(Yard yard)
    {
        for (var item = 0; item < yard.Items.Count; item++)
        {
            var (kind, mask) = (yard.Items[item].Kind, yard.Items[item].Mask);
            if (kind.Domain is null || yard.LeftOf(item) == 0) continue;
            for (var cell = 0; cell < yard.Market.CellCount; cell++)
            {
                if (yard.Market.Masks.Has(mask, cell)) avoided.Add((kind.Id, cell));
            }
        }
    }
}
