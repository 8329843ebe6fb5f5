namespace Spillway.ApiServer.Cel;

/// <summary>Equality and order of CEL values: numbers compare across their types.</summary>
internal static class CelCompare
{
    public static bool AreEqual(object? a, object? b)
    {
        if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a!, b!) == 0;
        return (a, b) switch
        {
            (null, null) => true,
            (null, _) or (_, null) => false,
            (byte[] x, byte[] y) => x.AsSpan().SequenceEqual(y),
            (CelList x, CelList y) => ListsEqual(x, y),
            (CelMap x, CelMap y) => MapsEqual(x, y),
            (CelOptional x, CelOptional y) => x.HasValue == y.HasValue && AreEqual(x.Value, y.Value),
            _ => a.Equals(b),
        };
    }

    /// <summary>Null when the two cannot be ordered.</summary>
    public static int? Compare(object? a, object? b)
    {
        if (IsNumber(a) && IsNumber(b)) return CompareNumbers(a!, b!);
        return (a, b) switch
        {
            (string x, string y) => CompareText(x, y),
            (bool x, bool y) => x.CompareTo(y),
            (byte[] x, byte[] y) => x.AsSpan().SequenceCompareTo(y),
            (DateTimeOffset x, DateTimeOffset y) => x.CompareTo(y),
            (TimeSpan x, TimeSpan y) => x.CompareTo(y),
            _ => null,
        };
    }

    private static bool IsNumber(object? value) => value is long or ulong or double;

    private static int? CompareNumbers(object a, object b) => (a, b) switch
    {
        (long x, long y) => x.CompareTo(y),
        (ulong x, ulong y) => x.CompareTo(y),
        (long x, ulong y) => x < 0 ? -1 : ((ulong)x).CompareTo(y),
        (ulong x, long y) => y < 0 ? 1 : x.CompareTo((ulong)y),
        _ => Real(a) is var p && Real(b) is var q && (double.IsNaN(p) || double.IsNaN(q)) ? null : p.CompareTo(q),
    };

    private static double Real(object value) =>
        value switch { long x => x, ulong x => x, double x => x, _ => double.NaN };

    /// <summary>By code points: surrogates sort above what lies between them in UTF-16.</summary>
    private static int CompareText(string a, string b)
    {
        for (var i = 0; i < a.Length && i < b.Length; i++)
        {
            if (a[i] == b[i]) continue;
            var (x, y) = (char.IsSurrogate(a[i]), char.IsSurrogate(b[i]));
            return x == y ? a[i].CompareTo(b[i]) : x ? 1 : -1;
        }

        return a.Length.CompareTo(b.Length);
    }

    private static bool ListsEqual(CelList a, CelList b)
    {
        if (a.Count != b.Count) return false;
        if (a.IsSet || b.IsSet) return a.All(x => b.Any(y => AreEqual(x, y)));
        for (var i = 0; i < a.Count; i++)
        {
            if (!AreEqual(a[i], b[i])) return false;
        }

        return true;
    }

    private static bool MapsEqual(CelMap a, CelMap b)
    {
        if (a.Count != b.Count) return false;
        foreach (var key in a.Keys)
        {
            a.TryGet(key, out var x);
            if (!b.TryGet(key, out var y) || !AreEqual(x, y)) return false;
        }

        return true;
    }
}
