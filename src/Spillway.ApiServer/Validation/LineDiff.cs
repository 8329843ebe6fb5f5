using System.Text;

namespace Spillway.ApiServer.Validation;

/// <summary>
/// A unified diff by longest matching blocks (Ratcliff and Obershelp, as Python's difflib has it): the real server's
/// refusals carry one, so the blocks must be found the same way.
/// </summary>
internal static class LineDiff
{
    private const int Context = 3;

    // Of long texts, lines that make up more than a hundredth are no place to start a match.
    private const int LongText = 200;

    public static string Unified(string[] before, string[] after)
    {
        var text = new StringBuilder();
        foreach (var group in Groups(Edits(before, after)))
        {
            var (first, last) = (group[0], group[^1]);
            text.Append($"@@ -{Range(first.Left, last.LeftEnd)} +{Range(first.Right, last.RightEnd)} @@\n");
            foreach (var edit in group)
            {
                if (edit.IsEqual)
                {
                    for (var i = edit.Left; i < edit.LeftEnd; i++) text.Append(' ').Append(before[i]).Append('\n');
                    continue;
                }
                for (var i = edit.Left; i < edit.LeftEnd; i++) text.Append('-').Append(before[i]).Append('\n');
                for (var i = edit.Right; i < edit.RightEnd; i++) text.Append('+').Append(after[i]).Append('\n');
            }
        }
        return text.ToString();
    }

    private static string Range(int start, int end) => (end - start) switch
    {
        1 => $"{start + 1}",
        0 => $"{start},0",
        var length => $"{start + 1},{length}",
    };

    private readonly record struct Edit(bool IsEqual, int Left, int LeftEnd, int Right, int RightEnd);

    private static List<Edit> Edits(string[] before, string[] after)
    {
        var blocks = new List<(int Left, int Right, int Size)>();
        Match(before, after, Places(after), (0, before.Length), (0, after.Length), blocks);
        blocks.Add((before.Length, after.Length, 0));
        var edits = new List<Edit>();
        var (left, right) = (0, 0);
        foreach (var (atLeft, atRight, size) in blocks)
        {
            if (atLeft > left || atRight > right) edits.Add(new Edit(false, left, atLeft, right, atRight));
            if (size > 0) edits.Add(new Edit(true, atLeft, atLeft + size, atRight, atRight + size));
            (left, right) = (atLeft + size, atRight + size);
        }
        return edits;
    }

    private static Dictionary<string, List<int>> Places(string[] lines)
    {
        var places = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!places.TryGetValue(lines[i], out var at)) places[lines[i]] = at = [];
            at.Add(i);
        }
        if (lines.Length < LongText) return places;
        var most = lines.Length / 100 + 1;
        foreach (var (line, at) in places)
            if (at.Count > most) places.Remove(line);
        return places;
    }

    private static void Match(
        string[] before, string[] after, Dictionary<string, List<int>> places,
        (int Start, int End) left, (int Start, int End) right, List<(int Left, int Right, int Size)> blocks)
    {
        var (l, r, size) = Longest(before, after, places, left, right);
        if (size == 0) return;
        Match(before, after, places, (left.Start, l), (right.Start, r), blocks);
        if (blocks.Count > 0 && blocks[^1] is var last && last.Left + last.Size == l && last.Right + last.Size == r)
            blocks[^1] = (last.Left, last.Right, last.Size + size);
        else blocks.Add((l, r, size));
        Match(before, after, places, (l + size, left.End), (r + size, right.End), blocks);
    }

    private static (int Left, int Right, int Size) Longest(
        string[] before, string[] after, Dictionary<string, List<int>> places,
        (int Start, int End) left, (int Start, int End) right)
    {
        var (l, r, size) = (left.Start, right.Start, 0);
        var lengths = new Dictionary<int, int>();
        for (var i = left.Start; i < left.End; i++)
        {
            var now = new Dictionary<int, int>();
            foreach (var j in places.GetValueOrDefault(before[i]) ?? [])
            {
                if (j < right.Start) continue;
                if (j >= right.End) break;
                var length = now[j] = lengths.GetValueOrDefault(j - 1) + 1;
                if (length > size) (l, r, size) = (i - length + 1, j - length + 1, length);
            }
            lengths = now;
        }
        while (l > left.Start && r > right.Start && before[l - 1] == after[r - 1])
            (l, r, size) = (l - 1, r - 1, size + 1);
        while (l + size < left.End && r + size < right.End && before[l + size] == after[r + size]) size++;
        return (l, r, size);
    }

    private static IEnumerable<List<Edit>> Groups(List<Edit> edits)
    {
        if (edits.Count == 0) yield break;
        if (edits[0].IsEqual) edits[0] = Tail(edits[0]);
        if (edits[^1].IsEqual) edits[^1] = Head(edits[^1]);
        var group = new List<Edit>();
        foreach (var edit in edits)
        {
            if (edit.IsEqual && edit.LeftEnd - edit.Left > 2 * Context)
            {
                group.Add(Head(edit));
                yield return group;
                group = [Tail(edit)];
            }
            else group.Add(edit);
        }
        if (group is not [] and not [{ IsEqual: true }]) yield return group;
    }

    private static Edit Head(Edit e) => e with
    {
        LeftEnd = Math.Min(e.LeftEnd, e.Left + Context), RightEnd = Math.Min(e.RightEnd, e.Right + Context),
    };

    private static Edit Tail(Edit e) => e with
    {
        Left = Math.Max(e.Left, e.LeftEnd - Context), Right = Math.Max(e.Right, e.RightEnd - Context),
    };
}
