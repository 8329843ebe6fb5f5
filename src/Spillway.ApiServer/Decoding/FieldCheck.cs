using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer;

/// <summary>Walks an object along its schema: the first wrong type, and every unknown or doubled field.</summary>
internal sealed class FieldCheck(Dictionary<JsonObject, List<string>>? doubled)
{
    private const string QuantityPattern = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";

    // Named string types of fields whose schema only says string.
    private static readonly Dictionary<string, string> s_named = new(StringComparer.Ordinal)
    {
        ["restartPolicy"] = "v1.RestartPolicy", ["dnsPolicy"] = "v1.DNSPolicy", ["imagePullPolicy"] = "v1.PullPolicy",
        ["protocol"] = "v1.Protocol", ["uid"] = "types.UID", ["terminationMessagePolicy"] =
            "v1.TerminationMessagePolicy",
        ["effect"] = "v1.TaintEffect", ["phase"] = "v1.PodPhase", ["sessionAffinity"] = "v1.ServiceAffinity",
        ["whenUnsatisfiable"] = "v1.UnsatisfiableConstraintAction", ["preemptionPolicy"] = "v1.PreemptionPolicy",
    };

    private readonly List<string> _problems = [];

    // Where the walk is: turned into text only for a complaint, since every request walks here.
    private readonly List<Segment> _path = [];

    /// <summary>What the real decoder would say first about a wrong type; null when all fit.</summary>
    public string? TypeError { get; private set; }

    public IReadOnlyList<string> Problems => _problems;

    public void Object(JsonObject item, ResourceType type)
    {
        if (!type.IsCustom)
        {
            Struct(item, type.Schema, type.Kind);
            return;
        }
        // A custom object's own fields are its definition's business; here only doubled names matter, and its metadata.
        Doubled(item);
        if (item.Map("metadata") is not { } metadata
            || TypeTable.Load().Shape("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") is not { } shape) return;
        _path.Add(new Segment("metadata", -1, true));
        Struct(metadata, shape, "ObjectMeta");
        _path.Clear();
    }

    private void Struct(JsonObject map, TypeSchema schema, string structName)
    {
        if (doubled is not null && doubled.TryGetValue(map, out var names))
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in names)
            {
                if (!seen.Add(name)) Complain("duplicate", name);
                else Field(name, map[name], schema, structName);
            }
            return;
        }
        foreach (var (name, value) in map) Field(name, value, schema, structName);
    }

    private void Field(string name, JsonNode? value, TypeSchema schema, string structName)
    {
        if (!schema.Properties.TryGetValue(name, out var field))
        {
            if (!schema.PreserveUnknown) Complain("unknown", name);
            return;
        }
        if (value is null) return;
        _path.Add(new Segment(name, -1, true));
        Value(value, field, structName);
        _path.RemoveAt(_path.Count - 1);
    }

    private void Value(JsonNode value, TypeSchema schema, string structName)
    {
        switch (schema.Type)
        {
            case SchemaType.Any: return;
            case SchemaType.Object:
                if (value is not JsonObject map) Wrong(value, schema, structName);
                else if (schema.PreserveUnknown) Doubled(map);
                else if (schema.Values is { } values) Map(map, values, structName);
                else if (schema.Properties.Count > 0) Struct(map, schema, schema.ShortName);
                return;
            case SchemaType.Array:
                if (value is JsonArray list) List(list, schema, structName);
                else Wrong(value, schema, structName);
                return;
            default: Scalar(value, schema, structName); return;
        }
    }

    private void Map(JsonObject map, TypeSchema values, string structName)
    {
        Twice(map);
        foreach (var (name, value) in map)
        {
            if (value is null) continue;
            _path.Add(new Segment(name, -1, false));
            Value(value, values, structName);
            _path.RemoveAt(_path.Count - 1);
        }
    }

    private void List(JsonArray list, TypeSchema schema, string structName)
    {
        if (schema.Items is not { } items) return;
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is not { } value) continue;
            _path.Add(new Segment("", i, false));
            Value(value, items, structName);
            _path.RemoveAt(_path.Count - 1);
        }
    }

    private void Scalar(JsonNode value, TypeSchema schema, string structName)
    {
        var kind = value.GetValueKind();
        switch (schema.Type)
        {
            case SchemaType.String when schema.Format == "quantity": CheckQuantity(value, kind); break;
            case SchemaType.String when kind != JsonValueKind.String: Wrong(value, schema, structName); break;
            case SchemaType.String when schema.Format == "byte": CheckBase64(value.GetValue<string>()); break;
            case SchemaType.String when schema.Format == "date-time": CheckTime(value.GetValue<string>()); break;
            case SchemaType.Boolean when kind is not (JsonValueKind.True or JsonValueKind.False): Wrong(
                value, schema, structName); break;
            case SchemaType.Integer when kind != JsonValueKind.Number
                || !Fits(value, schema): Wrong(value, schema, structName); break;
            case SchemaType.Number when kind != JsonValueKind.Number: Wrong(value, schema, structName); break;
            case SchemaType.IntOrString when kind == JsonValueKind.Number && !Fits(value, schema):
                TypeError ??= $"json: cannot unmarshal number {value.ToJsonString()} into Go value of type int32";
                break;
            case SchemaType.IntOrString when kind is not (JsonValueKind.Number or JsonValueKind.String):
                TypeError ??= $"json: cannot unmarshal {GoWords.Kind(value)} into Go value of type int32";
                break;
        }
    }

    private static bool Fits(JsonNode value, TypeSchema schema) =>
        value.AsNumber() is { } number && (schema.Format == "int64" || number is >= int.MinValue and <= int.MaxValue);

    private void CheckQuantity(JsonNode value, JsonValueKind kind)
    {
        if (kind is not (JsonValueKind.String or JsonValueKind.Number)
            || !Quantity.TryParse(value.ToString().Trim(), out _))
            TypeError ??= kind == JsonValueKind.String && value.ToString().Length == 0
                ? "quantities must match the regular expression '" + QuantityPattern + "'"
                : SuffixError(value.ToString());
    }

    // Digits with an unknown unit are told apart from what is no number at all.
    private static string SuffixError(string text)
    {
        var at = text.AsSpan().IndexOfAnyExcept("+-.0123456789");
        return at > 0 && char.IsAsciiDigit(text[at - 1])
            && text.AsSpan(at).IndexOfAnyExcept("eEinumkKMGTP+-0123456789") < 0
            ? "unable to parse quantity's suffix"
            : "quantities must match the regular expression '" + QuantityPattern + "'";
    }

    private void CheckBase64(string text)
    {
        if (Base64.IsValid(text)) return;
        var clean = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/' or '\n' or '\r')) break;
            clean++;
        }
        TypeError ??= $"illegal base64 data at input byte {(clean < text.Length ? clean : clean / 4 * 4)}";
    }

    private void CheckTime(string text)
    {
        if (text.Length == 0 || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            return;
        TypeError ??= $"parsing time {Quoted(text)} as \"2006-01-02T15:04:05Z07:00\": cannot parse {Quoted(text)} as \"2006\"";
    }

    private void Wrong(JsonNode value, TypeSchema schema, string structName)
    {
        if (TypeError is not null) return;
        var what = GoWords.Kind(value);
        if (what == "number" && schema.Type == SchemaType.Integer) what += " " + value.ToJsonString();
        var fields = _path.Where(s => s.IsField).Select(s => s.Name).ToList();
        TypeError = $"json: cannot unmarshal {what} into Go struct field {structName}.{string.Join('.', fields)} of type "
            + GoType(schema, fields.Count > 0 ? fields[^1] : "");
    }

    private void Doubled(JsonNode? node)
    {
        if (doubled is null) return;
        if (node is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++) Inside(new Segment("", i, false), list[i]);
            return;
        }
        if (node is not JsonObject map) return;
        Twice(map);
        foreach (var (name, value) in map) Inside(new Segment(name, -1, false), value);
    }

    private void Inside(Segment segment, JsonNode? node)
    {
        _path.Add(segment);
        Doubled(node);
        _path.RemoveAt(_path.Count - 1);
    }

    private void Twice(JsonObject map)
    {
        if (doubled is null || !doubled.TryGetValue(map, out var names)) return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
            if (!seen.Add(name)) Complain("duplicate", name);
    }

    private void Complain(string what, string name)
    {
        var path = new StringBuilder(what).Append(" field \"");
        foreach (var segment in _path)
        {
            if (segment.Index >= 0) path.Append('[').Append(segment.Index).Append(']');
            else path.Append(segment.Name);
            path.Append('.');
        }
        path.Replace(".[", "[");
        _problems.Add(path.Append(name).Append('"').ToString());
    }

    private static string GoType(TypeSchema schema, string name) => schema.Type switch
    {
        SchemaType.Array => "[]" + GoType(schema.Items!, ""),
        SchemaType.Object when schema.Values is { Format: "quantity" } => "v1.ResourceList",
        SchemaType.Object when schema.Values is { } values => "map[string]" + GoType(values, ""),
        SchemaType.Object => VersionedName(schema.TypeName),
        SchemaType.Boolean => "bool",
        SchemaType.Integer => schema.Format ?? "int64",
        SchemaType.Number => "float64",
        SchemaType.String when schema.Format == "byte" => "[]uint8",
        SchemaType.String when schema.Format == "quantity" => "resource.Quantity",
        _ => s_named.GetValueOrDefault(name, "string"),
    };

    private static string VersionedName(string? typeName)
    {
        if (typeName is null) return "map[string]interface {}";
        var parts = typeName.Split('.');
        return parts[^2] + "." + parts[^1];
    }

    private static string Quoted(string text) => JsonValue.Create(text).ToJsonString(Json.Relaxed);

    /// <param name="Name">Of a struct's field or a map's key; empty in a list.</param>
    /// <param name="IsField">Go's type errors name only the fields of structs.</param>
    private readonly record struct Segment(string Name, int Index, bool IsField);
}
