using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// What makes a schema structural: a type on every field, and no shape hidden inside of allOf, anyOf, oneOf or not.
/// </summary>
internal sealed class StructuralRules
{
    private enum Level { Root, Item, Field }

    private readonly List<FieldError> _errors = [];

    public static List<FieldError> Check(StructuralSchema schema, string path)
    {
        var rules = new StructuralRules();
        rules.CheckInvariants(schema, Level.Root, path);
        rules._errors.Sort((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));
        return rules._errors;
    }

    private void CheckInvariants(StructuralSchema s, Level level, string path)
    {
        if (s is { Type: "array", Items: null }) _errors.Add(FieldError.Required(path + ".items", "must be specified"));
        if (s.Items is { } items) CheckInvariants(items, Level.Item, path + ".items");
        foreach (var (name, property) in s.Properties)
            CheckInvariants(property, Level.Field, $"{path}.properties[{name}]");
        if (s.HasAdditional || s.ForbidsAdditional)
        {
            if (level == Level.Root)
                _errors.Add(FieldError.Forbidden(path + ".additionalProperties", "must not be used at the root"));
            if (s.Additional is { } values) CheckInvariants(values, Level.Field, path + ".additionalProperties");
        }

        CheckExtensions(s, path);
        CheckType(s, level, path);
        CheckMetadata(s, level, path);
        CheckNested(s, path);
    }

    private void CheckExtensions(StructuralSchema s, string path)
    {
        if (!s.IntOrString) return;
        const string detail = "must be false if x-kubernetes-int-or-string is true";
        if (s.PreserveUnknown)
            _errors.Add(FieldError.Invalid(path + ".x-kubernetes-preserve-unknown-fields",
                JsonValue.Create(value: true), detail));
        if (s.Embedded)
            _errors.Add(FieldError.Invalid(path + ".x-kubernetes-embedded-resource", JsonValue.Create(value: true),
                detail));
        if (s.Type.Length > 0)
        {
            _errors.Add(FieldError.Invalid(path + ".type", s.Type,
                "must be empty if x-kubernetes-int-or-string is true"));
        }
    }

    private void CheckType(StructuralSchema s, Level level, string path)
    {
        if (s.Embedded && s.Type != "object")
        {
            const string detail = "must be object if x-kubernetes-embedded-resource is true";
            _errors.Add(s.Type.Length == 0
                ? FieldError.Required(path + ".type", detail)
                : FieldError.Invalid(path + ".type", s.Type, detail));
        }
        else if (s.Type.Length == 0 && !s.IntOrString && !s.PreserveUnknown)
        {
            _errors.Add(FieldError.Required(path + ".type", level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            }));
        }

        if (s.Embedded && (s.HasAdditional || s.ForbidsAdditional))
        {
            _errors.Add(FieldError.Forbidden(path + ".additionalProperties",
                "must not be used if x-kubernetes-embedded-resource is set"));
        }

        if (level == Level.Root && s.Type.Length > 0 && s.Type != "object")
            _errors.Add(FieldError.Invalid(path + ".type", s.Type, "must be object at the root"));
        if (s is { Embedded: true, PreserveUnknown: false } && s.Properties.Count == 0)
        {
            _errors.Add(FieldError.Required(path + ".properties", "must not be empty if x-kubernetes-embedded-resource "
                + "is true without x-kubernetes-preserve-unknown-fields"));
        }
    }

    private void CheckMetadata(StructuralSchema s, Level level, string path)
    {
        if (level != Level.Root && !s.Embedded) return;
        foreach (var name in new[] { "kind", "apiVersion" })
        {
            if (s.Properties.TryGetValue(name, out var field) && field.Type != "string")
                _errors.Add(FieldError.Invalid($"{path}.properties[{name}].type", field.Type, "must be string"));
        }

        if (!s.Properties.TryGetValue("metadata", out var metadata)) return;
        var at = path + ".properties[metadata]";
        if (metadata.Type != "object") _errors.Add(FieldError.Invalid(at + ".type", metadata.Type, "must be object"));
        if (level != Level.Root) return;
        var onlyNames = metadata.Properties.Keys.All(k => k is "name" or "generateName");
        string[] harmless = ["type", "properties", "description", "default"];
        if (!onlyNames || metadata.Source.Any(p => p.Value is not null && !harmless.Contains(p.Key)))
        {
            _errors.Add(FieldError.Forbidden(at,
                "must not specify anything other than name and generateName, but metadata is implicitly specified"));
        }
    }

    /// <summary>Branches may only narrow values: shape, defaults and documentation belong outside.</summary>
    private void CheckNested(StructuralSchema s, string path)
    {
        var skipAnyOf = s.IntOrString && IsIntOrString(s.AnyOf);
        for (var i = 0; i < s.AnyOf.Length; i++)
            CheckBranch(s, s.AnyOf[i], $"{path}.anyOf[{i}]", "anyOf[" + i + "]", allowType: skipAnyOf);
        for (var i = 0; i < s.AllOf.Length; i++)
        {
            var isPattern = i == 0 && s.IntOrString && IsIntOrString(s.AllOf[0].AnyOf);
            CheckBranch(s, s.AllOf[i], $"{path}.allOf[{i}]", "allOf[" + i + "]", allowType: false, isPattern);
        }

        for (var i = 0; i < s.OneOf.Length; i++)
            CheckBranch(s, s.OneOf[i], $"{path}.oneOf[{i}]", "oneOf[" + i + "]", allowType: false);
        if (s.Not is { } negated) CheckBranch(s, negated, path + ".not", "not", allowType: false);
    }

    private static bool IsIntOrString(StructuralSchema[] anyOf) =>
        anyOf.Length == 2 && anyOf[0].Type == "integer" && anyOf[1].Type == "string";

    private void CheckBranch(
        StructuralSchema? outer, StructuralSchema branch, string path, string place, bool allowType, bool inner = false)
    {
        if (branch.Type.Length > 0 && !allowType)
            _errors.Add(FieldError.Forbidden(path + ".type", "must be empty to be structural"));
        foreach (var (field, detail) in ForbiddenInBranches)
        {
            if (branch.Source[field] is not null
                && !(branch.Source[field] is JsonValue v && v.ToJsonString() == "false"))
                _errors.Add(FieldError.Forbidden($"{path}.{field}", detail));
        }

        foreach (var (name, property) in branch.Properties)
        {
            var at = $"{path}.properties[{name}]";
            StructuralSchema? field = null;
            if (outer is { PreserveUnknown: false } && !outer.Properties.TryGetValue(name, out field))
            {
                _errors.Add(FieldError.Required(At(path, place) + $".properties[{name}]",
                    $"because it is defined in {Below(path, place)}.properties[{name}]"));
            }

            CheckBranch(field, property, at, $"{place}.properties[{name}]", allowType: false);
        }

        if (branch.Items is { } items)
            CheckBranch(outer?.Items, items, path + ".items", place + ".items", allowType: false);
        foreach (var (list, branches) in new[] { ("anyOf", branch.AnyOf), ("allOf", branch.AllOf),
            ("oneOf", branch.OneOf) })
        {
            for (var i = 0; i < branches.Length; i++)
                CheckBranch(outer, branches[i], $"{path}.{list}[{i}]", $"{place}.{list}[{i}]", inner
                    && list == "anyOf");
        }

        if (branch.Not is { } negated) CheckBranch(outer, negated, path + ".not", place + ".not", allowType: false);
    }

    /// <summary>The schema that a branch narrows: its path with the branch's own part cut off.</summary>
    private static string At(string path, string place) =>
        path.EndsWith("." + place, StringComparison.Ordinal) ? path[..^(place.Length + 1)] : path;

    private static string Below(string path, string place) => At(path, place) + "." + place;

    private static readonly (string Field, string Detail)[] ForbiddenInBranches =
    [
        ("additionalProperties", "must be undefined to be structural"),
        ("default", "must be undefined to be structural"),
        ("title", "must be empty to be structural"),
        ("description", "must be empty to be structural"),
        ("nullable", "must be false to be structural"),
        ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
        ("x-kubernetes-embedded-resource", "must be false to be structural"),
        ("x-kubernetes-int-or-string", "must be false to be structural"),
        ("x-kubernetes-list-map-keys", "must be empty to be structural"),
        ("x-kubernetes-list-type", "must be undefined to be structural"),
        ("x-kubernetes-map-type", "must be undefined to be structural"),
    ];
}
