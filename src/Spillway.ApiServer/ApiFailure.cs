using System.Text.Json.Nodes;
using Spillway.ApiServer.CustomResources;

namespace Spillway.ApiServer;

/// <summary>One complaint about one field, in the words of Kubernetes' <c>field.Error</c>.</summary>
/// <param name="Reason">The cause's reason, such as <c>FieldValueInvalid</c>.</param>
/// <param name="Message">Without the field, such as <c>Invalid value: "x": must be …</c>.</param>
/// <param name="Field">Path such as <c>spec.containers[0].name</c>.</param>
public sealed record FieldError(string Reason, string Message, string Field)
{
    public static FieldError Invalid(string field, JsonNode? value, string detail) =>
        new("FieldValueInvalid", $"Invalid value: {Text(value)}: {detail}", field);

    public static FieldError Required(string field, string detail) =>
        new("FieldValueRequired", detail.Length == 0 ? "Required value" : "Required value: " + detail, field);

    public static FieldError Forbidden(string field, string detail) =>
        new("FieldValueForbidden", "Forbidden: " + detail, field);

    public static FieldError Duplicate(string field, JsonNode? value) =>
        new("FieldValueDuplicate", "Duplicate value: " + Text(value), field);

    /// <summary>The supported values must come sorted, as the real server prints them.</summary>
    public static FieldError NotSupported(string field, JsonNode? value, IEnumerable<string> supported) =>
        new("FieldValueNotSupported",
            $"Unsupported value: {Text(value)}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}",
            field);

    public override string ToString() => $"{Field}: {Message}";

    // Texts are quoted; everything else is encoded as JSON, which in Go is safe to put into HTML.
    private static string Text(JsonNode? value) =>
        value is JsonValue ? value.ToJsonString(Json.Relaxed) : GoDump.Text(value);
}

/// <summary>
/// A refusal, as the Status object that goes on the wire. Thrown within the server by whatever refuses a request and
/// answered in one place; it never leaves the server as an exception.
/// </summary>
public sealed class ApiFailure(int code, string reason, string message) : Exception(message)
{
    public int Code { get; } = code;

    /// <summary>Status reason such as <c>NotFound</c>.</summary>
    public string Reason { get; } = reason;

    /// <summary>Name, group, kind, uid, causes and retryAfterSeconds of the Status; null for none.</summary>
    public JsonObject? Details { get; init; }

    /// <summary>Value of the Retry-After header, in seconds; 0 for none.</summary>
    public int RetryAfterSeconds { get; init; }

    /// <summary>True when the authorizer refused: its answers carry a header of their own.</summary>
    public bool IsFromAuthorizer { get; init; }

    public static ApiFailure BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiFailure NotFound(string group, string resource, string name) =>
        new(404, "NotFound", $"{Qualified(group, resource)} \"{name}\" not found")
        {
            Details = About(group, resource, name),
        };

    public static ApiFailure Conflict(string group, string resource, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {Qualified(group, resource)} \"{name}\": {why}")
        {
            Details = About(group, resource, name),
        };

    public static ApiFailure AlreadyExists(string group, string resource, string name) =>
        new(409, "AlreadyExists", $"{Qualified(group, resource)} \"{name}\" already exists")
        {
            Details = About(group, resource, name),
        };

    public static ApiFailure Forbidden(string group, string resource, string name, string why) =>
        new(403, "Forbidden", $"{Qualified(group, resource)} \"{name}\" is forbidden: {why}")
        {
            Details = About(group, resource, name),
        };

    /// <summary>422 with one cause a complaint; <paramref name="kind"/> is the kind's name, as the real server prints it.</summary>
    public static ApiFailure Invalid(string group, string kind, string name, IReadOnlyList<FieldError> errors)
    {
        // The message names each complaint once, the causes keep all.
        var said = errors.Select(e => e.ToString()).Distinct().ToList();
        var all = said.Count == 1 ? said[0] : "[" + string.Join(", ", said) + "]";
        var details = About(group, kind, name);
        details["causes"] = new JsonArray([.. errors.Select(e => (JsonNode)new JsonObject
        {
            ["reason"] = e.Reason, ["message"] = e.Message, ["field"] = e.Field,
        })]);
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new ApiFailure(422, "Invalid", $"{qualified} \"{name}\" is invalid: {all}") { Details = details };
    }

    private static string Qualified(string group, string resource) =>
        group.Length == 0 ? resource : $"{resource}.{group}";

    private static JsonObject About(string group, string kind, string name)
    {
        var details = new JsonObject();
        if (name.Length > 0) details["name"] = name;
        if (group.Length > 0) details["group"] = group;
        details["kind"] = kind;
        return details;
    }
}
