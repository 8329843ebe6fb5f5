using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Removes what a structural schema does not name, and says what that was.</summary>
internal static class SchemaPruning
{
    /// <summary>Prunes a whole object; the answer is the paths of removed fields, sorted.</summary>
    public static List<string> Prune(StructuralSchema schema, JsonObject root)
    {
        var unknown = new List<string>();
        PruneObject(schema, root, "", isResource: true, unknown);
        unknown.Sort(StringComparer.Ordinal);
        return unknown;
    }

    /// <summary>Prunes a default value inside a schema.</summary>
    public static List<string> PruneValue(StructuralSchema schema, JsonNode? value, bool isResource)
    {
        var unknown = new List<string>();
        if (value is JsonObject map) PruneObject(schema, map, "", isResource, unknown);
        else PruneAny(schema, value, "", unknown);
        return unknown;
    }

    private static void PruneAny(StructuralSchema? schema, JsonNode? value, string path, List<string> unknown)
    {
        switch (value)
        {
            case JsonObject map:
                PruneObject(schema, map, path, schema?.Embedded ?? false, unknown);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    var at = $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]";
                    if (schema is { PreserveUnknown: true, Items: null }) continue;
                    PruneAny(schema?.Items, list[i], at, unknown);
                }

                break;
        }
    }

    private static void PruneObject(
        StructuralSchema? schema, JsonObject map, string path, bool isResource, List<string> unknown)
    {
        List<string>? removed = null;
        foreach (var (name, value) in map)
        {
            if (isResource && (name is "apiVersion" or "kind" or "metadata")) continue;
            var at = path.Length == 0 ? name : path + "." + name;
            if (schema is not null && schema.Properties.TryGetValue(name, out var property))
                PruneAny(property, value, at, unknown);
            else if (schema is { HasAdditional: true })
                PruneAny(schema.Additional, value, at, unknown);
            else if (schema is not { PreserveUnknown: true })
                (removed ??= []).Add(name);
        }

        if (removed is null) return;
        foreach (var name in removed)
        {
            unknown.Add(path.Length == 0 ? name : path + "." + name);
            map.Remove(name);
        }
    }
}
