using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Patching;

namespace Spillway.ApiServer.Registry;

/// <summary>The scale subresource: an object's replica count in the same form for every kind.</summary>
internal sealed class ScaleVerb(WriteSteps steps, UpdateVerbs updates, ObjectView view)
{
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var stored = steps.Latest(request) ?? throw request.NotFound();
        var paths = request.Resource.Scale ?? throw ResourceVerbs.NoSuchResource();
        var owner = await view.TreeAsync(stored, request.Resource, request.Type, cancellationToken);
        if (request.Target.Verb == "get") return view.Tree(request, 200, Scale(owner, paths));
        request.ReadDryRun();
        var media = RequestBody.MediaType(request);
        var body = RequestBody.ReadNode(request);
        var answer =
            await updates.ChangeAsync(request, live => Changed(live, paths, media, body, request), cancellationToken);
        if (answer.Status >= 300) return answer;
        var now = request.IsDryRun ? owner : await view.TreeAsync(
            steps.Latest(request) ?? throw request.NotFound(), request.Resource, request.Type, cancellationToken);
        return view.Tree(request, 200, Scale(now, paths));
    }

    private static JsonObject Changed(
        JsonObject live, ScalePaths paths, string media, JsonNode? body, ResourceRequest request)
    {
        var before = Scale(live, paths);
        var scale = media switch
        {
            "application/json-patch+json" => JsonPatch.Apply(before, body) as JsonObject ?? [],
            "application/merge-patch+json" or "application/strategic-merge-patch+json"
                or "application/apply-patch+yaml" =>
                MergePatch.Apply(before, body),
            _ => body as JsonObject ?? throw ApiFailure.BadRequest("the body is not a Scale"),
        };
        var metadata = scale.Ensure("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 } version
            && version != live.Ensure("metadata").Text("resourceVersion"))
        {
            throw request.Conflict(
                "the object has been modified; please apply your changes to the latest version and try again");
        }
        var replicas = scale.Map("spec")?.Number("replicas") ?? 0;
        if (replicas < 0 && !request.Type.IsCustom)
        {
            throw ApiFailure.Invalid("autoscaling", "Scale", request.Name, [
                FieldError.Invalid("spec.replicas", JsonValue.Create(replicas), "must be greater than or equal to 0"),
            ]);
        }
        var changed = live.DeepClone().AsObject();
        Set(changed, paths.SpecReplicas, replicas);
        return changed;
    }

    private static JsonObject Scale(JsonObject owner, ScalePaths paths)
    {
        var from = owner.Ensure("metadata");
        var metadata = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            if (from[name] is { } value) metadata[name] = value.DeepClone();
        var spec = new JsonObject();
        if (At(owner, paths.SpecReplicas).AsNumber() is { } wanted and not 0) spec["replicas"] = wanted;
        var status = new JsonObject { ["replicas"] = At(owner, paths.StatusReplicas).AsNumber() ?? 0 };
        if (paths.LabelSelector is { } path && Selector(At(owner, path)) is { Length: > 0 } selector)
            status["selector"] = selector;
        return new JsonObject
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] =
                spec, ["status"] = status,
        };
    }

    private static string Selector(JsonNode? node)
    {
        if (node.AsText() is { } text) return text;
        if (node is not JsonObject selector) return "";
        var isPlain = !selector.ContainsKey("matchLabels") && !selector.ContainsKey("matchExpressions");
        var terms = new List<string>();
        foreach (var (name, value) in (isPlain ? selector : selector.Map("matchLabels")
            ?? []).OrderBy(p => p.Key, StringComparer.Ordinal))
            terms.Add($"{name}={value.AsText()}");
        foreach (var term in selector.Objects("matchExpressions"))
        {
            var (key, values) = (term.Text("key"), string.Join(',', term.Texts("values")));
            terms.Add(term.Text("operator") switch
            {
                "In" => $"{key} in ({values})", "NotIn" => $"{key} notin ({values})", "Exists" => key!, _ => "!" + key,
            });
        }
        return string.Join(',', terms);
    }

    private static JsonNode? At(JsonObject item, string path)
    {
        JsonNode? node = item;
        foreach (var name in path.TrimStart('.').Split('.')) node = (node as JsonObject)?[name];
        return node;
    }

    private static void Set(JsonObject item, string path, long value)
    {
        var names = path.TrimStart('.').Split('.');
        foreach (var name in names.AsSpan(0, names.Length - 1)) item = item.Ensure(name);
        item[names[^1]] = value;
    }
}
