using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.CustomResources;

namespace Spillway.ApiServer.Cel;

/// <summary>JSON as CEL values, made when asked for. With a schema, formats become CEL's own types.</summary>
internal static class CelJson
{
    public static object? Wrap(JsonNode? node, StructuralSchema? schema = null) => node switch
    {
        null => null,
        JsonObject map => new CelJsonMap(map, schema),
        JsonArray list => new CelJsonList(list, schema),
        JsonValue scalar => Scalar(scalar, schema),
        _ => CelError.NoOverload,
    };

    private static object? Scalar(JsonValue value, StructuralSchema? schema)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case JsonValueKind.Number:
                if (schema?.Type == "number") return JsonNumber.AsDouble(value);
                if (JsonNumber.IsInteger(value)) return JsonNumber.AsLong(value);
                return schema?.Type == "integer"
                    ? new CelError("invalid data, expected int, got float64")
                    : JsonNumber.AsDouble(value);
        }

        var text = value.AsText() ?? "";
        return schema?.Format switch
        {
            "date-time" => CelTime.Timestamp(text),
            "date" => CelTime.Timestamp(text + "T00:00:00Z"),
            "duration" => CelTime.Duration(text),
            "byte" => Convert.TryFromBase64String(text, new byte[text.Length], out _) ? Convert.FromBase64String(text)
                : text,
            _ => text,
        };
    }

    /// <summary>A CEL value as JSON, for messages and audit annotations.</summary>
    public static JsonNode? Unwrap(object? value) => value switch
    {
        null => null,
        bool b => b,
        long l => l,
        ulong u => u,
        double d => d,
        string s => s,
        CelList list => new JsonArray([.. list.Select(Unwrap)]),
        CelMap map => new JsonObject(map.Keys.Select(k => KeyValuePair.Create(
            k as string ?? Convert.ToString(k, CultureInfo.InvariantCulture) ?? "", map.TryGet(k, out var v) ? Unwrap(v)
                : null))),
        CelOptional optional => Unwrap(optional.Value),
        _ => CelText.Of(value),
    };
}

internal sealed class CelJsonMap(JsonObject json, StructuralSchema? schema) : CelMap
{
    public override int Count => json.Count;

    public override IEnumerable<object?> Keys =>
        json.Select(p => (object?)(IsStruct ? CelEscape.Escape(p.Key) : p.Key));

    /// <summary>Fields of structs have escaped names, keys of maps are plain text.</summary>
    private bool IsStruct => schema is { Additional: null } && schema.Properties.Count > 0;

    public override bool TryGet(object? key, out object? value)
    {
        value = null;
        if (key is not string name) return false;
        if (!json.TryGetPropertyValue(name, out var node))
        {
            if (!IsStruct || CelEscape.Unescape(name) is not { } plain
                || !json.TryGetPropertyValue(plain, out node)) return false;
            name = plain;
        }

        // A null in a field that is not nullable is the same as no field.
        var field = schema?.Field(name);
        if (node is null && field is { Nullable: false } && schema is not null) return false;
        value = CelJson.Wrap(node, field);
        return true;
    }
}

internal sealed class CelJsonList(JsonArray json, StructuralSchema? schema) : CelList
{
    public override int Count => json.Count;

    public override object? this[int index] => CelJson.Wrap(json[index], schema?.Items);

    public override bool IsSet => schema?.ListType == "set";
}

/// <summary>Field names that CEL cannot write are escaped: <c>a-b</c> is <c>a__dash__b</c>.</summary>
internal static class CelEscape
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
            "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    };

    public static string Escape(string name)
    {
        if (Reserved.Contains(name)) return $"__{name}__";
        if (name.AsSpan().IndexOfAny("-./") < 0 && !name.Contains("__", StringComparison.Ordinal)) return name;
        return name.Replace("__", "__underscores__", StringComparison.Ordinal)
            .Replace("-", "__dash__", StringComparison.Ordinal)
            .Replace(".", "__dot__", StringComparison.Ordinal)
            .Replace("/", "__slash__", StringComparison.Ordinal);
    }

    /// <summary>The name behind an escaped one; null when there is nothing to unescape.</summary>
    public static string? Unescape(string name)
    {
        if (!name.Contains("__", StringComparison.Ordinal)) return null;
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)
            && name.Length > 4 && Reserved.Contains(name[2..^2])) return name[2..^2];
        return name.Replace("__dash__", "-", StringComparison.Ordinal)
            .Replace("__dot__", ".", StringComparison.Ordinal)
            .Replace("__slash__", "/", StringComparison.Ordinal)
            .Replace("__underscores__", "__", StringComparison.Ordinal);
    }
}
