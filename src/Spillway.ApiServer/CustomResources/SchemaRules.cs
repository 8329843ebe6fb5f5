using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Rules that every OpenAPI schema in a definition keeps, structural or not.</summary>
internal sealed class SchemaRules
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];
    private readonly List<FieldError> _errors;

    private SchemaRules(List<FieldError> errors) => _errors = errors;

    public static void Check(JsonObject root, string path, List<FieldError> errors) =>
        new SchemaRules(errors).Check(root, path, isRoot: true, forbidDefault: null, depth: 0);

    private void Check(JsonObject s, string path, bool isRoot, string? forbidDefault, int depth)
    {
        if (depth > 100)
        {
            _errors.Add(FieldError.Forbidden(path, "schemas may not be nested more than 100 levels deep"));
            return;
        }

        CheckForbidden(s, path, forbidDefault);
        CheckChildren(s, path, isRoot, forbidDefault, depth);
        CheckExtensions(s, path);
        CheckRules(s, path);
        if (s.Text("pattern") is { Length: > 0 } pattern && GoRegex.TryCompile(pattern) is null)
        {
            _errors.Add(FieldError.Invalid(path + ".pattern", pattern,
                "must be a valid regular expression, but isn't: error parsing regexp"));
        }

        var type = s.Text("type") ?? "";
        if (type.Length > 0 && type != "null" && !Types.Contains(type))
            _errors.Add(FieldError.NotSupported(path + ".type", type, Types));
    }

    private void CheckForbidden(JsonObject s, string path, string? forbidDefault)
    {
        if (s["default"] is not null && forbidDefault is not null)
            _errors.Add(FieldError.Forbidden(path + ".default", "must not be set " + forbidDefault));
        foreach (var name in new[] { "id", "additionalItems", "patternProperties", "definitions", "dependencies",
            "$ref" })
        {
            if (s[name] is null || (s[name] is JsonObject { Count: 0 } && name != "additionalItems")) continue;
            _errors.Add(FieldError.Forbidden($"{path}.{name}", name + " is not supported"));
        }

        if (s.Text("type") == "null")
            _errors.Add(FieldError.Forbidden(path + ".type",
                "type cannot be set to null, use nullable as an alternative"));
        if (s["items"] is JsonArray)
            _errors.Add(FieldError.Forbidden(path + ".items", "items must be a schema object and not an array"));
        if (s.Flag("uniqueItems"))
        {
            _errors.Add(FieldError.Forbidden(path + ".uniqueItems",
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
        }
    }

    private void CheckChildren(JsonObject s, string path, bool isRoot, string? forbidDefault, int depth)
    {
        var properties = s.Map("properties");
        if (s["additionalProperties"] is { } additional)
        {
            var isTrue = additional.GetValueKind() == JsonValueKind.True;
            if (properties is { Count: > 0 } && !isTrue)
            {
                _errors.Add(FieldError.Forbidden(path + ".additionalProperties",
                    "additionalProperties and properties are mutual exclusive"));
            }

            if (additional is JsonObject values)
                Check(values, path + ".additionalProperties", isRoot: false, forbidDefault, depth + 1);
        }

        foreach (var (name, value) in (properties ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (value is not JsonObject property) continue;
            var meta = (isRoot || s.Flag("x-kubernetes-embedded-resource"))
                && name is "metadata" or "kind" or "apiVersion" && (isRoot || s.Flag("x-kubernetes-embedded-resource"));
            var reason = meta && isRoot ? "in top-level " + name : forbidDefault;
            Check(property, $"{path}.properties[{name}]", isRoot: false, reason, depth + 1);
        }

        if (s.Map("not") is { } negated) Check(negated, path + ".not", isRoot: false, forbidDefault, depth + 1);
        foreach (var list in new[] { "allOf", "oneOf", "anyOf" })
        {
            var index = 0;
            foreach (var branch in s.Objects(list))
                Check(branch, $"{path}.{list}[{index++}]", isRoot: false, forbidDefault, depth + 1);
        }

        if (s.Map("items") is { } items) Check(items, path + ".items", isRoot: false, forbidDefault, depth + 1);
    }

    private void CheckExtensions(JsonObject s, string path)
    {
        if (s["x-kubernetes-preserve-unknown-fields"]?.GetValueKind() == JsonValueKind.False)
        {
            _errors.Add(FieldError.Invalid(path + ".x-kubernetes-preserve-unknown-fields",
                JsonValue.Create(value: false),
                "must be true or undefined"));
        }

        var (type, mapType) = (s.Text("type") ?? "", s.Text("x-kubernetes-map-type"));
        if (mapType is not null)
        {
            RequireType(type, "object", "must be object if x-kubernetes-map-type is specified", path);
            if (mapType is not ("atomic" or "granular"))
                _errors.Add(FieldError.NotSupported(path + ".x-kubernetes-map-type", mapType, ["atomic", "granular"]));
        }

        if (s.Text("x-kubernetes-list-type") is { } listType) CheckListType(s, type, listType, path);
        else if (s.List("x-kubernetes-list-map-keys") is { Count: > 0 })
        {
            _errors.Add(FieldError.Required(path + ".x-kubernetes-list-type",
                "must be map if x-kubernetes-list-map-keys is non-empty"));
        }
    }

    private void RequireType(string type, string wanted, string detail, string path)
    {
        if (type == wanted) return;
        _errors.Add(type.Length == 0
            ? FieldError.Required(path + ".type", detail)
            : FieldError.Invalid(path + ".type", type, detail));
    }

    private void CheckListType(JsonObject s, string type, string listType, string path)
    {
        if (type != "array") RequireType(type, "array", "must be array if x-kubernetes-list-type is specified", path);
        else if (listType == "set" && s.Map("items") is { } item) CheckSetItems(item, path);
        if (listType is not ("atomic" or "set" or "map"))
            _errors.Add(FieldError.NotSupported(path + ".x-kubernetes-list-type", listType, ["atomic", "map", "set"]));
        var keys = s.Texts("x-kubernetes-list-map-keys");
        if (listType != "map")
        {
            if (keys.Length > 0)
            {
                _errors.Add(FieldError.Invalid(path + ".x-kubernetes-list-type", listType,
                    "must be map if x-kubernetes-list-map-keys is non-empty"));
            }

            return;
        }

        CheckMapList(s, keys, path);
    }

    private void CheckSetItems(JsonObject item, string path)
    {
        const string detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        if (item.Text("type") == "array" && item.Text("x-kubernetes-list-type") is { } inner and not "atomic")
            _errors.Add(FieldError.Invalid(path + ".items.x-kubernetes-list-type", inner, detail));
        if (item.Text("type") == "object" && item.Text("x-kubernetes-map-type") != "atomic")
            _errors.Add(FieldError.Invalid(path + ".items.x-kubernetes-map-type", item["x-kubernetes-list-type"],
                detail));
    }

    private void CheckMapList(JsonObject s, string[] keys, string path)
    {
        var keysPath = path + ".x-kubernetes-list-map-keys";
        if (keys.Length == 0)
            _errors.Add(FieldError.Required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
        if (s.Map("items") is not { } items)
        {
            _errors.Add(FieldError.Required(path + ".items", "must have a schema if x-kubernetes-list-type is map"));
            return;
        }

        if (items.Text("type") != "object")
        {
            _errors.Add(FieldError.Invalid(path + ".items.type", items.Text("type") ?? "",
                "must be object if parent array's x-kubernetes-list-type is map"));
            return;
        }

        var all = new JsonArray([.. keys.Select(k => JsonValue.Create(k))]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (items.Map("properties")?.Map(key) is not { } property)
                _errors.Add(FieldError.Invalid(keysPath, all.DeepClone(),
                    "entries must all be names of item properties"));
            else if (property.Text("type") is "array" or "object")
            {
                _errors.Add(FieldError.Invalid($"{path}.items.properties[{key}].type", "object",
                    "must be a scalar type if parent array's x-kubernetes-list-type is map"));
            }
            else if (property["default"] is null && !items.Texts("required").Contains(key))
            {
                _errors.Add(FieldError.Required($"{path}.items.properties[{key}].default",
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"));
            }

            if (!seen.Add(key))
                _errors.Add(FieldError.Invalid(keysPath, all.DeepClone(), "must not contain duplicate entries"));
        }
    }

    private void CheckRules(JsonObject s, string path)
    {
        var index = 0;
        foreach (var source in s.Objects("x-kubernetes-validations"))
        {
            var rule = ValidationRule.Parse(source);
            var at = $"{path}.x-kubernetes-validations[{index++}]";
            var message = rule.Message.Trim();
            if (rule.Rule.Trim().Length == 0)
                _errors.Add(FieldError.Required(at + ".rule", "rule is not specified"));
            else if (rule.Message.Length > 0 && message.Length == 0)
                _errors.Add(FieldError.Invalid(at + ".message", rule.Message,
                    "message must be non-empty if specified"));
            else if (message.AsSpan().IndexOfAny('\n', '\r') >= 0)
                _errors.Add(FieldError.Invalid(at + ".message", rule.Message, "message must not contain line breaks"));
            else if (rule.Rule.Trim().AsSpan().IndexOfAny('\n', '\r') >= 0 && message.Length == 0)
                _errors.Add(FieldError.Required(at + ".message",
                    "message must be specified if rule contains line breaks"));
            if (rule.MessageExpression.Length > 0 && rule.MessageExpression.Trim().Length == 0)
            {
                _errors.Add(FieldError.Required(at + ".messageExpression",
                    "messageExpression must be non-empty if specified"));
            }

            string[] reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid",
                "FieldValueRequired"];
            if (rule.Reason is not null && !reasons.Contains(rule.Reason))
                _errors.Add(FieldError.NotSupported(at + ".reason", rule.Reason, reasons));
            if (rule.FieldPath.Length == 0) continue;
            if (rule.FieldPath.Trim().Length == 0)
                _errors.Add(FieldError.Invalid(at + ".fieldPath", rule.FieldPath,
                    "fieldPath must be non-empty if specified"));
            else if (SchemaFieldPath.Find(StructuralSchema.Parse(s), rule.FieldPath, allowIndexes: false, out _)
                is { } bad)
                _errors.Add(FieldError.Invalid(at + ".fieldPath", rule.FieldPath,
                    "fieldPath must be a valid path: " + bad));
        }
    }
}
