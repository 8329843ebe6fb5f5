using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// The real server prints offending parts of a definition as JSON of its internal Go structs. Clients show that text
/// to people and tests compare it, so it is printed alike: Go field names, every field, Go's HTML escapes.
/// </summary>
internal static class GoDump
{
    /// <summary>JSON as Go's encoder writes it: these three characters only ever occur inside of strings.</summary>
    public static string Text(JsonNode? node) => (node?.ToJsonString(Json.Relaxed) ?? "null")
        .Replace("<", "\\u003c", StringComparison.Ordinal)
        .Replace(">", "\\u003e", StringComparison.Ordinal)
        .Replace("&", "\\u0026", StringComparison.Ordinal);

    public static JsonObject Rule(ValidationRule rule) => new()
    {
        ["Rule"] = rule.Rule,
        ["Message"] = rule.Message,
        ["MessageExpression"] = rule.MessageExpression,
        ["Reason"] = rule.Reason,
        ["FieldPath"] = rule.FieldPath,
        ["OptionalOldSelf"] = rule.OptionalOldSelf,
    };

    /// <summary>Versions as the internal type has them: what is alike in all of them was moved to the top.</summary>
    public static JsonArray Versions(JsonArray versions)
    {
        var shared = new HashSet<string>(SharedFields(versions), StringComparer.Ordinal);
        var dump = new JsonArray();
        foreach (var node in versions)
        {
            if (node is not JsonObject version) continue;
            dump.Add(new JsonObject
            {
                ["Name"] = version.Text("name") ?? "",
                ["Served"] = version.Flag("served"),
                ["Storage"] = version.Flag("storage"),
                ["Deprecated"] = version.Flag("deprecated"),
                ["DeprecationWarning"] = version.Text("deprecationWarning"),
                ["Schema"] = shared.Contains("schema")
                    || version.Map("schema")?.Map("openAPIV3Schema") is not { } schema
                    ? null
                    : new JsonObject { ["OpenAPIV3Schema"] = Schema(schema) },
                ["Subresources"] = shared.Contains("subresources") ? null : Subresources(version.Map("subresources")),
                ["AdditionalPrinterColumns"] = shared.Contains("additionalPrinterColumns")
                    ? null
                    : Columns(version.List("additionalPrinterColumns")),
                ["SelectableFields"] = shared.Contains("selectableFields")
                    ? null
                    : List(version.List("selectableFields"), f =>
                        new JsonObject { ["JSONPath"] = f.Text("jsonPath") ?? "" }),
            });
        }

        return dump;
    }

    /// <summary>Per-version fields that are the same in every version: the internal type keeps them once.</summary>
    public static IEnumerable<string> SharedFields(JsonArray versions)
    {
        foreach (var field in new[] { "schema", "subresources", "additionalPrinterColumns", "selectableFields" })
        {
            var first = (versions.Count > 0 ? versions[0] as JsonObject : null)?[field];
            if (first is not null && versions.All(v => JsonNode.DeepEquals((v as JsonObject)?[field], first)))
                yield return field;
        }
    }

    private static JsonObject? Subresources(JsonObject? source) => source is null
        ? null
        : new JsonObject
        {
            ["Status"] = source.Map("status") is null ? null : new JsonObject(),
            ["Scale"] = source.Map("scale") is { } scale
                ? new JsonObject
                {
                    ["SpecReplicasPath"] = scale.Text("specReplicasPath") ?? "",
                    ["StatusReplicasPath"] = scale.Text("statusReplicasPath") ?? "",
                    ["LabelSelectorPath"] = scale.Text("labelSelectorPath"),
                }
                : null,
        };

    private static JsonArray? Columns(JsonArray? columns) => List(columns, c => new JsonObject
    {
        ["Name"] = c.Text("name") ?? "",
        ["Type"] = c.Text("type") ?? "",
        ["Format"] = c.Text("format") ?? "",
        ["Description"] = c.Text("description") ?? "",
        ["Priority"] = c.Number("priority") ?? 0,
        ["JSONPath"] = c.Text("jsonPath") ?? "",
    });

    private static JsonArray? List(JsonArray? list, Func<JsonObject, JsonNode> item) =>
        list is null ? null : new JsonArray([.. list.OfType<JsonObject>().Select(item)]);

    public static JsonObject Schema(JsonObject s)
    {
        var dump = new JsonObject
        {
            ["ID"] = s.Text("id") ?? "",
            ["Schema"] = s.Text("$schema") ?? "",
            ["Ref"] = s.Text("$ref"),
        };
        foreach (var (go, json, kind) in SchemaFields)
        {
            var value = s[json];
            dump[go] = kind switch
            {
                't' => value.AsText() ?? "",
                'b' => value?.GetValueKind() == JsonValueKind.True,
                'l' => List(s.List(json), Schema),
                'o' => s.Map(json) is { } one ? Schema(one) : null,
                'm' => Named(s.Map(json)),
                'i' => value switch
                {
                    JsonObject one => new JsonObject { ["Schema"] = Schema(one), ["JSONSchemas"] = null },
                    JsonArray many => new JsonObject { ["Schema"] = null, ["JSONSchemas"] = List(many, Schema) },
                    _ => null,
                },
                'a' => value switch
                {
                    null => null,
                    JsonObject one => new JsonObject { ["Allows"] = true, ["Schema"] = Schema(one) },
                    _ => new JsonObject { ["Allows"] = value.GetValueKind() == JsonValueKind.True, ["Schema"] = null },
                },
                'r' => List(s.List(json), r => Rule(ValidationRule.Parse(r))),
                _ => value?.DeepClone(),
            };
        }

        return dump;
    }

    private static JsonObject? Named(JsonObject? map)
    {
        if (map is null) return null;
        var dump = new JsonObject();
        foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
            dump[name] = value is JsonObject schema ? Schema(schema) : null;
        return dump;
    }

    /// <summary>Go name, JSON name, and how the value is printed: t text, b bool, v as it is, o schema, l list …</summary>
    private static readonly (string Go, string Json, char Kind)[] SchemaFields =
    [
        ("Description", "description", 't'), ("Type", "type", 't'), ("Nullable", "nullable", 'b'),
        ("Format", "format", 't'), ("Title", "title", 't'), ("Default", "default", 'v'),
        ("Maximum", "maximum", 'v'), ("ExclusiveMaximum", "exclusiveMaximum", 'b'),
        ("Minimum", "minimum", 'v'), ("ExclusiveMinimum", "exclusiveMinimum", 'b'),
        ("MaxLength", "maxLength", 'v'), ("MinLength", "minLength", 'v'), ("Pattern", "pattern", 't'),
        ("MaxItems", "maxItems", 'v'), ("MinItems", "minItems", 'v'), ("UniqueItems", "uniqueItems", 'b'),
        ("MultipleOf", "multipleOf", 'v'), ("Enum", "enum", 'v'), ("MaxProperties", "maxProperties", 'v'),
        ("MinProperties", "minProperties", 'v'), ("Required", "required", 'v'), ("Items", "items", 'i'),
        ("AllOf", "allOf", 'l'), ("OneOf", "oneOf", 'l'), ("AnyOf", "anyOf", 'l'), ("Not", "not", 'o'),
        ("Properties", "properties", 'm'), ("AdditionalProperties", "additionalProperties", 'a'),
        ("PatternProperties", "patternProperties", 'm'), ("Dependencies", "dependencies", 'v'),
        ("AdditionalItems", "additionalItems", 'a'), ("Definitions", "definitions", 'm'),
        ("ExternalDocs", "externalDocs", 'v'), ("Example", "example", 'v'),
        ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", 'v'),
        ("XEmbeddedResource", "x-kubernetes-embedded-resource", 'b'),
        ("XIntOrString", "x-kubernetes-int-or-string", 'b'), ("XListMapKeys", "x-kubernetes-list-map-keys", 'v'),
        ("XListType", "x-kubernetes-list-type", 'v'), ("XMapType", "x-kubernetes-map-type", 'v'),
        ("XValidations", "x-kubernetes-validations", 'r'),
    ];
}
