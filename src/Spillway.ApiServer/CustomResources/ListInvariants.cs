using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Lists of type set and map must not hold the same item or key twice.</summary>
internal static class ListInvariants
{
    public static List<FieldError> Validate(StructuralSchema schema, JsonNode? value)
    {
        var errors = new List<FieldError>();
        Check(schema, value, "", errors);
        return errors;
    }

    private static void Check(StructuralSchema schema, JsonNode? value, string path, List<FieldError> errors)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (var (name, child) in map)
                {
                    if (child is null || schema.Field(name) is not { } field) continue;
                    // Keys of maps are printed in brackets, fields of structs after a dot.
                    var at = schema.Properties.ContainsKey(name)
                        ? path.Length == 0 ? name : path + "." + name
                        : $"{path}[{name}]";
                    Check(field, child, at, errors);
                }

                break;
            case JsonArray list:
                if (schema.ListType is "set" or "map") CheckUnique(schema, list, path, errors);
                if (schema.Items is not { } items) break;
                for (var i = 0; i < list.Count; i++) Check(items, list[i], Index(path, i), errors);
                break;
        }
    }

    private static void CheckUnique(StructuralSchema schema, JsonArray list, string path, List<FieldError> errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var key = schema.ListType == "set" ? Canonical(list[i]) : KeyOf(schema, list[i]);
            if (key is null || seen.Add(key)) continue;
            var shown = list[i];
            if (schema.ListType == "map" && list[i] is JsonObject item)
            {
                var keys = new JsonObject();
                foreach (var name in schema.ListMapKeys)
                {
                    if (item[name] is { } value) keys[name] = value.DeepClone();
                }

                shown = keys;
            }

            errors.Add(FieldError.Duplicate(Index(path, i), shown));
        }
    }

    private static string? KeyOf(StructuralSchema schema, JsonNode? item)
    {
        if (item is not JsonObject map) return null;
        var parts = new List<string>();
        foreach (var name in schema.ListMapKeys) parts.Add(Canonical(map[name]));
        return string.Join('\u0001', parts);
    }

    /// <summary>Text that is equal for equal values, whatever the order of their keys.</summary>
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject map => "{" + string.Join(',', map.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => p.Key + ":" + Canonical(p.Value))) + "}",
        JsonArray list => "[" + string.Join(',', list.Select(Canonical)) + "]",
        _ => node?.ToJsonString() ?? "null",
    };

    private static string Index(string path, int i) => $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]";
}
