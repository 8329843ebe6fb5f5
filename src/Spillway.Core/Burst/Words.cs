using System.Globalization;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>How times, counts and lists of pods read in a reason.</summary>
internal static class Words
{
    public static string Time(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.Zero) span = TimeSpan.Zero;
        if (span.TotalSeconds < 60) return $"{(int)Math.Ceiling(span.TotalSeconds)}s";
        var text = "";
        if (span.Days > 0) text += $"{span.Days}d";
        if (span.Hours > 0) text += $"{span.Hours}h";
        if (span.Minutes > 0) text += $"{span.Minutes}m";
        if (span is { Days: 0, Hours: 0, Seconds: > 0 }) text += $"{span.Seconds}s";
        return text;
    }

    /// <summary><c>1 node</c>, <c>3 nodes</c>, <c>no nodes</c>.</summary>
    public static string Count(int count, string noun) => count switch
    {
        0 => $"no {noun}s",
        1 => $"1 {noun}",
        _ => $"{count.ToString(CultureInfo.InvariantCulture)} {noun}s",
    };

    public static string Pods(IReadOnlyList<PodKey> pods) =>
        pods.Count switch
        {
            0 => "no pod",
            1 => pods[0].ToString(),
            2 => $"{pods[0]} and {pods[1]}",
            _ => $"{pods[0]} and {pods.Count - 1} others",
        };
}
