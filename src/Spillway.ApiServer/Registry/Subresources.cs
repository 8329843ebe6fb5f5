using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Auth;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>Parts of objects with endpoints of their own.</summary>
internal sealed class Subresources(
    ReadVerbs reads, UpdateVerbs updates, DeleteVerbs deletes, WriteSteps steps, ObjectView view, TypeCatalog types)
{
    public required ServiceAccountTokens Tokens { get; init; }

    public required ClusterHooks Hooks { get; init; }

    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        switch (request.Subresource)
        {
            case "status" or "finalize" or "resize" or "ephemeralcontainers" or "approval":
                return request.Target.Verb switch
                {
                    "get" => reads.GetAsync(request, cancellationToken),
                    "update" => updates.UpdateAsync(request, cancellationToken),
                    _ => updates.PatchAsync(request, cancellationToken),
                };
            case "scale":
                return new ScaleVerb(steps, updates, view).HandleAsync(request, cancellationToken);
            case "binding":
                return new PodVerbs(steps, updates, deletes).BindAsync(request, cancellationToken);
            case "eviction":
                return new PodVerbs(steps, updates, deletes).EvictAsync(request, cancellationToken);
            case "token":
                return ValueTask.FromResult(IssueToken(request));
            case "log":
                return ValueTask.FromResult(Log(request, cancellationToken));
            default:
                throw new ApiFailure(501, "NotImplemented",
                    $"{request.Type.Resource}/{request.Subresource} needs a real kubelet: the embedded control plane has none");
        }
    }

    /// <summary>The old way to bind: the pod is named in the body.</summary>
    public ValueTask<ApiResponse> BindAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var pods = types.Find("", "pods")!;
        var name = steps.Read(request).Map("metadata")?.Text("name") ?? "";
        return new PodVerbs(steps, updates, deletes)
            .BindAsync(request.Of(pods, name, "binding"), cancellationToken);
    }

    private ApiResponse IssueToken(ResourceRequest request)
    {
        request.ReadDryRun();
        var account = steps.Latest(request)?.Shared ?? throw request.NotFound();
        var item = steps.Read(request);
        if (item.Text("kind") is null) item["kind"] = "TokenRequest";
        if (item.Text("apiVersion") is null) item["apiVersion"] = "authentication.k8s.io/v1";
        var spec = item.Ensure("spec");
        var seconds = spec.Number("expirationSeconds") ?? 3600;
        var errors = new List<FieldError>();
        if (seconds < 600)
            errors.Add(FieldError.Invalid(
                "spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"));
        if (seconds > 1L << 32)
            errors.Add(FieldError.Invalid(
                "spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"));
        if (errors.Count > 0) throw ApiFailure.Invalid("authentication.k8s.io", "TokenRequest", "", errors);
        string[] audiences = spec.Texts("audiences") is { Length: > 0 } asked ? asked : [ServiceAccountTokens.Issuer];
        var (token, expires) = Tokens.Issue(new TokenOrder(request.Namespace, request.Name,
            account.Map("metadata")?.Text("uid")
                ?? "", audiences, TimeSpan.FromSeconds(seconds), Binding(spec, request)));
        spec["audiences"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]);
        spec["expirationSeconds"] = seconds;
        item["metadata"] = new JsonObject
        {
            ["name"] = request.Name, ["namespace"] = request.Namespace, ["creationTimestamp"] =
                ObjectMeta.Time(steps.Now),
        };
        item["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = ObjectMeta.Time(expires) };
        return ObjectView.Answer(request, 201, item);
    }

    private TokenBinding? Binding(JsonObject spec, ResourceRequest request)
    {
        if (spec.Map("boundObjectRef") is not { } bound) return null;
        var (kind, name) = (bound.Text("kind") ?? "", bound.Text("name") ?? "");
        if (kind is not ("Pod" or "Secret" or "Node"))
            throw ApiFailure.BadRequest(
                $"cannot bind token for serviceaccount \"{request.Name}\" to object of type \"{kind}\"");
        var resource = kind.ToLowerInvariant() + "s";
        var item = steps.Find(resource, kind == "Node" ? name : request.Namespace + "/" + name)
            ?? throw ApiFailure.NotFound("", resource, name);
        var uid = item.Shared.Map("metadata")?.Text("uid") ?? "";
        if (bound.Text("uid") is { Length: > 0 } wanted && wanted != uid)
            throw ApiFailure.Conflict("", resource, name, $"the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated");
        return new TokenBinding(kind, name, uid);
    }

    private ApiResponse Log(ResourceRequest request, CancellationToken cancellationToken)
    {
        var pod = steps.Latest(request)?.Shared ?? throw request.NotFound();
        var container = ContainerOf(pod, request);
        if (pod.Map("spec")?.Text("nodeName") is not { Length: > 0 })
            return ApiResponse.Of(200, ReadOnlyMemory<byte>.Empty, "text/plain");
        if (Hooks.Logs is not { } source)
            throw new ApiFailure(503, "ServiceUnavailable", "no kubelet answers for the node of this pod");
        var query = request.Query;
        var lines = source(new LogRequest(request.Namespace, request.Name, container)
        {
            Follow = query.Flag("follow"),
            Previous = query.Flag("previous"),
            Timestamps = query.Flag("timestamps"),
            TailLines = int.TryParse(query["tailLines"], out var tail) ? tail : null,
            Since = long.TryParse(query["sinceSeconds"], out var seconds) ? steps.Now - TimeSpan.FromSeconds(seconds)
                : DateTimeOffset.TryParse(query["sinceTime"], out var since) ? since : null,
        }, cancellationToken);
        return new ApiResponse { Status = 200, ContentType = "text/plain", Lines = lines };
    }

    private static string ContainerOf(JsonObject pod, ResourceRequest request)
    {
        var spec = pod.Map("spec") ?? [];
        string[] names = [.. spec.Objects("containers").Select(c => c.Text("name") ?? "")];
        string[] all = [.. names, .. spec.Objects("initContainers").Select(c => c.Text("name") ?? "")];
        var asked = request.Query["container"] ?? "";
        if (asked.Length > 0)
        {
            return all.Contains(asked) ? asked
                : throw ApiFailure.BadRequest($"container {asked} is not valid for pod {request.Name}");
        }
        if (names.Length == 1) return names[0];
        throw ApiFailure.BadRequest(
            $"a container name must be specified for pod {request.Name}, choose one of: [{string.Join(' ', names)}]");
    }
}
