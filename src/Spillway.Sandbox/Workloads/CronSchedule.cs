using System.Globalization;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// A five-field cron schedule as Kubernetes reads it: minute, hour, day of month, month, day of week; names, ranges,
/// steps, lists, <c>@daily</c> and its like. A day matches by either day field when both are bounded.
/// </summary>
internal sealed class CronSchedule
{
    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0", ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *", ["@hourly"] = "0 * * * *",
    };

    private static readonly string[] Months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong _minutes;
    private readonly ulong _hours;
    private readonly ulong _daysOfMonth;
    private readonly ulong _months;
    private readonly ulong _daysOfWeek;
    private readonly bool _anyDayOfMonth;
    private readonly bool _anyDayOfWeek;

    private CronSchedule(ulong[] fields, bool anyDayOfMonth, bool anyDayOfWeek)
    {
        (_minutes, _hours, _daysOfMonth, _months, _daysOfWeek) =
            (fields[0], fields[1], fields[2], fields[3], fields[4]);
        _anyDayOfMonth = anyDayOfMonth;
        _anyDayOfWeek = anyDayOfWeek;
    }

    /// <summary>The schedule, or null when the text is none.</summary>
    public static CronSchedule? TryParse(string text)
    {
        var parts =
            Macros.GetValueOrDefault(text.Trim(), text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 5) return null;
        var fields = new ulong[5];
        (int Low, int High, string[]? Names)[] bounds =
            [(0, 59, null), (0, 23, null), (1, 31, null), (1, 12, Months), (0, 6, Days)];
        for (var i = 0; i < 5; i++)
        {
            if (Field(parts[i], bounds[i]) is not { } bits) return null;
            fields[i] = bits;
        }

        return new CronSchedule(fields, IsAny(parts[2]), IsAny(parts[4]));
    }

    /// <summary>The first time after <paramref name="after"/>, or null within five years. Times that a clock change skips are left out.</summary>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        var at = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0).AddMinutes(1);
        for (var limit = at.AddYears(5); at < limit;)
        {
            if (!Has(_months, at.Month)) at = new DateTime(at.Year, at.Month, 1).AddMonths(1);
            else if (!DayMatches(at)) at = at.Date.AddDays(1);
            else if (!Has(_hours, at.Hour)) at = at.Date.AddHours(at.Hour + 1);
            else if (!Has(_minutes, at.Minute)) at = at.AddMinutes(1);
            else if (zone.IsInvalidTime(at)) at = at.AddMinutes(1);
            else
            {
                var found = new DateTimeOffset(at, zone.GetUtcOffset(at)).ToUniversalTime();
                if (found > after) return found;
                at = at.AddMinutes(1);
            }
        }

        return null;
    }

    private bool DayMatches(DateTime at)
    {
        var month = Has(_daysOfMonth, at.Day);
        var week = Has(_daysOfWeek, (int)at.DayOfWeek);
        return _anyDayOfMonth || _anyDayOfWeek ? month && week : month || week;
    }

    private static bool Has(ulong bits, int value) => (bits & (1UL << value)) != 0;

    private static bool IsAny(string field) => field[0] is '*' or '?';

    private static ulong? Field(string text, (int Low, int High, string[]? Names) bounds)
    {
        var bits = 0UL;
        foreach (var part in text.Split(','))
        {
            if (Range(part, bounds) is not { } range) return null;
            bits |= range;
        }

        return bits;
    }

    private static ulong? Range(string text, (int Low, int High, string[]? Names) bounds)
    {
        var slash = text.IndexOf('/');
        var step = 1;
        if (slash >= 0 && (!int.TryParse(
            text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out step) || step == 0))
            return null;
        var body = slash < 0 ? text : text[..slash];
        int low, high;
        if (body is "*" or "?")
        {
            (low, high) = (bounds.Low, bounds.High);
        }
        else
        {
            var dash = body.IndexOf('-');
            if (Value(dash < 0 ? body : body[..dash], bounds) is not { } first) return null;
            var last = dash < 0 ? (slash < 0 ? first : bounds.High) : Value(body[(dash + 1)..], bounds);
            if (last is null || last < first) return null;
            (low, high) = (first, last.Value);
        }

        var bits = 0UL;
        for (var value = low; value <= high; value += step) bits |= 1UL << value;
        return bits;
    }

    private static int? Value(string text, (int Low, int High, string[]? Names) bounds)
    {
        var named = Array.FindIndex(bounds.Names ?? [], n => n.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (named >= 0) return named + bounds.Low;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return null;
        return value >= bounds.Low && value <= bounds.High ? value : null;
    }
}
