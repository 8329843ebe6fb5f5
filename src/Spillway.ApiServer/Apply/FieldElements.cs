using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>How values of a schema fall into fields that somebody can own: which are leaves, which have parts.</summary>
internal static class FieldElements
{
    // An unknown shape (RawExtension in a custom object): maps have parts, lists are one value.
    private static readonly TypeSchema s_anything = new() { Type = SchemaType.Any, PreserveUnknown = true };

    public static bool HasItems(TypeSchema schema, JsonNode? value) =>
        value is null or JsonArray && schema.Type == SchemaType.Array && schema.ListKind != ListKind.Atomic
        && (schema.ListKind == ListKind.Set || schema.ListMapKeys.Length > 0);

    public static bool HasFields(TypeSchema schema, JsonNode? value) =>
        value is null or JsonObject && !schema.IsAtomic && (schema.Type == SchemaType.Object
            ? schema.Properties.Count > 0 || schema.Values is not null || schema.PreserveUnknown
            : schema.Type == SchemaType.Any);

    public static TypeSchema Field(TypeSchema schema, string name) =>
        schema.Properties.GetValueOrDefault(name) ?? schema.Values ?? s_anything;

    /// <summary>True for a field the schema names: a struct's, rather than a key of a map.</summary>
    public static bool IsNamed(TypeSchema schema, string name) => schema.Properties.ContainsKey(name);

    /// <summary>The path element of a list's item; null when it lacks a key that has no default.</summary>
    public static string? Item(TypeSchema list, JsonNode? item)
    {
        if (list.ListKind == ListKind.Set) return "v:" + (item?.ToJsonString(Json.Relaxed) ?? "null");
        if (item is not JsonObject map) return null;
        var keys = list.ListMapKeys;
        if (keys.Length == 1 && map[keys[0]] is JsonValue only && only.TryGetValue(out string? text) && IsPlain(text))
            return string.Concat("k:{\"", keys[0], "\":\"", string.Concat(text, "\"}"));
        var element = new StringBuilder("k:{");
        foreach (var key in Sorted(keys))
        {
            var value = map[key] ?? list.Items?.Properties.GetValueOrDefault(key)?.Default;
            if (value is null) return null;
            if (element.Length > 3) element.Append(',');
            element.Append('"').Append(key).Append("\":").Append(value.ToJsonString(Json.Relaxed));
        }
        return element.Append('}').ToString();
    }

    private static string[] Sorted(string[] keys)
    {
        for (var i = 1; i < keys.Length; i++)
            if (string.CompareOrdinal(keys[i - 1], keys[i]) > 0) return [.. keys.Order(StringComparer.Ordinal)];
        return keys;
    }

    private static bool IsPlain(string text)
    {
        foreach (var c in text)
            if (c is < ' ' or '"' or '\\' or > '~') return false;
        return true;
    }
}
