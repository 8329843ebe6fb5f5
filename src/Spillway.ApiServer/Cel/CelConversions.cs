using System.Globalization;
using System.Text;

namespace Spillway.ApiServer.Cel;

/// <summary>Conversions between types, time accessors and optionals.</summary>
internal static class CelConversions
{
    private static readonly string[] TimeParts =
    [
        "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes",
        "getSeconds", "getMilliseconds",
    ];

    public static void Register(Dictionary<string, CelFunction> all)
    {
        all["int"] = (a, _) => Int(a[0]);
        all["uint"] = (a, _) => Uint(a[0]);
        all["double"] = (a, _) => Real(a[0]);
        all["string"] = (a, _) => a[0] is CelList or CelMap or null ? CelError.NoOverload : CelText.Of(a[0]);
        all["bytes"] = (a, _) =>
            a[0] switch { string s => Encoding.UTF8.GetBytes(s), byte[] b => b, _ => CelError.NoOverload };
        all["bool"] = (a, _) => a[0] switch
        {
            bool b => b,
            "1" or "t" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "false" or "FALSE" or "False" => false,
            _ => CelError.NoOverload,
        };
        all["type"] = (a, _) => CelTypeValue.Of(a[0]);
        all["dyn"] = (a, _) => a[0];
        all["timestamp"] = (a, _) => a[0] switch
        {
            string s => CelTime.Timestamp(s),
            DateTimeOffset t => t,
            long seconds when Math.Abs(seconds) < 200_000_000_000 => DateTimeOffset.FromUnixTimeSeconds(seconds),
            _ => CelError.NoOverload,
        };
        all["duration"] = (a, _) =>
            a[0] switch { string s => CelTime.Duration(s), TimeSpan t => t, _ => CelError.NoOverload };
        foreach (var part in TimeParts)
            all[part] = (a, _) => CelTime.Part(a[0], part, a.Length > 1 ? a[1] as string : null);
        RegisterOptionals(all);
    }

    private static void RegisterOptionals(Dictionary<string, CelFunction> all)
    {
        all["optional.of"] = (a, _) => new CelOptional(a[0]);
        all["optional.none"] = (_, _) => CelOptional.None;
        all["optional.ofNonZeroValue"] = (a, _) => IsZero(a[0]) ? CelOptional.None : new CelOptional(a[0]);
        all["hasValue"] = (a, _) => a[0] is CelOptional o ? o.HasValue : CelError.NoOverload;
        all["value"] = (a, _) => a[0] is CelOptional o
            ? o.HasValue ? o.Value : new CelError("optional.none() dereference")
            : CelError.NoOverload;
        all["orValue"] = (a, _) => a[0] is CelOptional o ? o.HasValue ? o.Value : a[1] : CelError.NoOverload;
        all["or"] = (a, _) => a[0] is CelOptional o ? o.HasValue ? o : a[1] : CelError.NoOverload;
    }

    private static bool IsZero(object? value) => value switch
    {
        null or false or 0L or 0UL or 0.0 or "" => true,
        CelList l => l.Count == 0,
        CelMap m => m.Count == 0,
        byte[] b => b.Length == 0,
        _ => false,
    };

    private static object Int(object? value) => value switch
    {
        long l => l,
        ulong u => u <= long.MaxValue ? (long)u : new CelError("integer overflow"),
        double d => d is >= -9.2233720368547e18 and <= 9.2233720368547e18 ? (long)d : new CelError("integer overflow"),
        string s => long.TryParse(s, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l)
            ? l
            : new CelError($"strconv.ParseInt: parsing \"{s}\": invalid syntax"),
        DateTimeOffset t => t.ToUnixTimeSeconds(),
        TimeSpan t => t.Ticks * 100,
        _ => CelError.NoOverload,
    };

    private static object Uint(object? value) => value switch
    {
        ulong u => u,
        long l => l >= 0 ? (ulong)l : new CelError("unsigned integer overflow"),
        double d => d is >= 0 and <= 1.8446744073709e19 ? (ulong)d : new CelError("unsigned integer overflow"),
        string s => ulong.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out var u)
            ? u
            : new CelError($"strconv.ParseUint: parsing \"{s}\": invalid syntax"),
        _ => CelError.NoOverload,
    };

    private static object Real(object? value) => value switch
    {
        double d => d,
        long l => (double)l,
        ulong u => (double)u,
        string s => double.TryParse(s, CultureInfo.InvariantCulture, out var d)
            ? d
            : new CelError($"strconv.ParseFloat: parsing \"{s}\": invalid syntax"),
        _ => CelError.NoOverload,
    };
}
