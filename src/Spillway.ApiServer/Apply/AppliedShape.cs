using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>Checks an applied configuration against its schema; says what the real server says.</summary>
internal static class AppliedShape
{
    public static List<string> Problems(JsonObject config, TypeSchema schema)
    {
        var problems = new List<string>();
        Check(config, schema, "", problems);
        return problems;
    }

    private static void Check(JsonNode? value, TypeSchema schema, string path, List<string> problems)
    {
        if (value is null || schema.Type == SchemaType.Any) return;
        switch (schema.Type)
        {
            case SchemaType.Object:
                if (value is JsonObject map) Fields(map, schema, path, problems);
                else problems.Add($"{path}: expected map, got &{{{GoWords.Print(value)}}}");
                break;
            case SchemaType.Array:
                if (value is JsonArray list) Items(list, schema, path, problems);
                else problems.Add($"{path}: expected list, got &{{{GoWords.Print(value)}}}");
                break;
            case SchemaType.String when schema.Format != "quantity" && value.GetValueKind() != JsonValueKind.String:
                problems.Add($"{path}: expected string, got &value.valueUnstructured{{Value:{Literal(value)}}}");
                break;
            case SchemaType.Integer or SchemaType.Number when value.GetValueKind() != JsonValueKind.Number:
                problems.Add($"{path}: expected numeric (int or float), got {GoWords.Kind(value)}");
                break;
            case SchemaType.Boolean when value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False):
                problems.Add($"{path}: expected boolean, got &{{{GoWords.Print(value)}}}");
                break;
        }
    }

    private static void Fields(JsonObject map, TypeSchema schema, string path, List<string> problems)
    {
        if (schema.Properties.Count == 0 && schema.Values is null) return;
        foreach (var (name, value) in map)
        {
            var field = schema.Properties.GetValueOrDefault(name) ?? schema.Values;
            if (field is not null) Check(value, field, $"{path}.{name}", problems);
            else if (!schema.PreserveUnknown && !(path.Length == 0 && name is "apiVersion" or "kind"))
                problems.Add($"{path}.{name}: field not declared in schema");
        }
    }

    private static void Items(JsonArray list, TypeSchema schema, string path, List<string> problems)
    {
        var keyed = FieldElements.HasItems(schema, list);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var element = keyed ? FieldElements.Item(schema, list[i]) : null;
            if (keyed && element is null)
            {
                problems.Add($"{path}: element {i}: {MissingKey(schema, list[i])}");
                continue;
            }
            if (element is not null && !seen.Add(element))
                problems.Add($"{path}: duplicate entries for key {FieldSet.Print(element)}");
            Check(list[i], schema.Items!, element is null ? $"{path}[{i}]" : path + FieldSet.Print(element), problems);
        }
    }

    private static string MissingKey(TypeSchema schema, JsonNode? item)
    {
        if (item is not JsonObject map) return "associative list with keys may not have non-map elements";
        var missing = schema.ListMapKeys.First(k => map[k] is null);
        return $"associative list with keys has an element that omits key field \"{missing}\" (and doesn't have default value)";
    }

    private static string Literal(JsonNode value) => value.ToJsonString(Json.Relaxed);
}
