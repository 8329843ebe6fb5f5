using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// One <c>JSONSchemaProps</c> of a CustomResourceDefinition, read once and immutable from then on. Values follow the
/// OpenAPI v3 subset that Kubernetes calls structural; parts that only non-structural schemas have are kept in
/// <see cref="Source"/> for the checks of the definition itself.
/// </summary>
internal sealed class StructuralSchema
{
    public required JsonObject Source { get; init; }

    /// <summary>Empty when not given.</summary>
    public string Type { get; private init; } = "";

    public bool Nullable { get; private init; }

    public string Format { get; private init; } = "";

    public JsonNode? Default { get; private init; }

    public bool HasDefault { get; private init; }

    public double? Minimum { get; private init; }

    public double? Maximum { get; private init; }

    public bool ExclusiveMinimum { get; private init; }

    public bool ExclusiveMaximum { get; private init; }

    public double? MultipleOf { get; private init; }

    public long? MinLength { get; private init; }

    public long? MaxLength { get; private init; }

    public string Pattern { get; private init; } = "";

    /// <summary>Null when there is no pattern or it does not compile.</summary>
    public Regex? PatternRegex { get; private init; }

    public long? MinItems { get; private init; }

    public long? MaxItems { get; private init; }

    public bool UniqueItems { get; private init; }

    public long? MinProperties { get; private init; }

    public long? MaxProperties { get; private init; }

    public JsonArray? Enum { get; private init; }

    public string[] Required { get; private init; } = [];

    public StructuralSchema? Items { get; private init; }

    /// <summary>Sorted by name, so that complaints come in one order.</summary>
    public SortedDictionary<string, StructuralSchema> Properties { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>Shape of values under other names; null when <see cref="HasAdditional"/> has no schema.</summary>
    public StructuralSchema? Additional { get; private init; }

    /// <summary>True when <c>additionalProperties</c> is given and not false.</summary>
    public bool HasAdditional { get; private init; }

    /// <summary>True for <c>additionalProperties: false</c>.</summary>
    public bool ForbidsAdditional { get; private init; }

    public StructuralSchema[] AllOf { get; private init; } = [];

    public StructuralSchema[] AnyOf { get; private init; } = [];

    public StructuralSchema[] OneOf { get; private init; } = [];

    public StructuralSchema? Not { get; private init; }

    public bool PreserveUnknown { get; private init; }

    public bool Embedded { get; private init; }

    public bool IntOrString { get; private init; }

    /// <summary><c>atomic</c>, <c>set</c>, <c>map</c> or empty.</summary>
    public string ListType { get; private init; } = "";

    public string[] ListMapKeys { get; private init; } = [];

    public string MapType { get; private init; } = "";

    public ValidationRule[] Rules { get; private init; } = [];

    /// <summary>True when this schema or one below it has CEL rules: validation skips the others.</summary>
    public bool HasRulesBelow { get; private init; }

    public static StructuralSchema Parse(JsonObject source) => Parse(source, 0);

    private static StructuralSchema Parse(JsonObject source, int depth)
    {
        if (depth > 200) throw ApiFailure.BadRequest("the schema is nested more than 200 levels deep");
        var properties = new SortedDictionary<string, StructuralSchema>(StringComparer.Ordinal);
        foreach (var (name, value) in source.Map("properties") ?? [])
        {
            if (value is JsonObject property) properties[name] = Parse(property, depth + 1);
        }

        source.TryGetPropertyValue("additionalProperties", out var additional);
        var items = source.Map("items") is { } item ? Parse(item, depth + 1) : null;
        var values = additional is JsonObject schema ? Parse(schema, depth + 1) : null;
        var pattern = source.Text("pattern") ?? "";
        var rules = source.Objects("x-kubernetes-validations").Select(ValidationRule.Parse).ToArray();
        return new StructuralSchema
        {
            Source = source,
            Type = source.Text("type") ?? "",
            Nullable = source.Flag("nullable"),
            Format = source.Text("format") ?? "",
            Default = source["default"],
            HasDefault = source["default"] is not null,
            Minimum = Real(source, "minimum"),
            Maximum = Real(source, "maximum"),
            ExclusiveMinimum = source.Flag("exclusiveMinimum"),
            ExclusiveMaximum = source.Flag("exclusiveMaximum"),
            MultipleOf = Real(source, "multipleOf"),
            MinLength = source.Number("minLength"),
            MaxLength = source.Number("maxLength"),
            Pattern = pattern,
            PatternRegex = pattern.Length > 0 ? GoRegex.TryCompile(pattern) : null,
            MinItems = source.Number("minItems"),
            MaxItems = source.Number("maxItems"),
            UniqueItems = source.Flag("uniqueItems"),
            MinProperties = source.Number("minProperties"),
            MaxProperties = source.Number("maxProperties"),
            Enum = source.List("enum"),
            Required = source.Texts("required"),
            Items = items,
            Properties = properties,
            Additional = values,
            HasAdditional = values is not null || additional?.GetValueKind() == JsonValueKind.True,
            ForbidsAdditional = additional?.GetValueKind() == JsonValueKind.False,
            AllOf = [.. source.Objects("allOf").Select(s => Parse(s, depth + 1))],
            AnyOf = [.. source.Objects("anyOf").Select(s => Parse(s, depth + 1))],
            OneOf = [.. source.Objects("oneOf").Select(s => Parse(s, depth + 1))],
            Not = source.Map("not") is { } not ? Parse(not, depth + 1) : null,
            PreserveUnknown = source.Flag("x-kubernetes-preserve-unknown-fields"),
            Embedded = source.Flag("x-kubernetes-embedded-resource"),
            IntOrString = source.Flag("x-kubernetes-int-or-string"),
            ListType = source.Text("x-kubernetes-list-type") ?? "",
            ListMapKeys = source.Texts("x-kubernetes-list-map-keys"),
            MapType = source.Text("x-kubernetes-map-type") ?? "",
            Rules = rules,
            HasRulesBelow = rules.Length > 0 || (items?.HasRulesBelow ?? false) || (values?.HasRulesBelow ?? false)
                || properties.Values.Any(p => p.HasRulesBelow),
        };
    }

    /// <summary>The schema of a field: a property, else the shape of additional values, else null.</summary>
    public StructuralSchema? Field(string name) =>
        Properties.TryGetValue(name, out var property) ? property : Additional;

    private static double? Real(JsonObject source, string key) =>
        source.TryGetPropertyValue(key, out var node) && node is JsonValue value
        && value.GetValueKind() == JsonValueKind.Number
            ? JsonNumber.AsDouble(value)
            : null;
}

/// <summary>One entry of <c>x-kubernetes-validations</c>.</summary>
internal sealed record ValidationRule(
    string Rule, string Message, string MessageExpression, string? Reason, string FieldPath, bool? OptionalOldSelf)
{
    public static ValidationRule Parse(JsonObject source) => new(
        source.Text("rule") ?? "",
        source.Text("message") ?? "",
        source.Text("messageExpression") ?? "",
        source.Text("reason"),
        source.Text("fieldPath") ?? "",
        source["optionalOldSelf"]?.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        });
}
