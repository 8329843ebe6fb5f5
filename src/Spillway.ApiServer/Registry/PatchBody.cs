using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Patching;

namespace Spillway.ApiServer.Registry;

/// <summary>A patch, decoded once, to be applied to whatever version is the newest.</summary>
internal sealed class PatchBody
{
    private const string Merge = "application/merge-patch+json", Json = "application/json-patch+json",
        Strategic = "application/strategic-merge-patch+json", ApplyYaml = "application/apply-patch+yaml";

    private readonly ResourceRequest _request;
    private readonly JsonNode? _patch;
    private readonly string _media;
    private readonly DateTimeOffset _now;

    public PatchBody(string media, ResourceRequest request, DateTimeOffset now)
    {
        _request = request;
        _media = media;
        _now = now;
        CheckMedia();
        CheckOptions();
        _patch = Decode(request.Http.Body.Span);
    }

    /// <summary>Server-side apply may create the object and keeps managed fields itself.</summary>
    public bool IsApply => _media == ApplyYaml;

    /// <summary>The patch itself.</summary>
    public JsonNode? Content => _patch;

    /// <summary>The patched copy; null stands for an object that is not there yet.</summary>
    public JsonObject Apply(JsonObject? old) => _media switch
    {
        Merge => MergePatch.Apply(old!, _patch),
        Json => JsonPatch.Apply(old!, _patch) as JsonObject
            ?? throw new ApiFailure(500, "InternalError", "Internal error occurred: the patch leaves no object"),
        Strategic => StrategicMergePatch.Apply(old!, _patch, _request.Type.Schema),
        _ => ServerSideApply.Apply(_request.Type, old, new ApplyRequest(
            (JsonObject)_patch!.DeepClone(), _request.Writer, _request.Query.Flag("force"), _now)),
    };

    private void CheckMedia()
    {
        if (_media is Merge or Json or ApplyYaml || (_media == Strategic && !_request.Type.IsCustom)) return;
        // The real server's routes know the types of patches; a strange one does not come as far as a patch.
        if (_media != Strategic)
            throw new ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type") { Details = [] };
        throw new ApiFailure(415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
    }

    private void CheckOptions()
    {
        var errors = new List<FieldError>();
        var manager = _request.Query["fieldManager"] ?? "";
        if (IsApply && manager.Length == 0)
            errors.Add(FieldError.Required("fieldManager", "is required for apply patch"));
        if (System.Text.Encoding.UTF8.GetByteCount(manager) > 128)
            errors.Add(new FieldError("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager"));
        if (!IsApply && _request.Query["force"] is not null)
            errors.Add(FieldError.Forbidden("force", "may not be specified for non-apply patch"));
        if (errors.Count > 0) throw ApiFailure.Invalid("meta.k8s.io", "PatchOptions", "", errors);
    }

    private JsonNode? Decode(ReadOnlySpan<byte> body)
    {
        if (IsApply)
        {
            return Yaml.Parse(Encoding.UTF8.GetString(body)) as JsonObject
                ?? throw ApiFailure.BadRequest("error decoding YAML: the patch is not a mapping");
        }
        try
        {
            return GoJson.Parse(body, out _);
        }
        catch (GoJsonException e)
        {
            throw ApiFailure.BadRequest("error decoding patch: " + e.Message);
        }
    }
}
