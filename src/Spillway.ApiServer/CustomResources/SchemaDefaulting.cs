using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Fills in a structural schema's defaults and drops nulls that no field may hold.</summary>
internal static class SchemaDefaulting
{
    public static void Apply(StructuralSchema schema, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject map:
                ApplyToObject(schema, map);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && !items.Nullable && items.HasDefault) list[i] = items.Default!.DeepClone();
                    Apply(items, list[i]);
                }

                break;
        }
    }

    private static void ApplyToObject(StructuralSchema schema, JsonObject map)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (!map.TryGetPropertyValue(name, out var value))
            {
                if (!property.HasDefault) continue;
                map[name] = value = property.Default!.DeepClone();
            }
            else if (value is null && !property.Nullable)
            {
                if (property.HasDefault) map[name] = value = property.Default!.DeepClone();
                else map.Remove(name);
            }

            Apply(property, value);
        }

        if (schema.Additional is not { } values || map.Count == 0) return;
        foreach (var name in map.Select(p => p.Key).ToArray())
        {
            if (schema.Properties.ContainsKey(name)) continue;
            var value = map[name];
            if (value is null && !values.Nullable)
            {
                if (values.HasDefault) map[name] = value = values.Default!.DeepClone();
                else map.Remove(name);
            }

            Apply(values, value);
        }
    }
}
