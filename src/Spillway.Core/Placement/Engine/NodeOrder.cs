namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Nodes sorted by name, with a key per slot that compares like the name. A new node takes a key between its
/// neighbours', so that adding one in a what-if does not number the others again.
/// </summary>
internal sealed class NodeOrder
{
    private const long Gap = 1L << 32;

    private readonly List<int> sorted = [];
    private long[] keys = [];

    /// <summary>The slots in name order.</summary>
    public IReadOnlyList<int> Slots => sorted;

    public long Key(int slot) => keys[slot];

    public void Grow(int size) => Array.Resize(ref keys, size);

    public void Add(int slot, string name, NodeRecord?[] records)
    {
        var index = Position(name, records);
        var before = index == 0 ? 0 : keys[sorted[index - 1]];
        var after = index == sorted.Count ? before + (2 * Gap) : keys[sorted[index]];
        sorted.Insert(index, slot);
        keys[slot] = before + ((after - before) / 2);
        if (keys[slot] != before) return;
        for (var i = 0; i < sorted.Count; i++) keys[sorted[i]] = (i + 1) * Gap;
    }

    public void Remove(int slot, string name, NodeRecord?[] records)
    {
        var index = Position(name, records);
        if (sorted[index] != slot) throw new InvalidOperationException($"Node {name} is not where its name sorts.");
        sorted.RemoveAt(index);
    }

    private int Position(string name, NodeRecord?[] records)
    {
        int low = 0, high = sorted.Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (string.CompareOrdinal(records[sorted[middle]]!.Name, name) < 0) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
