using System.Collections.Frozen;
using System.Text.Json;

namespace Spillway.ApiServer.Storage;

/// <summary>Reads single values out of an object's bytes without building a tree: selectors look at every object.</summary>
internal static class JsonScan
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = FrozenDictionary<string, string>.Empty;

    /// <summary>The string (or the literal of a number or truth value) at a path of names; null when absent.</summary>
    public static string? Text(ReadOnlySpan<byte> json, params scoped ReadOnlySpan<string> path)
    {
        var reader = new Utf8JsonReader(json);
        if (!Seek(ref reader, path)) return null;
        return reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(reader.ValueSpan),
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            _ => null,
        };
    }

    public static IReadOnlyDictionary<string, string> Labels(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!Seek(ref reader, ["metadata", "labels"]) || reader.TokenType != JsonTokenType.StartObject) return NoLabels;
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = string.Intern(reader.GetString()!);
            reader.Read();
            if (reader.TokenType == JsonTokenType.String) labels[name] = reader.GetString()!;
            else reader.Skip();
        }
        return labels;
    }

    private static bool Seek(scoped ref Utf8JsonReader reader, scoped ReadOnlySpan<string> path)
    {
        if (!reader.Read()) return false;
        foreach (var name in path)
        {
            if (reader.TokenType != JsonTokenType.StartObject || !SeekName(ref reader, name)) return false;
        }
        return true;
    }

    private static bool SeekName(scoped ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found) return true;
            reader.Skip();
        }
        return false;
    }
}
