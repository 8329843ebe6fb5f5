using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>update and patch, of objects and of those subresources that are parts of them.</summary>
internal sealed class UpdateVerbs(WriteSteps steps, ObjectView view, CreateVerb creator)
{
    // As the real server: a patch that keeps losing against other writers gives up.
    private const int Tries = 5;

    private const string Modified =
        "the object has been modified; please apply your changes to the latest version and try again";

    public async ValueTask<ApiResponse> UpdateAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        request.ReadDryRun();
        var body = steps.ReadWhole(request);
        if (steps.Latest(request) is null)
        {
            if (request.Subresource.Length > 0 || !KindStrategy.CreatesOnUpdate(request.Resource))
                throw request.NotFound();
            if (body.Ensure("metadata").Text("uid") is { Length: > 0 } uid) throw UidConflict(request, uid, "");
            return await creator.CreateAsync(body, request, cancellationToken);
        }
        if (body.Ensure("metadata").Text("resourceVersion") is not { Length: > 0 }
            && !KindStrategy.AllowsUnconditionalUpdate(request.Resource))
        {
            throw ApiFailure.Invalid(request.Type.Group, request.Type.Resource, request.Name,
                [FieldError.Invalid(
                    "metadata.resourceVersion", JsonValue.Create(0), "must be specified for an update")]);
        }
        return await ChangeAsync(request, _ => body.DeepClone().AsObject(), cancellationToken);
    }

    public async ValueTask<ApiResponse> PatchAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        request.ReadDryRun();
        var patch = new PatchBody(RequestBody.MediaType(request), request, steps.Now);
        if (steps.Latest(request) is not null)
            return await ChangeAsync(request, Patched, cancellationToken, patch.IsApply);
        if (!patch.IsApply || request.Subresource.Length > 0) throw request.NotFound();
        var item = patch.Apply(null);
        if (item.Ensure("metadata").Text("uid") is { Length: > 0 } uid)
            throw request.Conflict($"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        request.Resource.Rules.Default(item, request.Type);
        return await creator.AdmitAndStoreAsync(item, request, cancellationToken);

        JsonObject Patched(JsonObject live)
        {
            var patched = patch.Apply(live);
            if (!patch.IsApply) steps.CheckPatched(patched, patch.Content, request);
            return patched;
        }
    }

    /// <summary>Changes the newest version, again and again until nobody was faster.</summary>
    public async ValueTask<ApiResponse> ChangeAsync(
        ResourceRequest request, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken,
            bool isApply = false)
    {
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            var before = steps.Latest(request) ?? throw request.NotFound();
            var old = await view.TreeAsync(before, request.Resource, request.Type, cancellationToken);
            var item = change(old);
            CheckPreconditions(item, before, old, request);
            item = await FinishAsync(item, old, request, isApply, cancellationToken);
            if (request.IsDryRun) return view.Tree(request, 200, item);
            if (JsonNode.DeepEquals(item, old)) return await view.OneAsync(request, 200, before, cancellationToken);
            if (MustGo(item, request))
            {
                // The answer shows what the writer made of it, though nothing is stored any more.
                if (await steps.RemoveAsync(before, request) is null) continue;
                return view.Tree(request, 200, item);
            }
            var stored = await steps.StoreAsync(item, before, request.Key, request, cancellationToken);
            if (stored is not null) return await view.OneAsync(request, 200, stored, cancellationToken);
        }
        throw request.Conflict(Modified);
    }

    private async ValueTask<JsonObject> FinishAsync(
        JsonObject item, JsonObject old, ResourceRequest request, bool isApply, CancellationToken cancellationToken)
    {
        var version = old.Ensure("metadata").Text("resourceVersion");
        ObjectMeta.KeepSystemFields(item, old);
        if (isApply) KeepIdentity(item, old);
        request.Resource.Rules.Default(item, request.Type);
        // A binding is the scheduler's word about the pod, not an owner of its fields.
        if (!isApply && request.Subresource != "binding") steps.TrackUpdate(item, old, request);
        var asked = request.Admission(AdmissionOperation.Update, item, old);
        await steps.MutateAsync(asked, request, cancellationToken);
        item = asked.Object!;
        KindStrategy.PrepareForUpdate(item, old, request.Resource, request.Type, request.Subresource);
        var isService = request.Resource.StoreName == "services" && request.Subresource.Length == 0;
        if (isService) steps.Addresses.Assign(item);
        await steps.ValidateAsync(asked, request, old, cancellationToken);
        if (isService) steps.Addresses.Check(item, old);
        item.Ensure("metadata")["resourceVersion"] = version;
        return item;
    }

    /// <summary>An apply need not repeat what the path says.</summary>
    private static void KeepIdentity(JsonObject item, JsonObject old)
    {
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace"])
            if (item.Ensure("metadata")[name] is null)
                ObjectMeta.Copy(old.Ensure("metadata"), item.Ensure("metadata"), name);
    }

    private static void CheckPreconditions(
        JsonObject item, StoredObject before, JsonObject old, ResourceRequest request)
    {
        var metadata = item.Ensure("metadata");
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != old.Ensure("metadata").Text("uid"))
        {
            if (request.Target.Verb != "patch")
                throw UidConflict(request, uid, old.Ensure("metadata").Text("uid") ?? "");
            var immutable = FieldError.Invalid("metadata.uid", JsonValue.Create(uid), "field is immutable");
            // Twice in the causes and once in the message, as the real server has it.
            var once = ApiFailure.Invalid(request.Type.Group, request.Type.Kind, request.Name, [immutable]);
            once.Details!["causes"]!.AsArray().Add(once.Details["causes"]![0]!.DeepClone());
            throw once;
        }
        if (metadata.Text("name") is { } name && name != request.Name)
            throw ApiFailure.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        if (metadata.Text("resourceVersion") is not { Length: > 0 } version || version == "0") return;
        if (!ulong.TryParse(version, out _))
            throw new ApiFailure(500, "", $"strconv.ParseUint: parsing \"{version}\": invalid syntax");
        if (version != before.Version.ToString()) throw request.Conflict(Modified);
    }

    /// <summary>An object on its way out is gone when its last finalizer is.</summary>
    private static bool MustGo(JsonObject item, ResourceRequest request)
    {
        if (!ObjectMeta.IsTerminating(item) || ObjectMeta.HasFinalizers(item) || ObjectMeta.Grace(item) > 0)
            return false;
        return request.Resource.StoreName != "namespaces" || item.Map("spec")?.List("finalizers") is not { Count: > 0 };
    }

    public static ApiFailure UidConflict(ResourceRequest request, string asked, string actual) => request.Conflict(
        $"StorageError: invalid object, Code: 4, Key: /registry/{request.Resource.StoreName}/{request.Key}, ResourceVersion: 0, "
        + $"AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, UID in object meta: {actual}");
}
