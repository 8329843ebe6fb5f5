namespace Spillway.ApiServer.Cel;

/// <summary>List and set functions.</summary>
internal static class CelLists
{
    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["isSorted"] = (a, frame) => IsSorted(a[0], frame);
        all["sum"] = (a, frame) => Sum(a[0], frame);
        all["min"] = (a, frame) => Extreme(a, frame, -1, "min");
        all["max"] = (a, frame) => Extreme(a, frame, 1, "max");
        all["math.least"] = (a, frame) => Extreme(a is [CelList] ? a : [new CelNativeList(a)], frame, -1, "min");
        all["math.greatest"] = (a, frame) => Extreme(a is [CelList] ? a : [new CelNativeList(a)], frame, 1, "max");
        all["indexOf"] = (a, frame) => IndexOf(a, frame, isLast: false);
        all["lastIndexOf"] = (a, frame) => IndexOf(a, frame, isLast: true);
        all["sets.contains"] = (a, frame) => Sets(a, frame, (x, y) => y.All(i => Has(x, i)));
        all["sets.equivalent"] = (a, frame) => Sets(a, frame, (x, y) => y.All(i => Has(x, i)) && x.All(i => Has(y, i)));
        all["sets.intersects"] = (a, frame) => Sets(a, frame, (x, y) => y.Any(i => Has(x, i)));
        all["flatten"] = (a, _) => a[0] is CelList list
            ? new CelNativeList([.. list.SelectMany(i => i is CelList inner ? inner : (IEnumerable<object?>)[i])])
            : CelError.NoOverload;
        all["distinct"] = (a, frame) => Distinct(a[0], frame);
        all["slice"] = (a, _) => a is [CelList list, long from, long to] && from >= 0 && to <= list.Count && from <= to
            ? new CelNativeList([.. list.Skip((int)from).Take((int)(to - from))])
            : CelError.NoOverload;
        all["sort"] = (a, frame) => Sort(a[0], frame);
        all["lists.range"] = (a, frame) => Range(a[0], frame);
    }

    private static object IsSorted(object? value, CelFrame frame)
    {
        if (value is not CelList list) return CelError.NoOverload;
        for (var i = 1; i < list.Count; i++)
        {
            frame.Spend();
            if (CelCompare.Compare(list[i - 1], list[i]) is not { } order) return CelError.NoOverload;
            if (order > 0) return false;
        }

        return true;
    }

    private static object? Sum(object? value, CelFrame frame)
    {
        if (value is not CelList list) return CelError.NoOverload;
        var add = CelLibrary.Find("_+_")!;
        object? sum = null;
        foreach (var item in list)
        {
            frame.Spend();
            sum = sum is null ? item : add([sum, item], frame);
            if (sum is CelError) return sum;
        }

        return list.Count == 0 ? 0L : sum;
    }

    private static object? Extreme(object?[] args, CelFrame frame, int sign, string name)
    {
        if (args is not [CelList list]) return CelError.NoOverload;
        if (list.Count == 0) return new CelError($"{name} called on empty list");
        var best = list[0];
        for (var i = 1; i < list.Count; i++)
        {
            frame.Spend();
            if (CelCompare.Compare(list[i], best) is not { } order) return CelError.NoOverload;
            if (order * sign > 0) best = list[i];
        }

        return best;
    }

    private static object IndexOf(object?[] args, CelFrame frame, bool isLast)
    {
        if (args.Length >= 2 && args[0] is string text && args[1] is string part)
        {
            frame.Spend(text.Length / 10);
            return TextIndex(text, part, args.Length > 2 ? args[2] as long? : null, isLast);
        }

        if (args is not [CelList list, var item]) return CelError.NoOverload;
        var found = -1L;
        for (var i = 0; i < list.Count; i++)
        {
            frame.Spend();
            if (!CelCompare.AreEqual(list[i], item)) continue;
            found = i;
            if (!isLast) break;
        }

        return found;
    }

    private static object TextIndex(string text, string part, long? from, bool isLast)
    {
        var runes = text.EnumerateRunes().Select(r => r.Value).ToArray();
        var wanted = part.EnumerateRunes().Select(r => r.Value).ToArray();
        if (from is < 0 || from > runes.Length) return new CelError($"index out of range: {from}");
        if (isLast)
        {
            for (var i = Math.Min(from ?? runes.Length, runes.Length - wanted.Length); i >= 0; i--)
            {
                if (runes.AsSpan((int)i).StartsWith(wanted)) return i;
            }

            return -1L;
        }

        for (var i = from ?? 0; i + wanted.Length <= runes.Length; i++)
        {
            if (runes.AsSpan((int)i).StartsWith(wanted)) return i;
        }

        return -1L;
    }

    private static object Sets(object?[] args, CelFrame frame, Func<CelList, CelList, bool> test)
    {
        if (args is not [CelList a, CelList b]) return CelError.NoOverload;
        frame.Spend((long)a.Count * b.Count);
        return test(a, b);
    }

    private static bool Has(CelList list, object? item) => list.Any(i => CelCompare.AreEqual(i, item));

    private static object Distinct(object? value, CelFrame frame)
    {
        if (value is not CelList list) return CelError.NoOverload;
        frame.Spend((long)list.Count * list.Count);
        var seen = new List<object?>();
        foreach (var item in list)
        {
            if (!seen.Exists(s => CelCompare.AreEqual(s, item))) seen.Add(item);
        }

        return new CelNativeList(seen);
    }

    private static object Sort(object? value, CelFrame frame)
    {
        if (value is not CelList list) return CelError.NoOverload;
        frame.Spend(list.Count * 4L);
        for (var i = 1; i < list.Count; i++)
        {
            if (CelCompare.Compare(list[i - 1], list[i]) is null) return CelError.NoOverload;
        }

        return new CelNativeList([.. list.Order(Comparer<object?>.Create((a, b) => CelCompare.Compare(a, b) ?? 0))]);
    }

    private static object Range(object? value, CelFrame frame)
    {
        if (value is not long count || count < 0) return CelError.NoOverload;
        frame.Spend(count);
        return new CelNativeList([.. Enumerable.Range(0, (int)count).Select(i => (object?)(long)i)]);
    }
}
