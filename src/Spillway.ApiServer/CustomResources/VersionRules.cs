using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// Rules of one entry of <c>spec.versions</c>. Parts that are alike in all versions are complained about once, at the
/// place where the internal type keeps them (<c>spec.validation</c>, <c>spec.subresources</c> …).
/// </summary>
internal static class VersionRules
{
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats =
        ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static bool HasStatus(JsonObject version) => version.Map("subresources")?.Map("status") is not null;

    public static void Check(JsonObject version, string path, HashSet<string> shared, List<FieldError> errors)
    {
        if (version.Text("deprecationWarning") is { } warning)
        {
            var at = path + ".deprecationWarning";
            if (!version.Flag("deprecated")) errors.Add(FieldError.Invalid(at, warning,
                "can only be set for deprecated versions"));
            if (warning.Length > 256) errors.Add(FieldError.Invalid(at, warning, "must be <= 256 characters long"));
            if (warning.Length == 0) errors.Add(FieldError.Invalid(at, warning, "must not be empty"));
            if (warning.Any(char.IsControl)) errors.Add(FieldError.Invalid(at, warning, "must only contain printable UTF-8 characters; non-printable character found"));
        }

        if (!shared.Contains("schema")) CheckSchema(version, path + ".schema", HasStatus(version), errors);
        if (!shared.Contains("subresources")) CheckSubresources(version, path + ".subresources", errors);
        if (!shared.Contains("additionalPrinterColumns")) CheckColumns(version, path + ".additionalPrinterColumns",
            errors);
        if (!shared.Contains("selectableFields")) CheckSelectable(version, path + ".selectableFields", errors);
    }

    public static void CheckShared(JsonObject any, HashSet<string> shared, bool hasStatus, List<FieldError> errors)
    {
        if (shared.Contains("additionalPrinterColumns")) CheckColumns(any, "spec.additionalPrinterColumns", errors);
        if (shared.Contains("selectableFields")) CheckSelectable(any, "spec.selectableFields", errors);
        if (shared.Contains("schema")) CheckSchema(any, "spec.validation", hasStatus, errors);
        if (shared.Contains("subresources")) CheckSubresources(any, "spec.subresources", errors);
    }

    private static void CheckSchema(JsonObject version, string path, bool hasStatus, List<FieldError> errors)
    {
        if (version.Map("schema")?.Map("openAPIV3Schema") is not { } schema) return;
        var at = path + ".openAPIV3Schema";
        if (hasStatus) CheckRootForStatus(schema, at, errors);
        if (schema.Flag("nullable"))
            errors.Add(FieldError.Forbidden(at + ".nullable", "nullable cannot be true at the root"));
        var before = errors.Count;
        SchemaRules.Check(schema, at, errors);
        var structural = StructuralSchema.Parse(schema);
        var complaints = StructuralRules.Check(structural, at);
        if (complaints.Count > 0) errors.AddRange(complaints);
        else DefaultRules.Check(structural, at, errors);
        if (errors.Count == before) SchemaCel.CheckRules(structural, at, errors);
    }

    /// <summary>Status is validated by <c>properties.status</c> alone, so rules around it at the root would be lost.</summary>
    private static void CheckRootForStatus(JsonObject schema, string path, List<FieldError> errors)
    {
        if (schema.Text("type") is { Length: > 0 } type && type != "object")
        {
            errors.Add(FieldError.Invalid(path + ".type", type,
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"));
            return;
        }

        string[] allowed =
        [
            "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
            "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "required",
                "items",
            "properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
        ];
        if (schema.All(p => p.Value is null || allowed.Contains(p.Key))) return;
        errors.Add(new FieldError("FieldValueInvalid",
            $"Invalid value: {GoDump.Text(GoDump.Schema(schema))}: only [Description Type Format Title Maximum "
            + "ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems "
            + "MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are "
            + "allowed at the root of the schema if the status subresource is enabled", path));
    }

    private static void CheckSubresources(JsonObject version, string path, List<FieldError> errors)
    {
        if (version.Map("subresources")?.Map("scale") is not { } scale) return;
        CheckScalePath("specReplicasPath", [".spec."], "should be a json path under .spec", required: true);
        CheckScalePath("statusReplicasPath", [".status."], "should be a json path under .status", required: true);
        CheckScalePath("labelSelectorPath", [".spec.", ".status."],
            "should be a json path under either .spec or .status", required: false);

        void CheckScalePath(string field, string[] prefixes, string detail, bool required)
        {
            var at = $"{path}.scale.{field}";
            var value = scale.Text(field) ?? "";
            if (value.Length == 0)
            {
                if (required) errors.Add(FieldError.Required(at, ""));
            }
            else if (JsonPath.TryParse(value, out _) is { } bad)
            {
                errors.Add(FieldError.Invalid(at, value, "is an invalid json path: " + bad));
            }
            else if (!prefixes.Any(p => value.StartsWith(p, StringComparison.Ordinal)))
            {
                errors.Add(FieldError.Invalid(at, value, detail));
            }
        }
    }

    private static void CheckColumns(JsonObject version, string path, List<FieldError> errors)
    {
        var index = 0;
        foreach (var column in version.Objects("additionalPrinterColumns"))
        {
            var at = $"{path}[{index++}]";
            if ((column.Text("name") ?? "").Length == 0) errors.Add(FieldError.Required(at + ".name", ""));
            var type = column.Text("type") ?? "";
            var types = "must be one of " + string.Join(',', ColumnTypes);
            if (type.Length == 0) errors.Add(FieldError.Required(at + ".type", types));
            else if (!ColumnTypes.Contains(type)) errors.Add(FieldError.Invalid(at + ".type", type, types));
            if (column.Text("format") is { Length: > 0 } format && !ColumnFormats.Contains(format))
            {
                errors.Add(FieldError.Invalid(at + ".format", format,
                    "must be one of " + string.Join(',', ColumnFormats)));
            }

            var jsonPath = column.Text("jsonPath") ?? "";
            if (jsonPath.Length == 0) errors.Add(FieldError.Required(at + ".jsonPath", ""));
            else if (JsonPath.TryParse(jsonPath, out _) is { } bad)
                errors.Add(FieldError.Invalid(at + ".jsonPath", jsonPath, "is an invalid json path: " + bad));
        }
    }

    private static void CheckSelectable(JsonObject version, string path, List<FieldError> errors)
    {
        var fields = version.List("selectableFields");
        if (fields is not { Count: > 0 }) return;
        if (fields.Count > 8)
            errors.Add(new FieldError("FieldValueTooMany", $"Too many: {fields.Count}: must have at most 8 items",
                path));
        if (version.Map("schema")?.Map("openAPIV3Schema") is not { } source) return;
        var schema = StructuralSchema.Parse(source);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Count; i++)
        {
            var at = $"{path}[{i}].jsonPath";
            var value = (fields[i] as JsonObject)?.Text("jsonPath") ?? "";
            if (value.Length == 0)
            {
                errors.Add(FieldError.Required(at, ""));
                continue;
            }

            if (SchemaFieldPath.Find(schema, value, allowIndexes: false, out var found) is { } bad)
            {
                errors.Add(FieldError.Invalid(at, value, "is an invalid path: " + bad));
                continue;
            }

            if (value.StartsWith(".metadata", StringComparison.Ordinal))
                errors.Add(FieldError.Invalid(at, value, "must not point to fields in metadata"));
            if (found is not { Type: "string" or "boolean" or "integer" } || found.HasDefaultOfOtherKind())
            {
                errors.Add(FieldError.Invalid(at, value, "must point to a field of type string, boolean or integer. "
                    + "Enum string fields and strings with allowed formats are allowed."));
            }

            if (!seen.Add(value)) errors.Add(FieldError.Duplicate(at, value));
        }
    }

    private static bool HasDefaultOfOtherKind(this StructuralSchema schema) => schema.IntOrString;
}
