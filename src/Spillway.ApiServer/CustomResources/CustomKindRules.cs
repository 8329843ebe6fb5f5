using System.Text.Json.Nodes;
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

    /// <summary>Also fills in defaults, so that a field with a new default shows in objects stored before.</summary>
    public async ValueTask<JsonObject> ConvertAsync(JsonObject item, ResourceType to, CancellationToken cancellationToken)
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
