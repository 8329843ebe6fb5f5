using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>What the cells of several kinds have in common.</summary>
internal static class Cells
{
    public const string None = "<none>";
    public const string Unset = "<unset>";
    public const string Unknown = "<unknown>";

    public static string Name(JsonObject item) => item.Map("metadata")?.Text("name") ?? "";

    public static string Age(JsonObject item, DateTimeOffset now) =>
        Since(item.Map("metadata")?.Text("creationTimestamp"), now);

    /// <summary>How long ago, such as <c>5m10s</c>.</summary>
    public static string Since(string? time, DateTimeOffset now) =>
        TryTime(time, out var at) ? Duration(now - at) : Unknown;

    public static bool TryTime(string? text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);

    /// <summary>Two significant units at most, coarser the longer it is.</summary>
    public static string Duration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < -1) return "<invalid>";
        if (seconds < 0) return "0s";
        if (seconds < 120) return $"{seconds}s";
        var minutes = seconds / 60;
        if (minutes < 10) return Pair(minutes, "m", seconds % 60, "s");
        if (minutes < 180) return $"{minutes}m";
        var hours = minutes / 60;
        if (hours < 8) return Pair(hours, "h", minutes % 60, "m");
        if (hours < 48) return $"{hours}h";
        var days = hours / 24;
        if (hours < 192) return Pair(days, "d", hours % 24, "h");
        if (days < 730) return $"{days}d";
        return days < 365 * 8 ? Pair(days / 365, "y", days % 365, "d") : $"{days / 365}y";
    }

    public static string OrNone(string? text) => string.IsNullOrEmpty(text) ? None : text;

    public static string Containers(JsonObject? podSpec) =>
        string.Join(',', podSpec?.Objects("containers").Select(c => c.Text("name")) ?? []);

    public static string Images(JsonObject? podSpec) =>
        string.Join(',', podSpec?.Objects("containers").Select(c => c.Text("image")) ?? []);

    /// <summary>A label selector in its one-line form.</summary>
    public static string Selector(JsonObject? selector)
    {
        if (selector is null) return None;
        var parts = new List<string>();
        foreach (var (key, value) in (selector.Map("matchLabels") ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
            parts.Add($"{key}={value.AsText()}");
        foreach (var requirement in selector.Objects("matchExpressions"))
        {
            var key = requirement.Text("key");
            var values = string.Join(',', requirement.Texts("values").Order(StringComparer.Ordinal));
            parts.Add(requirement.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key ?? "",
                _ => "!" + key,
            });
        }
        return parts.Count == 0 ? None : string.Join(',', parts);
    }

    /// <summary>Labels as a one-line selector.</summary>
    public static string Labels(JsonObject? labels) => labels is not { Count: > 0 }
        ? None
        : string.Join(
            ',', labels.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value.AsText()}"));

    public static JsonObject? Condition(JsonObject item, string type) =>
        item.Map("status")?.Objects("conditions").FirstOrDefault(c => c.Text("type") == type);

    public static long Number(JsonObject? map, string name) => map?.Number(name) ?? 0;

    public static string AccessModes(JsonObject? spec) => string.Join(',', ((string[])["ReadWriteOnce", "ReadOnlyMany",
        "ReadWriteMany", "ReadWriteOncePod"]).Where(m => spec?.Texts("accessModes").Contains(m) == true).Select(Short));

    private static string Short(string mode) => mode switch
    {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        _ => "RWOP",
    };

    private static string Pair(long big, string bigUnit, long small, string smallUnit) =>
        small == 0 ? $"{big}{bigUnit}" : $"{big}{bigUnit}{small}{smallUnit}";
}
