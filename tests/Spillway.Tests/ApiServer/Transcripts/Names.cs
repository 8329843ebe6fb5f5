using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>What was recorded under one name and is called otherwise now: uids, versions, tokens, generated names.</summary>
internal sealed partial class Names
{
    private static readonly string[] s_fields = ["uid", "resourceVersion", "continue", "token"];

    private readonly Dictionary<string, string> _now = new(StringComparer.Ordinal);

    /// <summary>Learns from an answer beside the recorded one.</summary>
    public void Learn(JsonNode? recorded, JsonNode? actual)
    {
        switch (recorded, actual)
        {
            case (JsonObject before, JsonObject after):
                foreach (var (key, value) in before)
                {
                    if (!after.TryGetPropertyValue(key, out var other)) continue;
                    if (s_fields.Contains(key)) Note(value, other);
                    else if (key == "name" && before.ContainsKey("generateName")) Note(value, other);
                    else Learn(value, other);
                }
                break;
            case (JsonArray before, JsonArray after):
                for (var i = 0; i < Math.Min(before.Count, after.Count); i++) Learn(before[i], after[i]);
                break;
        }
    }

    /// <summary>A recorded text with today's names.</summary>
    public string Translate(string text)
    {
        foreach (var (before, now) in _now.OrderByDescending(p => p.Key.Length))
            if (before.Length > 8 && text.Contains(before)) text = text.Replace(before, now);
        // Versions are short numbers: only where they stand for themselves.
        return Version().Replace(text, match =>
            _now.TryGetValue(match.Groups[2].Value, out var now)
                ? match.Groups[1].Value + now + match.Groups[3].Value : match.Value);
    }

    private void Note(JsonNode? recorded, JsonNode? actual)
    {
        if (recorded is not JsonValue a || actual is not JsonValue b) return;
        if (!a.TryGetValue(out string? before) || !b.TryGetValue(out string? now)) return;
        // 0 and 1 are no object's version: requests name them for what they mean.
        if (before.Length > 0 && before is not ("0" or "1") && now.Length > 0) _now[before] = now;
    }

    [GeneratedRegex("((?:resourceVersion\"?[=:] ?\"?))([0-9]+)(\"?)")]
    private static partial Regex Version();
}
