using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>create, also as part of an apply or an update of something that is not there yet.</summary>
internal sealed class CreateVerb(WriteSteps steps, ObjectView view)
{
    // As the real server: with five random letters, eight tries are enough until some millions of names are taken.
    private const int NameTries = 8;

    public async ValueTask<ApiResponse> CreateAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        request.ReadDryRun();
        var item = steps.ReadWhole(request);
        if (request.Resource.RefusesCreate)
        {
            throw ApiFailure.Forbidden(request.Type.Group, request.Type.Resource, item.Map("metadata")?.Text("name")
                ?? "",
                "create not allowed while custom resource definition is terminating");
        }
        return await CreateAsync(item, request, cancellationToken);
    }

    public async ValueTask<ApiResponse> CreateAsync(
        JsonObject item, ResourceRequest request, CancellationToken cancellationToken)
    {
        var metadata = item.Ensure("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 } version && version != "0")
            throw new ApiFailure(500, "", "resourceVersion should not be set on objects to be created");
        request.Resource.Rules.Default(item, request.Type);
        steps.TrackCreate(item, request);
        return await AdmitAndStoreAsync(item, request, cancellationToken);
    }

    /// <summary>The rest of a create, once defaults and managed fields are in place.</summary>
    public async ValueTask<ApiResponse> AdmitAndStoreAsync(
        JsonObject item, ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Type.Namespaced) item.Ensure("metadata")["namespace"] = request.Namespace;
        var asked = request.Admission(AdmissionOperation.Create, item, null);
        await steps.MutateAsync(asked, request, cancellationToken);
        item = asked.Object!;
        var metadata = item.Ensure("metadata");
        var generates = metadata.Text("name") is not { Length: > 0 }
            && metadata.Text("generateName") is { Length: > 0 };
        ObjectMeta.StampNew(item, steps.NewUid(), steps.Now);
        // A name is generated before the kind's own strategy sees the object: a job's pods carry it.
        if (generates) Generate(item);
        KindStrategy.PrepareForCreate(item, request.Resource, request.Type, steps.Now);
        if (request.Resource.StoreName == "services") steps.Addresses.Assign(item);
        if (request.Resource.StoreName == "pods") PodVerbs.MarkGated(item, steps.Now);
        // What the strategy took away may have parts that are always there, such as an empty status.
        request.Resource.Rules.Default(item, request.Type);
        for (var attempt = 1; ; attempt++)
        {
            if (attempt > 1) Rename(item, request);
            await steps.ValidateAsync(asked, request, null, cancellationToken);
            if (request.Resource.StoreName == "services") steps.Addresses.Check(item, null);
            var key = request.KeyOf(request.Namespace, item.Ensure("metadata").Text("name") ?? "");
            if (request.IsDryRun && !steps.Exists(request, key)) return view.Tree(request, 201, item);
            if (!request.IsDryRun && await steps.StoreAsync(item, null, key, request, cancellationToken) is { } stored)
                return await view.OneAsync(request, 201, stored, cancellationToken);
            if (!generates || attempt == NameTries)
                throw steps.IsTerminating(request, key) ? Leaving(item, request) : Exists(item, request);
        }
    }

    private void Rename(JsonObject item, ResourceRequest request)
    {
        var before = item.Ensure("metadata").Text("name")!;
        Generate(item);
        if (request.Resource.StoreName != "jobs.batch") return;
        var labels = item.Ensure("spec").Ensure("template").Ensure("metadata").Ensure("labels");
        foreach (var key in (ReadOnlySpan<string>)["job-name", "batch.kubernetes.io/job-name"])
            if (labels.Text(key) == before) labels[key] = item.Ensure("metadata").Text("name");
    }

    private void Generate(JsonObject item)
    {
        var metadata = item.Ensure("metadata");
        var prefix = metadata.Text("generateName")!;
        // Names end at 63 characters, as those of most children must.
        metadata["name"] = (prefix.Length > 58 ? prefix[..58] : prefix) + steps.NameSuffix();
    }

    private static ApiFailure Leaving(JsonObject item, ResourceRequest request)
    {
        var exists = Exists(item, request);
        return new ApiFailure(
            409, "AlreadyExists", "object is being deleted: " + exists.Message) { Details = exists.Details };
    }

    private static ApiFailure Exists(JsonObject item, ResourceRequest request) => ApiFailure.AlreadyExists(
        request.Type.Group, request.Type.Resource, item.Ensure("metadata").Text("name") ?? "");
}
