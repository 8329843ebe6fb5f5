using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer;

/// <summary>A request body as a tree, with what strict decoding complains about.</summary>
/// <param name="Problems">Such as <c>unknown field "spec.x"</c>, in the text's order.</param>
public sealed record DecodedObject(JsonObject Object, IReadOnlyList<string> Problems);

/// <summary>Reads bodies into objects of a kind: refuses what has the wrong type, notes what a strict client minds.</summary>
public static class ObjectDecoder
{
    private const int SummaryBytes = 30;

    /// <summary>Reads a JSON body. Throws 400 when it is no JSON or a field has the wrong type.</summary>
    public static DecodedObject Json(ReadOnlySpan<byte> body, ResourceType type)
    {
        JsonNode? node;
        Dictionary<JsonObject, List<string>>? doubled;
        try
        {
            node = GoJson.Parse(body, out doubled);
        }
        catch (GoJsonException e)
        {
            throw Unrecognized(body, type, $"couldn't get version/kind; json parse error: {e.Message}");
        }
        if (node is not JsonObject item)
            throw Unrecognized(body, type, "couldn't get version/kind; json parse error: json: cannot unmarshal "
                + $"{GoWords.Kind(node)} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                + "Kind string \"json:\\\"kind,omitempty\\\"\" }");
        return Tree(item, type, doubled);
    }

    /// <summary>As <see cref="Json"/>, for a tree that was read elsewhere (YAML).</summary>
    public static DecodedObject Tree(
        JsonObject item, ResourceType type, Dictionary<JsonObject, List<string>>? doubled = null)
    {
        var check = new FieldCheck(doubled);
        check.Object(item, type);
        if (check.TypeError is { } error) throw Unusable(item, type, error);
        return new DecodedObject(item, check.Problems);
    }

    /// <summary>The refusal of a strict client's request.</summary>
    public static ApiFailure Strict(JsonObject item, ResourceType type, IReadOnlyList<string> problems) =>
        Unusable(item, type, "strict decoding error: " + string.Join(", ", problems));

    /// <summary>
    /// Checks what a patch made: a wrong type is refused, and so is an unknown field when <paramref name="strict"/>.
    /// Returns the problems to warn of.
    /// </summary>
    /// <param name="text">The patched object as the refusal shows it; made only when needed.</param>
    public static IReadOnlyList<string> Patched(JsonObject item, ResourceType type, bool strict, Func<string> text)
    {
        var check = new FieldCheck(null);
        check.Object(item, type);
        var why = check.TypeError
            ?? (strict && check.Problems.Count > 0
                ? "strict decoding error: " + string.Join(", ", check.Problems) : null);
        if (why is null) return check.Problems;
        var error = FieldError.Invalid("patch", JsonValue.Create(text()), why);
        throw new ApiFailure(422, "Invalid", $" \"\" is invalid: {error}")
        {
            Details = new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject
                {
                    ["reason"] = error.Reason, ["message"] = error.Message, ["field"] = error.Field,
                }),
            },
        };
    }

    private static ApiFailure Unusable(JsonObject item, ResourceType type, string why)
    {
        var kind = item.Text("kind") is { Length: > 0 } given ? given : type.Kind;
        return ApiFailure.BadRequest($"{kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: {why}");
    }

    private static ApiFailure Unrecognized(ReadOnlySpan<byte> body, ResourceType type, string why) =>
        ApiFailure.BadRequest(
        $"the object provided is unrecognized (must be of type {type.Kind}): {why} ({Summary(body)})");

    private static string Summary(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty) return "<empty>";
        var head = body.Length > SummaryBytes ? body[..SummaryBytes] : body;
        var text = body[0] == '{' ? Encoding.UTF8.GetString(head) : Convert.ToHexStringLower(head);
        return head.Length < body.Length ? text + " ..." : text;
    }
}
