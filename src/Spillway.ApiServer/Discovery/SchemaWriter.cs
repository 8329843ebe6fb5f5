using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Discovery;

/// <summary>Writes shapes as OpenAPI schemas; named types become definitions that others refer to.</summary>
internal sealed class SchemaWriter(SortedDictionary<string, JsonObject> schemas, string prefix)
{
    /// <summary>The reference to a resource's own type; a custom one is named after its group and kind.</summary>
    public string Root(ResourceType type)
    {
        var name = type.Schema.TypeName ?? CustomName(type);
        if (!schemas.ContainsKey(name)) Define(name, type.Schema);
        var schema = schemas[name];
        if (!schema.ContainsKey("x-kubernetes-group-version-kind"))
            schema["x-kubernetes-group-version-kind"] = new JsonArray(Identity(type));
        return prefix + name;
    }

    public string Reference(string typeName)
    {
        if (!schemas.ContainsKey(typeName) && TypeTable.Load().Shape(typeName) is { } shape) Define(typeName, shape);
        return prefix + typeName;
    }

    public static JsonObject Identity(ResourceType type) => new()
    {
        ["group"] = type.Group, ["kind"] = type.Kind, ["version"] = type.Version,
    };

    /// <summary>com.example.v1.Widget for the group example.com, as the real server names them.</summary>
    private static string CustomName(ResourceType type) =>
        string.Join('.', type.Group.Split('.').Reverse()) + "." + type.Version + "." + type.Kind;

    private void Define(string name, TypeSchema shape)
    {
        var schema = new JsonObject();
        schemas[name] = schema;
        Fill(schema, shape);
    }

    private JsonObject Show(TypeSchema shape)
    {
        if (shape.TypeName is not { } name)
        {
            var inline = new JsonObject();
            Fill(inline, shape);
            return inline;
        }
        Reference(name);
        var reference = new JsonObject { ["$ref"] = prefix + name };
        if (prefix.Contains("components") is false) return reference;
        var shown = new JsonObject { ["allOf"] = new JsonArray(reference) };
        if (shape.Default is { } value) shown["default"] = value.DeepClone();
        return shown.Count == 1 ? reference.DeepClone().AsObject() : shown;
    }

    private void Fill(JsonObject schema, TypeSchema shape)
    {
        switch (shape.Type)
        {
            case SchemaType.Object:
                schema["type"] = "object";
                FillObject(schema, shape);
                break;
            case SchemaType.Array:
                schema["type"] = "array";
                schema["items"] = shape.Items is { } items ? Show(items) : new JsonObject();
                FillList(schema, shape);
                break;
            case SchemaType.IntOrString:
                schema["x-kubernetes-int-or-string"] = true;
                break;
            case SchemaType.Any:
                break;
            default:
                schema["type"] = shape.Type.ToString().ToLowerInvariant();
                break;
        }
        if (shape.Format is { } format && format != "quantity") schema["format"] = format;
        if (shape.Default is { } value) schema["default"] = value.DeepClone();
        if (shape.Enum is { } values) schema["enum"] = new JsonArray([.. values.Select(v => (JsonNode)v)]);
        if (shape.Nullable) schema["nullable"] = true;
        if (shape is { PreserveUnknown: true, Type: SchemaType.Object })
            schema["x-kubernetes-preserve-unknown-fields"] = true;
        if (shape.PatchStrategy is { } strategy) schema["x-kubernetes-patch-strategy"] = strategy;
        if (shape.PatchMergeKey is { } key) schema["x-kubernetes-patch-merge-key"] = key;
    }

    private void FillObject(JsonObject schema, TypeSchema shape)
    {
        if (shape.Values is { } values) schema["additionalProperties"] = Show(values);
        if (shape.IsAtomic) schema["x-kubernetes-map-type"] = "atomic";
        if (shape.Properties.Count > 0)
        {
            var properties = new JsonObject();
            foreach (var (name, property) in shape.Properties.OrderBy(p => p.Key, StringComparer.Ordinal))
                properties[name] = Show(property);
            schema["properties"] = properties;
        }
        if (shape.Required.Length > 0) schema["required"] = new JsonArray([.. shape.Required.Select(r => (JsonNode)r)]);
    }

    private static void FillList(JsonObject schema, TypeSchema shape)
    {
        if (shape.ListKind == ListKind.Atomic && shape.ListMapKeys.Length == 0) return;
        schema["x-kubernetes-list-type"] = shape.ListKind.ToString().ToLowerInvariant();
        if (shape.ListMapKeys.Length > 0)
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. shape.ListMapKeys.Select(k => (JsonNode)k)]);
    }
}
