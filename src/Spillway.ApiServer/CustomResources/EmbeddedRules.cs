using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Objects embedded in custom resources must say what they are.</summary>
internal static class EmbeddedRules
{
    public static void Check(StructuralSchema schema, JsonObject root, List<FieldError> errors)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (root.TryGetPropertyValue(name, out var value)) Check(property, value, name, errors);
        }
    }

    private static void Check(StructuralSchema schema, JsonNode? value, string path, List<FieldError> errors)
    {
        switch (value)
        {
            case JsonObject map:
                if (schema.Embedded) CheckIdentity(map, path, errors);
                foreach (var (name, child) in map)
                {
                    if (schema.Field(name) is { } field) Check(field, child, path + "." + name, errors);
                }

                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                    Check(items, list[i], $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", errors);
                break;
        }
    }

    private static void CheckIdentity(JsonObject map, string path, List<FieldError> errors)
    {
        CheckText("apiVersion");
        CheckText("kind");
        if (map["metadata"] is not null and not JsonObject)
            errors.Add(FieldError.Invalid(path + ".metadata", map["metadata"], "must be an object"));

        void CheckText(string field)
        {
            if (map[field] is null) errors.Add(FieldError.Required($"{path}.{field}", "must not be empty"));
            else if (map.Text(field) is not { } text)
                errors.Add(FieldError.Invalid($"{path}.{field}", map[field], "must be a string"));
            else if (text.Length == 0) errors.Add(FieldError.Required($"{path}.{field}", "must not be empty"));
        }
    }
}
