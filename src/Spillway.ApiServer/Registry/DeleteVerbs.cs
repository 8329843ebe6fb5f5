using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.CustomResources;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>delete and deletecollection: preconditions, grace, finalizers, propagation.</summary>
internal sealed class DeleteVerbs(WriteSteps steps, ObjectView view, ReadVerbs reads)
{
    private const int Tries = 8;

    public async ValueTask<ApiResponse> DeleteAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = DeleteOptions.Read(request);
        var (item, isGone) = await DeleteAsync(request, options, cancellationToken);
        if (!isGone && !request.IsDryRun) return view.Tree(request, 200, item);
        if (KindStrategy.ReturnsDeleted(request.Resource)) return view.Tree(request, 200, item);
        return ObjectView.Answer(request, 200, Success(item, request));
    }

    public async ValueTask<ApiResponse> DeleteCollectionAsync(
        ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = DeleteOptions.Read(request);
        var doomed = reads.Matching(request);
        var trees = new List<StoredObject>(doomed.Count);
        foreach (var item in doomed)
        {
            var one = request.For(item.Namespace, item.Name);
            try
            {
                await DeleteAsync(one, options, cancellationToken);
            }
            catch (ApiFailure e) when (e.Code == 404)
            {
                // Somebody else was faster: it is as gone as it was asked to be.
            }
            trees.Add(item);
        }
        var list = new ListSnapshot(steps.Version, trees, 0);
        return await view.ListAsync(request, list, "", null, cancellationToken);
    }

    /// <summary>Deletes, or starts to. The tree is the object as it was left or removed.</summary>
    public async ValueTask<(JsonObject Item, bool IsGone)> DeleteAsync(
        ResourceRequest request, DeleteOptions options, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            var before = steps.Latest(request) ?? throw request.NotFound();
            var old = await view.TreeAsync(before, request.Resource, request.Type, cancellationToken);
            CheckPreconditions(options, old, before, request);
            await steps.AdmitDeleteAsync(request.Admission(AdmissionOperation.Delete, null, old), cancellationToken);
            var item = old.DeepClone().AsObject();
            var mayGo = Mark(item, options, request);
            if (request.IsDryRun) return (item, mayGo);
            if (mayGo)
            {
                // As the real server: watchers hear that a pod's grace is over before they hear that it is gone.
                if (request.Resource.StoreName == "pods")
                {
                    if (await steps.StoreAsync(item, before, request.Key, request, cancellationToken) is not { } last)
                        continue;
                    before = last;
                }
                if (await steps.RemoveAsync(before, request) is not { } removed) continue;
                item.Ensure("metadata")["resourceVersion"] = removed.Version.ToString();
                return (item, true);
            }
            if (JsonNode.DeepEquals(item, old)) return (item, false);
            if (await steps.StoreAsync(item, before, request.Key, request, cancellationToken) is { } stored)
                return (await view.TreeAsync(stored, request.Resource, request.Type, cancellationToken), false);
        }
        throw request.Conflict("the object has been modified; please apply your changes to the latest version and try again");
    }

    /// <summary>Marks the object for deletion; true when nothing keeps it.</summary>
    private bool Mark(JsonObject item, DeleteOptions options, ResourceRequest request)
    {
        SetPropagation(item, options, request);
        if (request.Resource.StoreName == DefinitionKindRules.StoreName)
        {
            CustomDefinition.PrepareDelete(item, steps.Now);
            return false;
        }
        var metadata = item.Ensure("metadata");
        var grace = Grace(item, options, request);
        var isNamespace = request.Resource.StoreName == "namespaces";
        var isKept = ObjectMeta.HasFinalizers(item)
            || (isNamespace && item.Map("spec")?.List("finalizers") is { Count: > 0 });
        if (ObjectMeta.IsTerminating(item))
        {
            return Shorten(item, metadata, options.GracePeriodSeconds) && !isKept;
        }
        if (grace == 0 && !isKept)
        {
            // Pods have a grace period even when it is none: the answer shows it.
            if (request.Resource.StoreName == "pods")
            {
                SetDeletion(metadata, 0);
                Count(metadata);
            }
            return true;
        }
        SetDeletion(metadata, grace);
        Count(metadata);
        if (isNamespace)
        {
            metadata.Remove("deletionGracePeriodSeconds");
            item.Ensure("status")["phase"] = "Terminating";
        }
        return false;
    }

    /// <summary>
    /// A grace period that runs can only get shorter; it counts from the first request. True when it is over.
    /// </summary>
    private bool Shorten(JsonObject item, JsonObject metadata, long? wanted)
    {
        var left = ObjectMeta.Grace(item);
        if (left == 0) return true;
        if (wanted is not { } grace || grace >= left) return false;
        if (grace <= 0)
        {
            SetDeletion(metadata, 0);
            return true;
        }
        var end = ObjectMeta.DeletionTime(item) - TimeSpan.FromSeconds(left - grace);
        if (end <= steps.Now) SetDeletion(metadata, 1);
        else
        {
            metadata["deletionTimestamp"] = ObjectMeta.Time(end);
            metadata["deletionGracePeriodSeconds"] = grace;
        }
        return false;
    }

    private static void Count(JsonObject metadata)
    {
        if (metadata.Number("generation") is { } generation and > 0) metadata["generation"] = generation + 1;
    }

    private void SetDeletion(JsonObject metadata, long grace)
    {
        metadata["deletionTimestamp"] = ObjectMeta.Time(steps.Now + TimeSpan.FromSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
    }

    private static long Grace(JsonObject item, DeleteOptions options, ResourceRequest request)
    {
        // Only pods are deleted gracefully: somebody has to stop their processes first.
        if (request.Resource.StoreName != "pods") return 0;
        var spec = item.Ensure("spec");
        if (spec.Text("nodeName") is not { Length: > 0 }) return 0;
        if (item.Map("status")?.Text("phase") is "Succeeded" or "Failed") return 0;
        var grace = options.GracePeriodSeconds ?? spec.Number("terminationGracePeriodSeconds") ?? 30;
        return grace < 0 ? 1 : grace;
    }

    private static void SetPropagation(JsonObject item, DeleteOptions options, ResourceRequest request)
    {
        if (options.Policy is not { } policy) return;
        var metadata = item.Ensure("metadata");
        var kept = metadata.Texts("finalizers").Where(f => f is not ("orphan" or "foregroundDeletion")).ToList();
        if (policy == "Orphan") kept.Add("orphan");
        if (policy == "Foreground") kept.Add("foregroundDeletion");
        if (kept.Count == 0) metadata.Remove("finalizers");
        else metadata["finalizers"] = new JsonArray([.. kept.Select(f => (JsonNode)f)]);
    }

    public static void CheckPreconditions(
        DeleteOptions options, JsonObject old, StoredObject before, ResourceRequest request)
    {
        var uid = old.Ensure("metadata").Text("uid") ?? "";
        if (options.Uid is { } wanted && wanted != uid)
            throw Conflict(request, $"the UID in the precondition ({wanted}) does not match the UID in record ({uid}). "
                + "The object might have been deleted and then recreated");
        if (options.ResourceVersion is { } version && version != before.Version.ToString())
            throw Conflict(request, $"the ResourceVersion in the precondition ({version}) does not match the "
                + $"ResourceVersion in record ({before.Version}). The object might have been modified");
    }

    /// <summary>Here the real server speaks of the kind, not of the resource.</summary>
    private static ApiFailure Conflict(ResourceRequest request, string why) =>
        ApiFailure.Conflict(request.Type.Group, request.Type.Kind, request.Name, why);

    private static JsonObject Success(JsonObject item, ResourceRequest request)
    {
        var details = new JsonObject { ["name"] = request.Name };
        if (request.Type.Group.Length > 0) details["group"] = request.Type.Group;
        details["kind"] = request.Type.Resource;
        details["uid"] = item.Ensure("metadata").Text("uid");
        return new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = details,
        };
    }
}

/// <summary>DeleteOptions of a body or of the query.</summary>
internal sealed record DeleteOptions
{
    public long? GracePeriodSeconds { get; init; }

    /// <summary>Foreground, Background, Orphan; null when the kind's default counts.</summary>
    public string? Policy { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    /// <summary>Options inside another object, such as an eviction.</summary>
    public static DeleteOptions Of(JsonObject? options) => new()
    {
        GracePeriodSeconds = options?.Number("gracePeriodSeconds"),
        Policy = options?.Text("propagationPolicy"),
        Uid = options?.Map("preconditions")?.Text("uid"),
        ResourceVersion = options?.Map("preconditions")?.Text("resourceVersion"),
    };

    public static DeleteOptions Read(ResourceRequest request)
    {
        var body = request.Http.Body.IsEmpty ? [] : ReadBody(request);
        request.ReadDryRun();
        if (body.Texts("dryRun") is ["All"]) request.SetDryRun();
        var query = request.Query;
        var grace = body.Number("gracePeriodSeconds")
            ?? (long.TryParse(query["gracePeriodSeconds"], out var seconds) ? seconds : null);
        var policy = body.Text("propagationPolicy") ?? query["propagationPolicy"];
        var orphan = body.ContainsKey("orphanDependents") ? body.Flag("orphanDependents") : (bool?)null;
        Check(policy, orphan, grace);
        return new DeleteOptions
        {
            GracePeriodSeconds = grace,
            Policy = policy ?? (orphan is { } yes ? (yes ? "Orphan" : "Background") : null),
            Uid = body.Map("preconditions")?.Text("uid"),
            ResourceVersion = body.Map("preconditions")?.Text("resourceVersion"),
        };
    }

    private static JsonObject ReadBody(ResourceRequest request)
    {
        try
        {
            var body = RequestBody.ReadObject(request);
            if (body.Text("kind") is not (null or "DeleteOptions"))
            {
                throw ApiFailure.BadRequest($"no kind \"{body.Text("kind")}\" is registered for version "
                    + $"\"{body.Text("apiVersion")}\" in scheme \"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\"");
            }
            return body;
        }
        catch (JsonException e)
        {
            throw ApiFailure.BadRequest("DeleteOptions: " + e.Message);
        }
    }

    private static void Check(string? policy, bool? orphan, long? grace)
    {
        var errors = new List<FieldError>();
        if (policy is not (null or "Foreground" or "Background" or "Orphan"))
            errors.Add(FieldError.NotSupported("propagationPolicy", JsonValue.Create(policy),
                ["Foreground", "Background", "Orphan", "nil"]));
        if (policy is not null && orphan is not null)
            errors.Add(FieldError.Invalid("propagationPolicy", JsonValue.Create(policy),
                "orphanDependents and deletionPropagation cannot be both set"));
        _ = grace;
        if (errors.Count > 0) throw ApiFailure.Invalid("meta.k8s.io", "DeleteOptions", "", errors);
    }
}
