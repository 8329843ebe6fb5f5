using System.Text.Json.Nodes;
using Spillway.ApiServer.Printing;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Validation;

namespace Spillway.ApiServer.CustomResources;

/// <summary>How the generic verbs treat one custom resource: as its definition says.</summary>
internal sealed class CustomKindRules(CustomDefinition definition, ConversionCaller conversion) : IKindRules
{
    public CustomDefinition Definition => definition;

    public CustomVersion VersionOf(ResourceType type) => definition.Version(type.Version) ?? definition.Storage;

    public IReadOnlyList<string> Prune(JsonObject item, ResourceType type) => VersionOf(type).Prune(item);

    public void Default(JsonObject item, ResourceType type) => VersionOf(type).Default(item);

    public IReadOnlyList<FieldError> Validate(
        JsonObject item, JsonObject? old, ResourceType type, string subresource, List<string> warnings)
    {
        if (item.Text("kind") is var kind && kind != type.Kind)
            return [FieldError.Invalid("kind", kind, "must be " + type.Kind)];
        var errors = old is null ? MetadataValidation.Create(type, item) : MetadataValidation.Update(item, old);
        errors.AddRange(VersionOf(type).Validate(item, old, subresource, warnings));
        return errors;
    }

    public JsonArray Columns(ResourceType type)
    {
        var columns = new JsonArray(Column("Name", "string", "name", "", 0));
        foreach (var column in VersionOf(type).Columns)
            columns.Add(Column(column.Name, column.Type, column.Format, column.Description, column.Priority));
        return columns;
    }

    public JsonObject Row(JsonObject item, ResourceType type, DateTimeOffset now)
    {
        var cells = new JsonArray(item.Map("metadata")?.Text("name"));
        foreach (var column in VersionOf(type).Columns)
        {
            var cell = column.Cell(item);
            cells.Add(column.Type == "date" && cell.AsText() is { } time ? Age(time, now) : cell);
        }

        return new JsonObject { ["cells"] = cells };
    }

    private static string Age(string time, DateTimeOffset now) =>
        Cells.TryTime(time, out _) ? Cells.Since(time, now) : "<invalid>";

    private static JsonObject Column(string name, string type, string format, string description, int priority) => new()
    {
        ["name"] = name, ["type"] = type, ["format"] = format, ["description"] = description, ["priority"] = priority,
    };

    /// <summary>Also fills in defaults, so that a field with a new default shows in objects stored before.</summary>
    public async ValueTask<JsonObject> ConvertAsync(JsonObject item, ResourceType to,
        CancellationToken cancellationToken)
    {
        if (item.Text("apiVersion") != to.ApiVersion)
        {
            if (definition.ConversionClient is { } client)
                item = await conversion.ConvertAsync(definition, client, item, to.ApiVersion, cancellationToken);
            else item["apiVersion"] = to.ApiVersion;
        }

        var version = VersionOf(to);
        version.Prune(item);
        version.Default(item);
        return item;
    }
}
