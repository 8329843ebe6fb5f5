using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// The old value that a new one replaces, as far as the two can be matched: fields by name, items of map-like lists by
/// their keys, other items not at all. The default value is "cannot be matched".
/// </summary>
internal readonly record struct Correlated(bool Exists, JsonNode? Value)
{
    public static Correlated With(JsonNode? value) => new(Exists: true, value);

    public bool IsSame(JsonNode? value) => Exists && JsonNode.DeepEquals(Value, value);

    public Correlated Field(string name) =>
        Exists && Value is JsonObject map && map.TryGetPropertyValue(name, out var value) ? With(value) : default;

    /// <summary>The old item with the same keys.</summary>
    public Correlated Item(StructuralSchema list, JsonNode? item)
    {
        if (!Exists || list.ListType != "map" || list.Items is not { } shape) return default;
        if (Value is not JsonArray items || item is not JsonObject map) return default;
        foreach (var candidate in items)
        {
            if (candidate is JsonObject other && SameKeys(list.ListMapKeys, shape, map, other)) return With(other);
        }

        return default;
    }

    private static bool SameKeys(string[] keys, StructuralSchema shape, JsonObject left, JsonObject right)
    {
        foreach (var key in keys)
        {
            if (!JsonNode.DeepEquals(KeyOf(shape, left, key), KeyOf(shape, right, key))) return false;
        }

        return true;
    }

    private static JsonNode? KeyOf(StructuralSchema shape, JsonObject item, string key) =>
        item[key] ?? (shape.Properties.TryGetValue(key, out var property) ? property.Default : null);
}
