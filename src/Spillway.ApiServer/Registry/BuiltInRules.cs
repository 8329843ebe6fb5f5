using System.Text.Json.Nodes;
using Spillway.ApiServer.Defaulting;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Validation;

namespace Spillway.ApiServer.Registry;

/// <summary>Built-in kinds, by the type table.</summary>
internal sealed class BuiltInRules : IKindRules
{
    public IReadOnlyList<string> Prune(JsonObject item, ResourceType type) => [];

    public void Default(JsonObject item, ResourceType type) => Defaults.Apply(type, item);

    public IReadOnlyList<FieldError> Validate(
        JsonObject item, JsonObject? old, ResourceType type, string subresource, List<string> warnings)
    {
        var errors = ObjectValidation.Validate(type, item, old, subresource);
        if (errors.Count == 0 && subresource.Length == 0) CreationWarnings.Add(type, item, old, warnings);
        return errors;
    }

    public ValueTask<JsonObject> ConvertAsync(JsonObject item, ResourceType to, CancellationToken cancellationToken)
    {
        BuiltInConversions.Convert(item, to);
        return ValueTask.FromResult(item);
    }
}
