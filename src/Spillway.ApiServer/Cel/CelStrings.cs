using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spillway.ApiServer.CustomResources;

namespace Spillway.ApiServer.Cel;

/// <summary>Text functions: the standard ones, the strings extension and regular expressions. Positions count code points.</summary>
internal static class CelStrings
{
    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["contains"] = (a, frame) => Test(a, frame, (s, t) => s.Contains(t, StringComparison.Ordinal));
        all["startsWith"] = (a, frame) => Test(a, frame, (s, t) => s.StartsWith(t, StringComparison.Ordinal));
        all["endsWith"] = (a, frame) => Test(a, frame, (s, t) => s.EndsWith(t, StringComparison.Ordinal));
        all["matches"] = (a, frame) => Match(a, frame, (r, s) => r.IsMatch(s));
        all["find"] = (a, frame) => Match(a, frame, (r, s) => r.Match(s).Value);
        all["findAll"] = (a, frame) => Match(a, frame, (r, s) =>
        {
            var most = a.Length > 2 && a[2] is long l and >= 0 ? (int)Math.Min(l, int.MaxValue) : int.MaxValue;
            return new CelNativeList([.. r.Matches(s).Take(most).Select(m => (object?)m.Value)]);
        });
        all["lowerAscii"] = (a, _) => Map(a, s => Ascii(s, char.ToLowerInvariant));
        all["upperAscii"] = (a, _) => Map(a, s => Ascii(s, char.ToUpperInvariant));
        all["trim"] = (a, _) => Map(a, s => s.Trim());
        all["reverse"] = (a, _) => a[0] is CelList list
            ? new CelNativeList([.. list.Reverse()])
            : Map(a, s => string.Concat(s.EnumerateRunes().Reverse()));
        all["charAt"] = (a, _) => CharAt(a);
        all["substring"] = (a, _) => Substring(a);
        all["replace"] = (a, frame) => Replace(a, frame);
        all["split"] = (a, frame) => Split(a, frame);
        all["join"] = (a, frame) => Join(a, frame);
        all["format"] = (a, frame) =>
            a is [string format, CelList values] ? CelFormat.Apply(format, values, frame) : CelError.NoOverload;
        all["strings.quote"] = (a, _) => Map(a, s => System.Text.Json.JsonSerializer.Serialize(s, Json.Relaxed));
    }

    /// <summary>Code points.</summary>
    public static int Length(string text)
    {
        var length = text.Length;
        foreach (var c in text)
        {
            if (char.IsLowSurrogate(c)) length--;
        }

        return length;
    }

    private static object Test(object?[] args, CelFrame frame, Func<string, string, bool> test)
    {
        if (args is not [string text, string other]) return CelError.NoOverload;
        frame.Spend(text.Length / 10);
        return test(text, other);
    }

    private static object Match(object?[] args, CelFrame frame, Func<Regex, string, object> use)
    {
        if (args.Length < 2 || args[0] is not string text || args[1] is not string pattern) return CelError.NoOverload;
        frame.Spend(1 + (text.Length / 10L * (pattern.Length / 4 + 1)));
        return GoRegex.TryCompile(pattern) is { } regex
            ? use(regex, text)
            : new CelError($"error parsing regexp: `{pattern}`");
    }

    private static object Map(object?[] args, Func<string, string> change) =>
        args is [string text] ? change(text) : CelError.NoOverload;

    private static string Ascii(string text, Func<char, char> change) =>
        string.Create(text.Length, (text, change), static (span, state) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsAscii(state.text[i]) ? state.change(state.text[i]) : state.text[i];
        });

    private static object CharAt(object?[] args)
    {
        if (args is not [string text, long at]) return CelError.NoOverload;
        var runes = text.EnumerateRunes().ToArray();
        if (at < 0 || at > runes.Length) return new CelError($"index out of range: {at}");
        return at == runes.Length ? "" : runes[at].ToString();
    }

    private static object Substring(object?[] args)
    {
        if (args.Length < 2 || args[0] is not string text || args[1] is not long from) return CelError.NoOverload;
        var runes = text.EnumerateRunes().ToArray();
        var to = args.Length > 2 ? args[2] as long? : runes.Length;
        if (to is null) return CelError.NoOverload;
        if (from < 0 || from > runes.Length) return new CelError($"index out of range: {from}");
        if (to < 0 || to > runes.Length) return new CelError($"index out of range: {to}");
        if (from > to) return new CelError($"invalid substring range. start: {from}, end: {to}");
        return string.Concat(runes[(int)from..(int)to]);
    }

    private static object Replace(object?[] args, CelFrame frame)
    {
        if (args.Length < 3 || args[0] is not string text || args[1] is not string old || args[2] is not string with)
            return CelError.NoOverload;
        var most = args.Length > 3 ? args[3] as long? ?? -1 : -1;
        frame.Spend(text.Length / 10);
        if (most < 0 && old.Length > 0) return text.Replace(old, with, StringComparison.Ordinal);
        var result = new StringBuilder();
        var at = 0;
        for (; most != 0 && old.Length > 0; most--)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            if (next < 0) break;
            result.Append(text, at, next - at).Append(with);
            at = next + old.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static object Split(object?[] args, CelFrame frame)
    {
        if (args.Length < 2 || args[0] is not string text || args[1] is not string by) return CelError.NoOverload;
        frame.Spend(text.Length / 10);
        var most = args.Length > 2 ? args[2] as long? ?? -1 : -1;
        if (most == 0) return new CelNativeList([]);
        var parts = by.Length == 0
            ? text.EnumerateRunes().Select(r => r.ToString()).ToArray()
            : most < 0 ? text.Split(by) : text.Split(by, (int)Math.Min(most, int.MaxValue));
        return new CelNativeList([.. parts]);
    }

    private static object Join(object?[] args, CelFrame frame)
    {
        if (args[0] is not CelList list) return CelError.NoOverload;
        var by = args.Length > 1 ? args[1] as string : "";
        if (by is null) return CelError.NoOverload;
        var parts = new List<string>(list.Count);
        foreach (var item in list)
        {
            frame.Spend();
            if (item is not string part) return CelError.NoOverload;
            parts.Add(part);
        }

        return string.Join(by, parts);
    }
}

/// <summary><c>'%s is %d'.format([…])</c>.</summary>
internal static class CelFormat
{
    public static object Apply(string format, CelList values, CelFrame frame)
    {
        frame.Spend(format.Length / 10);
        var text = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            if (++i >= format.Length) return new CelError("unexpected end of string");
            if (format[i] == '%')
            {
                text.Append('%');
                continue;
            }

            int? precision = null;
            if (format[i] == '.')
            {
                var start = ++i;
                while (i < format.Length && char.IsAsciiDigit(format[i])) i++;
                if (i >= format.Length) return new CelError("unexpected end of string");
                precision = int.Parse(format.AsSpan(start, i - start), CultureInfo.InvariantCulture);
            }

            if (next >= values.Count) return new CelError($"index {next} out of range");
            if (Clause(format[i], values[next++], precision) is not { } part)
                return new CelError($"could not parse formatting clause: unrecognized formatting clause \"{format[i]}\"");
            text.Append(part);
        }

        return text.ToString();
    }

    private static string? Clause(char clause, object? value, int? precision) => clause switch
    {
        's' => CelText.Of(value),
        'd' => CelText.Of(value),
        'f' => Real(value).ToString("F" + (precision ?? 6).ToString(CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture),
        'e' => Real(value).ToString((precision ?? 6) is var p ? "0." + new string('0', p) + "e+00"
            : "", CultureInfo.InvariantCulture),
        'x' => Hex(value)?.ToLowerInvariant(),
        'X' => Hex(value),
        'o' => value is long l ? Convert.ToString(l, 8) : null,
        'b' => value is long l ? Convert.ToString(l, 2) : value is bool b ? b ? "1" : "0" : null,
        _ => null,
    };

    private static double Real(object? value) =>
        value switch { double d => d, long l => l, ulong u => u, _ => double.NaN };

    private static string? Hex(object? value) => value switch
    {
        long l => l < 0 ? "-" + (-l).ToString("X", CultureInfo.InvariantCulture)
            : l.ToString("X", CultureInfo.InvariantCulture),
        ulong u => u.ToString("X", CultureInfo.InvariantCulture),
        string s => Convert.ToHexString(Encoding.UTF8.GetBytes(s)),
        byte[] b => Convert.ToHexString(b),
        _ => null,
    };
}
