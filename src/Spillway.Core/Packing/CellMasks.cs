using System.Numerics;

namespace Spillway.Core.Packing;

/// <summary>Sets of cells under small numbers; equal sets have equal numbers.</summary>
internal sealed class CellMasks(int cells)
{
    private readonly List<ulong[]> masks = [];
    private readonly Dictionary<(int, int), int> intersections = [];
    private readonly int words = (cells + 63) >> 6;

    public int Count => masks.Count;

    public int Cells => cells;

    public bool Has(int mask, int cell) => (masks[mask][cell >> 6] >> (cell & 63) & 1) != 0;

    public int Size(int mask)
    {
        var size = 0;
        foreach (var word in masks[mask]) size += BitOperations.PopCount(word);
        return size;
    }

    public int Of(Func<int, bool> contains)
    {
        var mask = new ulong[words];
        for (var cell = 0; cell < cells; cell++)
        {
            if (contains(cell)) mask[cell >> 6] |= 1UL << (cell & 63);
        }
        return Number(mask);
    }

    public int And(int a, int b)
    {
        if (a == b) return a;
        if (intersections.TryGetValue((a, b), out var known)) return known;
        var mask = new ulong[words];
        for (var word = 0; word < words; word++) mask[word] = masks[a][word] & masks[b][word];
        known = Number(mask);
        intersections.Add((a, b), known);
        return known;
    }

    private int Number(ulong[] mask)
    {
        for (var i = 0; i < masks.Count; i++)
        {
            if (masks[i].AsSpan().SequenceEqual(mask)) return i;
        }
        masks.Add(mask);
        return masks.Count - 1;
    }
}
