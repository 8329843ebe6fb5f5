using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer;

/// <summary>Reading of JSON that came from outside: a wrong type reads as absent, never as an exception.</summary>
internal static class JsonAccess
{
    public static string? Text(this JsonObject node, string key) =>
        node.TryGetPropertyValue(key, out var value) ? value.AsText() : null;

    public static string? AsText(this JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static JsonObject? Map(this JsonObject node, string key) =>
        node.TryGetPropertyValue(key, out var value) ? value as JsonObject : null;

    public static JsonArray? List(this JsonObject node, string key) =>
        node.TryGetPropertyValue(key, out var value) ? value as JsonArray : null;

    public static bool Flag(this JsonObject node, string key) =>
        node.TryGetPropertyValue(key, out var value) && value?.GetValueKind() == JsonValueKind.True;

    public static long? Number(this JsonObject node, string key) =>
        node.TryGetPropertyValue(key, out var value) ? value.AsNumber() : null;

    public static long? AsNumber(this JsonNode? node)
    {
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number) return null;
        if (value.TryGetValue(out long number)) return number;
        if (value.TryGetValue(out int small)) return small;
        return value.TryGetValue(out double real) && real == Math.Floor(real) && Math.Abs(real) < 9e18
            ? (long)real : null;
    }

    /// <summary>The child object at a key; made and attached when it is missing.</summary>
    public static JsonObject Ensure(this JsonObject node, string key)
    {
        if (node.Map(key) is { } child) return child;
        child = [];
        node[key] = child;
        return child;
    }

    /// <summary>The child list at a key; made and attached when it is missing.</summary>
    public static JsonArray EnsureList(this JsonObject node, string key)
    {
        if (node.List(key) is { } child) return child;
        child = [];
        node[key] = child;
        return child;
    }

    /// <summary>Strings of a list; other items are left out.</summary>
    public static string[] Texts(this JsonObject node, string key)
    {
        if (node.List(key) is not { } list) return [];
        var texts = new List<string>(list.Count);
        foreach (var item in list)
        {
            if (item.AsText() is { } text) texts.Add(text);
        }

        return [.. texts];
    }

    /// <summary>Objects of a list; other items are left out.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonObject node, string key)
    {
        if (node.List(key) is not { } list) yield break;
        foreach (var item in list)
        {
            if (item is JsonObject child) yield return child;
        }
    }
}
