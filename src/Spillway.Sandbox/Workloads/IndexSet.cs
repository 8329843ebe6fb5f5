using System.Globalization;
using System.Text;

namespace Spillway.Sandbox.Workloads;

/// <summary>A set of completion indexes, written as Jobs write them: <c>0-2,5,7,8</c>.</summary>
internal sealed class IndexSet : SortedSet<int>
{
    public static IndexSet Parse(string? text)
    {
        var set = new IndexSet();
        foreach (
            var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var dash = part.IndexOf('-');
            var first = dash < 0 ? part : part[..dash];
            var last = dash < 0 ? part : part[(dash + 1)..];
            if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var to))
                continue;
            for (var i = from; i <= to; i++) set.Add(i);
        }

        return set;
    }

    /// <summary>Three or more in a row become a range; two stay apart.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var all = this.ToArray();
        for (var i = 0; i < all.Length;)
        {
            var end = i;
            while (end + 1 < all.Length && all[end + 1] == all[end] + 1) end++;
            if (text.Length > 0) text.Append(',');
            text.Append(all[i]);
            if (end > i) text.Append(end == i + 1 ? ',' : '-').Append(all[end]);
            i = end + 1;
        }

        return text.ToString();
    }
}
