using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer;

/// <summary>
/// Gives an object of a built-in kind the form the real server's structs give it: unknown fields and zero values that
/// are not written go, structs held by value appear, quantities and times take their canonical text. What patches,
/// managed fields and clients see depends on it: <c>resources: {}</c> is a field somebody owns.
/// </summary>
public static class Canonical
{
    /// <summary>Brings <paramref name="value"/> into form, in place. Custom objects are left alone.</summary>
    public static void Form(ResourceType type, JsonObject value)
    {
        if (!type.IsCustom) Form(value, type.Schema);
    }

    /// <summary>As <see cref="Form(ResourceType, JsonObject)"/>, for a kind that is no resource.</summary>
    public static void Form(JsonObject value, TypeSchema schema) => Struct(value, schema);

    /// <summary>An empty object of a type: what a create is compared with to find the fields it sets.</summary>
    public static JsonObject Empty(TypeSchema schema)
    {
        var empty = new JsonObject();
        if (schema.Properties.Count > 0) Struct(empty, schema);
        return empty;
    }

    private static void Struct(JsonObject value, TypeSchema schema)
    {
        List<string>? gone = null;
        List<(string, JsonNode)>? changed = null;
        foreach (var (name, child) in value)
        {
            if (!schema.Properties.TryGetValue(name, out var field))
            {
                if (!schema.PreserveUnknown) (gone ??= []).Add(name);
                continue;
            }
            var formed = Value(child, field);
            if (formed is null)
            {
                if (!field.AlwaysPresent || field.Default is not null || child is not null) (gone ??= []).Add(name);
            }
            else if (!ReferenceEquals(formed, child)) (changed ??= []).Add((name, formed));
        }
        if (gone is not null)
            foreach (var name in gone) value.Remove(name);
        if (changed is not null)
            foreach (var (name, formed) in changed) value[name] = formed;
        foreach (var (name, field) in schema.AlwaysPresentFields)
            if (!value.ContainsKey(name)) value[name] = Missing(field);
    }

    private static JsonNode? Missing(TypeSchema field)
    {
        if (field.Default is not JsonObject) return field.Default?.DeepClone();
        var empty = new JsonObject();
        Struct(empty, field);
        return empty;
    }

    // Null stands for "leave the field out"; a different node replaces the old one.
    private static JsonNode? Value(JsonNode? value, TypeSchema schema)
    {
        switch (value)
        {
            case null: return null;
            case JsonObject map:
                if (schema.PreserveUnknown) return map;
                if (schema.Values is { } values) Map(map, values);
                else if (schema.Properties.Count > 0) Struct(map, schema);
                return schema.OmitZero && map.Count == 0 ? null : map;
            case JsonArray list:
                if (schema.Items is { } items) List(list, items);
                return schema.OmitZero && list.Count == 0 ? null : list;
            default: return Scalar(value.AsValue(), schema);
        }
    }

    private static void Map(JsonObject map, TypeSchema values)
    {
        List<(string, JsonNode?)>? changed = null;
        foreach (var (key, child) in map)
        {
            var formed = child is null ? Zero(values) : values.Format == "quantity"
                ? Amount(child) : Value(child, values) ?? child;
            if (!ReferenceEquals(formed, child)) (changed ??= []).Add((key, formed));
        }
        if (changed is not null)
            foreach (var (key, formed) in changed) map[key] = formed;
    }

    // A null in a map of strings decodes to the zero value, it does not vanish.
    private static JsonNode? Zero(TypeSchema values) => values.Type switch
    {
        SchemaType.String when values.Format == "quantity" => JsonValue.Create("0"),
        SchemaType.String => JsonValue.Create(""),
        _ => null,
    };

    private static void List(JsonArray list, TypeSchema items)
    {
        for (var i = 0; i < list.Count; i++)
        {
            var child = list[i];
            var formed = child is null && items.Properties.Count > 0 ? Empty(items) : Value(child, items) ?? child;
            if (!ReferenceEquals(formed, child)) list[i] = formed;
        }
    }

    private static JsonNode? Scalar(JsonValue value, TypeSchema schema)
    {
        var kind = value.GetValueKind();
        if (schema.OmitZero && IsZero(value, kind)) return null;
        return schema.Format switch
        {
            "quantity" when kind == JsonValueKind.Number => JsonValue.Create(value.ToJsonString()),
            "date-time" => Time(value, schema),
            _ => value,
        };
    }

    private static bool IsZero(JsonValue value, JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => value.GetValue<string>().Length == 0,
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetValue(out long number) && number == 0,
        _ => false,
    };

    // Amounts in resource lists are rounded to thousandths and printed canonically, by defaulting.
    private static JsonNode Amount(JsonNode value)
    {
        var text = value.ToString();
        if (!Quantity.TryParse(text, out var quantity)) return value;
        var canonical = quantity.ToString();
        return canonical == text && value.GetValueKind() == JsonValueKind.String ? value : JsonValue.Create(canonical);
    }

    private static JsonNode? Time(JsonValue value, TypeSchema schema)
    {
        if (value.GetValueKind() != JsonValueKind.String) return value;
        var text = value.GetValue<string>();
        if (text.Length == 0) return null;
        var micro = schema.TypeName?.EndsWith("MicroTime", StringComparison.Ordinal) == true;
        if (text.Length == (micro ? 27 : 20) && text[^1] == 'Z') return value;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return value;
        return JsonValue.Create(time.UtcDateTime.ToString(
            micro ? "yyyy-MM-ddTHH:mm:ss.ffffffZ" : "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
    }
}
