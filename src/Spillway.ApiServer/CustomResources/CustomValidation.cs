using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>All complaints about a custom object, in the real server's order: schema, scale, embedded, lists, CEL.</summary>
internal static class CustomValidation
{
    /// <summary>After one of these, values may not have the shape that CEL rules were compiled for.</summary>
    private static readonly string[] BlockingReasons =
        ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany",
            "FieldValueTypeInvalid"];

    public static List<FieldError> Validate(
        CustomVersion version, JsonObject item, JsonObject? old, string subresource, List<string> warnings)
    {
        var schema = version.Schema;
        var errors = subresource == "status" ? Status(schema, item, old) : Whole(schema, item, old);
        if (version.Scale is { } scale) ScaleRules.Check(scale, item, errors, statusOnly: subresource == "status");
        EmbeddedRules.Check(schema, item, errors);
        var lists = ListInvariants.Validate(schema, item);
        // A list that was wrong before may stay so until its owner repairs it.
        if (lists.Count > 0 && (old is null || ListInvariants.Validate(schema, old).Count == 0)) errors.AddRange(lists);
        if (!schema.HasRulesBelow) return errors;
        if (errors.Exists(e => BlockingReasons.Contains(e.Reason)))
        {
            errors.Add(new FieldError("FieldValueInvalid", "Invalid value: null: some validation rules were not checked "
                + "because the object was invalid; correct the existing errors to complete validation", SchemaValidator.NoField));
        }
        else
        {
            SchemaCel.Validate(schema, item, old, errors, warnings);
        }

        return errors;
    }

    private static List<FieldError> Whole(StructuralSchema schema, JsonObject item, JsonObject? old) =>
        SchemaValidator.Validate(schema, item, "", old is null ? default : Correlated.With(old));

    private static List<FieldError> Status(StructuralSchema schema, JsonObject item, JsonObject? old)
    {
        if (!schema.Properties.TryGetValue("status", out var status)
            || !item.TryGetPropertyValue("status", out var value))
            return [];
        return SchemaValidator.Validate(status, value, "status", old is null ? default
            : Correlated.With(old).Field("status"));
    }
}
