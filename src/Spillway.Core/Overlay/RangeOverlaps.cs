using Spillway.Core.Quantities;

namespace Spillway.Core.Overlay;

/// <summary>Finds overlaps among many ranges without comparing all with all.</summary>
internal static class RangeOverlaps
{
    /// <summary>
    /// Each overlap once, as (earlier, later) in the given order. Ranges nest or are apart, so in sorted order a range
    /// overlaps exactly those that are still open when it begins.
    /// </summary>
    public static IEnumerable<(T First, T Second)> Find<T>(IReadOnlyList<T> items, Func<T, Cidr> range)
    {
        var sorted = items.Select((item, index) => (item, index))
            .OrderBy(entry => range(entry.item))
            .ThenBy(entry => entry.index);
        var open = new Stack<(T Item, int Index)>();
        foreach (var (item, index) in sorted)
        {
            while (open.Count > 0 && !range(open.Peek().Item).Contains(range(item)))
                open.Pop();
            if (open.Count > 0)
            {
                var outer = open.Peek();
                yield return outer.Index < index ? (outer.Item, item) : (item, outer.Item);
            }

            open.Push((item, index));
        }
    }
}
