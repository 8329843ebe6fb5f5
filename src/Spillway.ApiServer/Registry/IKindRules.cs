using System.Text.Json.Nodes;
using Spillway.ApiServer.Printing;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>
/// What the generic verbs ask about a kind. Two kinds of kinds ship: built-in ones, by the type table, and custom ones,
/// by their definition. Objects come in the version of the given type and may be changed in place where it says so.
/// </summary>
public interface IKindRules
{
    /// <summary>Removes fields that the kind does not have, in place, and returns their paths.</summary>
    IReadOnlyList<string> Prune(JsonObject item, ResourceType type);

    /// <summary>Fills in defaults, in place.</summary>
    void Default(JsonObject item, ResourceType type);

    /// <summary>Complaints about an object; <paramref name="old"/> is null on create. Appends warnings for the client.</summary>
    IReadOnlyList<FieldError> Validate(
        JsonObject item, JsonObject? old, ResourceType type, string subresource, List<string> warnings);

    /// <summary>Column definitions of the Table form.</summary>
    JsonArray Columns(ResourceType type) => TablePrinter.Columns(type);

    /// <summary>A row of the Table form: its cells, without the object.</summary>
    JsonObject Row(JsonObject item, ResourceType type, DateTimeOffset now) => TablePrinter.Print(type, item, now);

    /// <summary>The object in another served version of the same resource; may return the same instance.</summary>
    ValueTask<JsonObject> ConvertAsync(JsonObject item, ResourceType to, CancellationToken cancellationToken);
}
