using System.Globalization;
using System.Text;

namespace Spillway.Core.Quantities;

/// <summary>
/// Durations as people write them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>1.5h</c>, <c>2d</c>, <c>4y</c>.
/// A year is 365 days, so that a month of 730 hours is its twelfth.
/// </summary>
public static class Durations
{
    public const double HoursPerYear = 8760;

    private static readonly (string Suffix, long Ticks)[] Units =
    [
        ("y", 365 * TimeSpan.TicksPerDay),
        ("w", 7 * TimeSpan.TicksPerDay),
        ("d", TimeSpan.TicksPerDay),
        ("h", TimeSpan.TicksPerHour),
        ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond),
        ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>Largest unit first, each at most once; a plain <c>0</c> is allowed, any other number needs a unit.</summary>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        if (string.IsNullOrEmpty(text))
            return false;
        if (text == "0")
            return true;

        decimal ticks = 0;
        var lastUnit = long.MaxValue;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || digits > 15)
                return false;
            var letters = rest[digits..].IndexOfAny("0123456789.");
            var suffix = letters < 0 ? rest[digits..] : rest.Slice(digits, letters);
            var unit = UnitTicks(suffix);
            if (unit == 0 || unit >= lastUnit)
                return false;
            if (!decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                    out var number))
                return false;
            ticks += number * unit;
            lastUnit = unit;
            rest = rest[(digits + suffix.Length)..];
        }

        if (ticks > TimeSpan.MaxValue.Ticks)
            return false;
        duration = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>The shortest exact form: <c>1h30m</c>, <c>90s</c> as <c>1m30s</c>, <c>4y</c>; never a fraction.</summary>
    public static string Print(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";

        var text = new StringBuilder();
        var ticks = duration.Ticks;
        if (ticks < 0)
        {
            text.Append('-');
            ticks = -ticks;
        }

        foreach (var (suffix, unit) in Units)
        {
            // Weeks read badly inside a sum; they are only for input.
            if (suffix == "w" || ticks < unit)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{ticks / unit}{suffix}");
            ticks %= unit;
        }

        return text.Length <= 1 ? "0s" : text.ToString();
    }

    private static long UnitTicks(ReadOnlySpan<char> suffix)
    {
        foreach (var (name, ticks) in Units)
        {
            if (suffix.SequenceEqual(name))
                return ticks;
        }

        return 0;
    }
}
