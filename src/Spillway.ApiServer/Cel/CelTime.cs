using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Spillway.ApiServer.Cel;

/// <summary>Timestamps and durations, as texts in Go's forms.</summary>
internal static partial class CelTime
{
    public static object Timestamp(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : new CelError($"invalid timestamp \"{text}\"");

    public static object Duration(string text)
    {
        var match = Go().Match(text);
        if (!match.Success) return new CelError($"time: invalid duration \"{text}\"");
        decimal seconds = 0;
        for (var i = 0; i < match.Groups["number"].Captures.Count; i++)
        {
            var number = decimal.Parse(match.Groups["number"].Captures[i].Value, NumberStyles.Float,
                CultureInfo.InvariantCulture);
            seconds += number * match.Groups["unit"].Captures[i].Value switch
            {
                "h" => 3600m, "m" => 60m, "s" => 1m, "ms" => 0.001m, "ns" => 0.000000001m, _ => 0.000001m,
            };
        }

        if (text.StartsWith('-')) seconds = -seconds;
        return Math.Abs(seconds) > 900_000_000_000m
            ? new CelError($"time: invalid duration \"{text}\"")
            : TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
    }

    public static string Text(DateTimeOffset time)
    {
        var text = time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
        return text + (time.Offset == TimeSpan.Zero ? "Z" : time.ToString("zzz", CultureInfo.InvariantCulture));
    }

    /// <summary>Seconds, as CEL's string() writes a duration.</summary>
    public static string Text(TimeSpan duration) =>
        (duration.Ticks / (decimal)TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture) + "s";

    /// <summary>A part of a time, in a zone given as offset or name.</summary>
    public static object Part(object? value, string part, string? zone)
    {
        if (value is TimeSpan span)
        {
            return part switch
            {
                "getHours" => (long)Math.Truncate(span.TotalHours),
                "getMinutes" => (long)Math.Truncate(span.TotalMinutes),
                "getSeconds" => (long)Math.Truncate(span.TotalSeconds),
                "getMilliseconds" => (long)span.Milliseconds,
                _ => CelError.NoOverload,
            };
        }

        if (value is not DateTimeOffset time) return CelError.NoOverload;
        if (zone is not null)
        {
            if (Offset(zone) is not { } offset) return new CelError($"unknown time zone {zone}");
            time = time.ToOffset(offset);
        }
        else
        {
            time = time.ToUniversalTime();
        }

        return part switch
        {
            "getFullYear" => (long)time.Year,
            "getMonth" => (long)time.Month - 1,
            "getDate" => (long)time.Day,
            "getDayOfMonth" => (long)time.Day - 1,
            "getDayOfWeek" => (long)time.DayOfWeek,
            "getDayOfYear" => (long)time.DayOfYear - 1,
            "getHours" => (long)time.Hour,
            "getMinutes" => (long)time.Minute,
            "getSeconds" => (long)time.Second,
            _ => (long)time.Millisecond,
        };
    }

    private static TimeSpan? Offset(string zone)
    {
        if (zone is "UTC" or "Z" or "") return TimeSpan.Zero;
        var match = ZoneOffset().Match(zone);
        if (!match.Success) return null;
        var minutes = int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture) * 60
            + int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture);
        return TimeSpan.FromMinutes(match.Groups[1].Value == "-" ? -minutes : minutes);
    }

    [GeneratedRegex(@"^([+-]?)(\d{1,2}):(\d{2})\z")]
    private static partial Regex ZoneOffset();

    [GeneratedRegex(@"^[-+]?(0|((?<number>\d+(\.\d*)?|\.\d+)(?<unit>ns|us|µs|μs|ms|s|m|h))+)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Go();
}

/// <summary>Values as CEL's string() and messages print them.</summary>
internal static class CelText
{
    public static string Of(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        long l => l.ToString(CultureInfo.InvariantCulture),
        ulong u => u.ToString(CultureInfo.InvariantCulture),
        double d => CustomResources.JsonNumber.Text(d),
        string s => s,
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        DateTimeOffset time => CelTime.Text(time),
        TimeSpan span => CelTime.Text(span),
        CelTypeValue type => type.Name,
        CelList list => "[" + string.Join(", ", list.Select(Of)) + "]",
        CelMap map => "{" + string.Join(", ",
            map.Keys.Select(k => Of(k) + ": " + (map.TryGet(k, out var v) ? Of(v) : ""))) + "}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
