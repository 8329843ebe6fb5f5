using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>The fields behind a scale subresource must hold what it shows.</summary>
internal static class ScaleRules
{
    public static void Check(CustomScale scale, JsonObject item, List<FieldError> errors, bool statusOnly)
    {
        if (!statusOnly) CheckCount(scale.SpecReplicasPath, item, errors);
        CheckCount(scale.StatusReplicasPath, item, errors);
        if (scale.LabelSelectorPath is not { Length: > 0 } path) return;
        if (Find(item, path) is { } value
            && value.AsText() is null) errors.Add(WrongType(path, value, "\"\"", "string"));
    }

    private static void CheckCount(string path, JsonObject item, List<FieldError> errors)
    {
        if (Find(item, path) is not { } value) return;
        if (value is not JsonValue number || number.GetValueKind() != JsonValueKind.Number
            || !JsonNumber.IsInteger(number))
        {
            errors.Add(WrongType(path, value, "0", "int64"));
            return;
        }

        var count = JsonNumber.AsLong(number);
        if (count < 0) errors.Add(FieldError.Invalid(path, count, "should be a non-negative integer"));
        else if (count > int.MaxValue)
            errors.Add(FieldError.Invalid(path, count, $"should be less than or equal to {int.MaxValue}"));
    }

    private static FieldError WrongType(string path, JsonNode value, string zero, string wanted) => new(
        "FieldValueInvalid",
        $"Invalid value: {zero}: {path} accessor error: {Print(value)} is of the type {GoType(value)}, expected {wanted}", path);

    private static string Print(JsonNode value) => value switch
    {
        JsonValue scalar when scalar.AsText() is { } text => text,
        JsonValue scalar when scalar.GetValueKind() == JsonValueKind.Number => JsonNumber.Text(scalar),
        JsonObject map => "map[" + string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => p.Key + ":" + (p.Value is { } v ? Print(v) : "<nil>"))) + "]",
        JsonArray list => "[" + string.Join(' ', list.Select(v => v is null ? "<nil>" : Print(v))) + "]",
        _ => value.ToJsonString().ToLower(CultureInfo.InvariantCulture),
    };

    private static string GoType(JsonNode value) => value switch
    {
        JsonObject => "map[string]interface {}",
        JsonArray => "[]interface {}",
        JsonValue scalar => scalar.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => JsonNumber.IsInteger(scalar) ? "int64" : "float64",
            _ => "bool",
        },
        _ => "<nil>",
    };

    private static JsonNode? Find(JsonObject item, string path)
    {
        JsonNode? node = item;
        foreach (var part in path.TrimStart('.').Split('.'))
            node = node is JsonObject map ? map[part] : null;
        return node;
    }
}
