using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>A patch, decoded once, to be applied to whatever version is the newest.</summary>
internal sealed class PatchBody
{
    private readonly ResourceRequest _request;
    private readonly JsonNode? _patch;

    public PatchBody(string media, ResourceRequest request)
    {
        _request = request;
        if (media is not ("application/merge-patch+json" or "application/json-patch+json"
            or "application/strategic-merge-patch+json" or "application/apply-patch+yaml"))
        {
            throw new ApiFailure(415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
                + (request.Type.IsCustom ? "" : ", application/strategic-merge-patch+json"));
        }
        try
        {
            _patch = RequestBody.ParseNode(request.Http.Body.Span);
        }
        catch (JsonException e)
        {
            throw ApiFailure.BadRequest("error decoding patch: " + e.Message);
        }
    }

    public JsonObject Apply(JsonObject old) => (JsonObject)Merge(old.DeepClone(), _patch)!;

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var result = target as JsonObject ?? [];
        foreach (var (name, value) in changes)
        {
            if (value is null) result.Remove(name);
            else
            {
                var before = result[name];
                result.Remove(name);
                result[name] = Merge(before, value);
            }
        }
        return result;
    }
}
