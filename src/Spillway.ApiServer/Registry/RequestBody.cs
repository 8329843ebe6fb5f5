using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.ApiServer.Registry;

/// <summary>Reads bodies into trees; a broken one is refused with 400, an unknown media type with 415.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 512 };

    public static JsonObject ReadObject(ResourceRequest request)
    {
        var media = MediaType(request);
        return media switch
        {
            "application/json" or "" => ParseJson(request.Http.Body.Span, request),
            "application/yaml" => Yaml.Parse(Encoding.UTF8.GetString(request.Http.Body.Span)) as JsonObject
                ?? throw Undecodable(request, "the YAML is not a mapping"),
            "application/vnd.kubernetes.protobuf" => ProtobufBody.Read(request.Http.Body.Span),
            _ => throw Unsupported(),
        };
    }

    /// <summary>A body that need not be an object, such as a JSON patch.</summary>
    public static JsonNode? ReadNode(ResourceRequest request)
    {
        var media = MediaType(request);
        if (media == "application/json-patch+json") return ParseNode(request.Http.Body.Span);
        if (media.EndsWith("+yaml", StringComparison.Ordinal))
            return Yaml.Parse(Encoding.UTF8.GetString(request.Http.Body.Span));
        return media.EndsWith("+json", StringComparison.Ordinal)
            ? ParseJson(request.Http.Body.Span, request)
            : ReadObject(request);
    }

    /// <summary>The media type without its parameters.</summary>
    public static string MediaType(ResourceRequest request)
    {
        var header = request.Http.Header("Content-Type") ?? "";
        var end = header.IndexOf(';');
        return (end < 0 ? header : header[..end]).Trim();
    }

    public static JsonNode? ParseNode(ReadOnlySpan<byte> body)
    {
        var node = JsonNode.Parse(body, null, s_strict);
        // Trees read lazily: walking it finds doubled names and broken text now, where it can be answered with 400.
        Touch(node);
        return node;
    }

    private static JsonObject ParseJson(ReadOnlySpan<byte> body, ResourceRequest request)
    {
        try
        {
            return ParseNode(body) as JsonObject ?? throw Undecodable(request, "the JSON is not an object");
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw Undecodable(request, e.Message);
        }
    }

    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, value) in map) Touch(value);
                break;
            case JsonArray list:
                foreach (var item in list) Touch(item);
                break;
        }
    }

    private static ApiFailure Undecodable(ResourceRequest request, string why) => ApiFailure.BadRequest(
        $"{request.Type.Kind} in version \"{request.Type.Version}\" cannot be handled as a {request.Type.Kind}: {why}");

    private static ApiFailure Unsupported() => new(415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        + "application/yaml, application/vnd.kubernetes.protobuf");
}
