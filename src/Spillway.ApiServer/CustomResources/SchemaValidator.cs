using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// Checks a value against a structural schema with the real server's texts. With an old value, complaints about parts
/// that did not change are dropped (validation ratcheting), so that an object that became invalid by a newer
/// definition can still be labelled or repaired step by step.
/// </summary>
internal sealed class SchemaValidator
{
    /// <summary>Path of complaints that the real server raises without a field.</summary>
    public const string NoField = "<nil>";

    private readonly string _prefix;
    private readonly List<FieldError> _errors = [];

    private SchemaValidator(string prefix) => _prefix = prefix;

    /// <summary>Validates a value; <paramref name="prefix"/> is the field that the value itself has, empty for the root.</summary>
    public static List<FieldError> Validate(
        StructuralSchema schema, JsonNode? value, string prefix = "", Correlated old = default)
    {
        var validator = new SchemaValidator(prefix);
        validator.Check(schema, value, "", old);
        return validator._errors;
    }

    private void Check(StructuralSchema schema, JsonNode? value, string path, Correlated old)
    {
        if (old.IsSame(value)) return;
        var mark = _errors.Count;
        if (value is null)
        {
            if (!schema.Nullable && TypeName(schema).Length > 0) WrongType(path, TypeName(schema), "null");
            CheckEnum(schema, value, path);
            return;
        }

        CheckType(schema, value, path);
        CheckComposition(schema, value, path, old);
        switch (value)
        {
            case JsonObject map:
                CheckEnum(schema, value, path);
                CheckObject(schema, map, path, old);
                break;
            case JsonArray list:
                CheckList(schema, list, path, old);
                CheckEnum(schema, value, path);
                break;
            case JsonValue scalar:
                CheckScalar(schema, scalar, path);
                CheckEnum(schema, value, path);
                break;
        }

        DropRepeats(mark);
    }

    /// <summary>A branch of anyOf may find what the schema itself found already.</summary>
    private void DropRepeats(int mark)
    {
        for (var i = _errors.Count - 1; i > mark; i--)
        {
            for (var j = mark; j < i; j++)
            {
                if (_errors[j] != _errors[i]) continue;
                _errors.RemoveAt(i);
                break;
            }
        }
    }

    private void CheckType(StructuralSchema schema, JsonNode value, string path)
    {
        var wanted = TypeName(schema);
        if (wanted.Length == 0) return;
        var found = JsonTypeName(value);
        if (schema.IntOrString && (found is "integer" or "string")) return;
        if (found == wanted || (found == "integer" && wanted == "number")) return;
        if (found == "number" && value is JsonValue number
            && (wanted == "integer" || schema.IntOrString) && IsWhole(JsonNumber.AsDouble(number))) return;
        WrongType(path, wanted, found);
    }

    private void CheckComposition(StructuralSchema schema, JsonNode value, string path, Correlated old)
    {
        if (schema.AnyOf.Length > 0 && !schema.AnyOf.Any(s => Passes(s, value, path, old)))
        {
            // The real server adds the complaints of the branch that came closest.
            Loose($"\"{path}\" must validate at least one schema (anyOf)");
            AddBest(schema.AnyOf, value, path, old);
        }

        if (schema.OneOf.Length > 0)
        {
            var passing = schema.OneOf.Count(s => Passes(s, value, path, old));
            if (passing != 1)
            {
                var found = passing == 0 ? "Found none valid" : $"Found {passing} valid alternatives";
                Loose($"\"{path}\" must validate one and only one schema (oneOf). {found}");
                if (passing == 0) AddBest(schema.OneOf, value, path, old);
            }
        }

        if (schema.AllOf.Length > 0)
        {
            var before = _errors.Count;
            var passing = 0;
            foreach (var branch in schema.AllOf)
            {
                var mark = _errors.Count;
                Check(branch, value, path, old);
                if (_errors.Count == mark) passing++;
            }

            if (passing < schema.AllOf.Length)
            {
                var none = passing == 0 ? ". None validated" : "";
                _errors.Insert(before, LooseError($"\"{path}\" must validate all the schemas (allOf){none}"));
            }
        }

        if (schema.Not is { } negated && Passes(negated, value, path, old))
            Loose($"\"{path}\" must not validate the schema (not)");
    }

    private static bool Passes(StructuralSchema schema, JsonNode? value, string path, Correlated old)
    {
        var attempt = new SchemaValidator("");
        attempt.Check(schema, value, path, old);
        return attempt._errors.Count == 0;
    }

    private void AddBest(StructuralSchema[] branches, JsonNode value, string path, Correlated old)
    {
        SchemaValidator? best = null;
        foreach (var branch in branches)
        {
            var attempt = new SchemaValidator(_prefix);
            attempt.Check(branch, value, path, old);
            if (best is null || attempt._errors.Count < best._errors.Count) best = attempt;
        }

        if (best is not null) _errors.AddRange(best._errors);
    }

    private void CheckObject(StructuralSchema schema, JsonObject map, string path, Correlated old)
    {
        if (schema.MinProperties is { } min && map.Count < min)
        {
            Invalid(path, JsonValue.Create(map.Count), $"{path} in body should have at least {min} properties");
            return;
        }

        if (schema.MaxProperties is { } max && map.Count > max)
        {
            TooMany(path, map.Count, max);
            return;
        }

        if (schema.Additional is not null || schema.ForbidsAdditional) CheckAdditional(schema, map, path, old);
        foreach (var (name, property) in schema.Properties)
        {
            if (map.TryGetPropertyValue(name, out var value))
                Check(property, value, Join(path, name), old.Field(name));
        }

        foreach (var name in schema.Required)
        {
            if (map.ContainsKey(name) || (schema.Properties.TryGetValue(name, out var p) && p.HasDefault)) continue;
            _errors.Add(FieldError.Required(Full(Join(path, name)), ""));
        }
    }

    private void CheckAdditional(StructuralSchema schema, JsonObject map, string path, Correlated old)
    {
        foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (schema.Properties.ContainsKey(name)) continue;
            if (schema.Additional is { } values) Check(values, value, Join(path, name), old.Field(name));
            else Invalid(path, JsonValue.Create(""), $"{path}.{name} in body is a forbidden property");
        }
    }

    private void CheckList(StructuralSchema schema, JsonArray list, string path, Correlated old)
    {
        if (schema.Items is { } items)
        {
            for (var i = 0; i < list.Count; i++)
                Check(items, list[i], $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", old.Item(schema, list[i]));
        }

        if (schema.MinItems is { } min && list.Count < min)
            Invalid(path, JsonValue.Create(list.Count), $"{path} in body should have at least {min} items");
        if (schema.MaxItems is { } max && list.Count > max) TooMany(path, list.Count, max);
        if (!schema.UniqueItems) return;
        for (var i = 0; i < list.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (!JsonNode.DeepEquals(list[i], list[j])) continue;
                Invalid(path, JsonValue.Create(""), $"{path} in body shouldn't contain duplicates");
                return;
            }
        }
    }

    private void CheckScalar(StructuralSchema schema, JsonValue value, string path)
    {
        if (value.GetValueKind() == JsonValueKind.Number) CheckNumber(schema, value, path);
        if (value.AsText() is not { } text) return;
        if (CheckText(schema, value, text, path)) CheckFormat(schema, text, path);
    }

    /// <summary>False when the length is wrong: the real server stops at the first complaint about a text.</summary>
    private bool CheckText(StructuralSchema schema, JsonValue value, string text, string path)
    {
        if (schema.MaxLength is null && schema.MinLength is null && schema.Pattern.Length == 0) return true;
        var length = text.Length;
        foreach (var c in text)
        {
            if (char.IsLowSurrogate(c)) length--;
        }

        if (schema.MaxLength is { } max && length > max)
        {
            var unit = max == 1 ? "byte" : "bytes";
            _errors.Add(new FieldError("FieldValueTooLong", $"Too long: may not be more than {max} {unit}",
                Full(path)));
        }
        else if (schema.MinLength is { } min && length < min)
        {
            Invalid(path, value, $"{path} in body should be at least {min} chars long");
        }
        else if (schema.PatternRegex is { } regex && !regex.IsMatch(text))
        {
            Invalid(path, value, $"{path} in body should match '{schema.Pattern}'");
        }

        return true;
    }

    private void CheckFormat(StructuralSchema schema, string text, string path)
    {
        if (schema.Format.Length == 0 || TextFormats.Matches(schema.Format, text)) return;
        _errors.Add(new FieldError("FieldValueTypeInvalid",
            $"Invalid value: {Quote(text)}: {path} in body must be of type {schema.Format}: {Quote(text)}", Full(path)));
    }

    private void CheckNumber(StructuralSchema schema, JsonValue value, string path)
    {
        var number = JsonNumber.AsDouble(value);
        CheckRange(schema, number, path);
        if (schema.MultipleOf is { } step && step > 0)
        {
            var ratio = number / step;
            if (Math.Abs(ratio - Math.Round(ratio)) > 1e-9 * Math.Max(1, Math.Abs(ratio)))
                Invalid(path, value, $"{path} in body should be a multiple of {JsonNumber.Text(step)}");
        }

        if (schema.Minimum is { } min && (number < min || (schema.ExclusiveMinimum && number <= min)))
        {
            var word = schema.ExclusiveMinimum ? "greater than" : "greater than or equal to";
            Invalid(path, value, $"{path} in body should be {word} {JsonNumber.Text(min)}");
        }

        if (schema.Maximum is { } max && (number > max || (schema.ExclusiveMaximum && number >= max)))
        {
            var word = schema.ExclusiveMaximum ? "less than" : "less than or equal to";
            Invalid(path, value, $"{path} in body should be {word} {JsonNumber.Text(max)}");
        }
    }

    private void CheckRange(StructuralSchema schema, double number, string path)
    {
        if (schema.Type != "integer" && !schema.IntOrString) return;
        var fits = IsWhole(number) && schema.Format switch
        {
            "int32" => number is >= int.MinValue and <= int.MaxValue,
            "uint32" => number is >= 0 and <= uint.MaxValue,
            "uint64" => number is >= 0 and <= ulong.MaxValue,
            _ => number is >= long.MinValue and <= long.MaxValue,
        };
        if (fits) return;
        var format = schema.Format.Length > 0 ? "with format " + schema.Format : "(default format)";
        Loose($"Checked value must be of type integer {format} in {path}");
    }

    private void CheckEnum(StructuralSchema schema, JsonNode? value, string path)
    {
        if (schema.Enum is not { Count: > 0 } allowed) return;
        foreach (var candidate in allowed)
        {
            if (JsonNode.DeepEquals(candidate, value)) return;
        }

        var supported = allowed.Select(a => $"\"{a.AsText() ?? a?.ToJsonString(Json.Relaxed) ?? "null"}\"");
        _errors.Add(new FieldError("FieldValueNotSupported",
            $"Unsupported value: {value?.ToJsonString(
                Json.Relaxed) ?? "null"}: supported values: {string.Join(", ", supported)}",
            Full(path)));
    }

    /// <summary>As the OpenAPI validator lists the types of a schema.</summary>
    private static string TypeName(StructuralSchema schema) => schema.IntOrString ? "integer,string" : schema.Type;

    /// <summary>The JSON type of a value in OpenAPI's words.</summary>
    public static string JsonTypeName(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        JsonValue scalar => scalar.GetValueKind() switch
        {
            JsonValueKind.Number => JsonNumber.IsInteger(scalar) ? "integer" : "number",
            JsonValueKind.String => "string",
            _ => "boolean",
        },
        _ => "object",
    };

    private static bool IsWhole(double number) => Math.Abs(number) <= 9007199254740991 && Math.Floor(number) == number
        || Math.Abs(number) > 9007199254740991;

    private static string Join(string path, string name) => path.Length == 0 ? name : path + "." + name;

    private string Full(string path)
    {
        if (_prefix.Length == 0) return path.Length == 0 ? NoField : path;
        return path.Length == 0 ? _prefix : _prefix + "." + path;
    }

    private void WrongType(string path, string wanted, string found) => _errors.Add(new FieldError(
        "FieldValueTypeInvalid",
        $"Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\"", Full(path)));

    private void TooMany(string path, int found, long max) => _errors.Add(new FieldError(
        "FieldValueTooMany", $"Too many: {found}: must have at most {max} {(max == 1 ? "item" : "items")}",
            Full(path)));

    private void Invalid(string path, JsonNode? value, string detail) =>
        _errors.Add(FieldError.Invalid(Full(path), value, detail));

    private void Loose(string detail) => _errors.Add(LooseError(detail));

    private FieldError LooseError(string detail) =>
        new("FieldValueInvalid", $"Invalid value: \"\": {detail}", _prefix.Length == 0 ? NoField : _prefix);

    private static string Quote(string text) => JsonValue.Create(text).ToJsonString(Json.Relaxed);
}
