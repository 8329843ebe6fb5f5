namespace Spillway.ApiServer.CustomResources;

/// <summary>Defaults in a schema must be valid by that schema, and hold nothing it would prune.</summary>
internal static class DefaultRules
{
    public static void Check(StructuralSchema schema, string path, List<FieldError> errors)
    {
        if (schema.HasDefault)
        {
            var at = path + ".default";
            var value = schema.Default!.DeepClone();
            if (SchemaPruning.PruneValue(schema, value, schema.Embedded).Count > 0)
            {
                errors.Add(FieldError.Invalid(at, schema.Default.DeepClone(), "must not have unknown fields"));
            }
            else
            {
                errors.AddRange(SchemaValidator.Validate(schema, schema.Default, at));
                errors.AddRange(ListInvariants.Validate(schema, schema.Default)
                    .Select(e => e with { Field = at + (e.Field.StartsWith('[') ? "" : ".") + e.Field }));
            }
        }

        if (schema.Items is { } items) Check(items, path + ".items", errors);
        foreach (var (name, property) in schema.Properties) Check(property, $"{path}.properties[{name}]", errors);
        if (schema.Additional is { } values) Check(values, path + ".additionalProperties", errors);
    }
}
