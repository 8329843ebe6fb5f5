using System.Text.Json.Nodes;
using Spillway.ApiServer.Registry;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Validation;

namespace Spillway.ApiServer.CustomResources;

/// <summary>CustomResourceDefinitions themselves: a built-in kind with rules too deep for the type table.</summary>
internal sealed class DefinitionKindRules(IKindRules builtIn) : IKindRules
{
    public const string StoreName = "customresourcedefinitions.apiextensions.k8s.io";

    public IReadOnlyList<string> Prune(JsonObject item, ResourceType type) => builtIn.Prune(item, type);

    public void Default(JsonObject item, ResourceType type)
    {
        builtIn.Default(item, type);
        CustomDefinition.Default(item);
    }

    public IReadOnlyList<FieldError> Validate(
        JsonObject item, JsonObject? old, ResourceType type, string subresource, List<string> warnings)
    {
        var errors = old is null ? MetadataValidation.Create(type, item) : MetadataValidation.Update(item, old);
        // Status is written by the naming controller and by storage migrators, who may drop stored versions.
        var own = old is null ? CustomDefinition.Validate(item) : CustomDefinition.ValidateUpdate(item, old);
        foreach (var error in own)
        {
            if (!errors.Contains(error)) errors.Add(error);
        }

        return errors;
    }

    public JsonArray Columns(ResourceType type) => builtIn.Columns(type);

    public JsonObject Row(JsonObject item, ResourceType type, DateTimeOffset now) => builtIn.Row(item, type, now);

    public ValueTask<JsonObject> ConvertAsync(JsonObject item, ResourceType to, CancellationToken cancellationToken) =>
        builtIn.ConvertAsync(item, to, cancellationToken);
}
