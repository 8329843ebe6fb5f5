using System.Globalization;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Order of API versions: v2 above v1 above v1beta2 above v1alpha1 above anything else.</summary>
internal static class KubeVersion
{
    /// <summary>Positive when <paramref name="left"/> is the more mature one.</summary>
    public static int Compare(string left, string right)
    {
        if (left == right) return 0;
        var (a, b) = (Parse(left), Parse(right));
        if (a is null && b is null) return string.CompareOrdinal(right, left);
        if (a is null) return -1;
        if (b is null) return 1;
        return a.Value.CompareTo(b.Value);
    }

    private static (int Stage, int Major, int Minor)? Parse(string text)
    {
        if (text.Length < 2 || text[0] != 'v') return null;
        var at = 1;
        if (!Digits(text, ref at, out var major)) return null;
        if (at == text.Length) return (2, major, 0);
        var stage = text.AsSpan(at).StartsWith("alpha") ? 0 : text.AsSpan(at).StartsWith("beta") ? 1 : -1;
        if (stage < 0) return null;
        at += stage == 0 ? 5 : 4;
        return Digits(text, ref at, out var minor) && at == text.Length ? (stage, major, minor) : null;
    }

    private static bool Digits(string text, ref int at, out int value)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
