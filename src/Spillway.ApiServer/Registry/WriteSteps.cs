using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>The steps that every write goes through, in the real server's order.</summary>
internal sealed class WriteSteps(
    ObjectStore store, AdmissionChain admission, IdentitySource identities, TimeProvider time)
{
    public ServiceAddresses Addresses { get; } = new(store, identities);

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The version of the newest committed change.</summary>
    public long Version => store.Version;

    public JsonObject Read(ResourceRequest request) => RequestBody.ReadObject(request);

    public string NewUid() => identities.NewUid();

    public string NameSuffix() => identities.Suffix();

    public bool Exists(ResourceRequest request, string key) => store.Get(request.Resource.StoreName, key) is not null;

    public bool IsTerminating(ResourceRequest request, string key) =>
        store.GetLatest(request.Resource.StoreName, key) is { } item && ObjectMeta.IsTerminating(item.Shared);

    public StoredObject? Latest(ResourceRequest request) => store.GetLatest(request.Resource.StoreName, request.Key);

    public StoredObject? Find(string storeName, string key) => store.GetLatest(storeName, key);

    public List<StoredObject> List(string storeName, string prefix) => store.List(storeName, prefix).Items;

    /// <summary>Changes an object as part of another request, until nobody was faster. Nothing happens when it is gone.</summary>
    public async ValueTask ChangeAsync(
        string storeName, string key, Action<JsonObject> change, bool isDryRun, CancellationToken cancellationToken)
    {
        while (store.GetLatest(storeName, key) is { } before)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var item = before.Parse();
            change(item);
            if (isDryRun || await store.WriteAsync(storeName, key, before, EncodedObject.Of(item)) is not null) return;
        }
    }

    /// <summary>Kind, version, namespace and name of a body must agree with the path.</summary>
    public void CheckIdentity(JsonObject item, ResourceRequest request)
    {
        var type = request.Type;
        var (kind, apiVersion) = (item.Text("kind") ?? "", item.Text("apiVersion") ?? "");
        if (kind.Length == 0) item["kind"] = kind = type.Kind;
        if (apiVersion.Length == 0) item["apiVersion"] = apiVersion = type.ApiVersion;
        if (apiVersion != type.ApiVersion || (kind != type.Kind && !type.IsCustom))
            throw WrongKind(kind, apiVersion, type);
        var metadata = item.Ensure("metadata");
        if (type.Namespaced)
        {
            var space = metadata.Text("namespace") ?? "";
            if (space.Length > 0 && request.Namespace.Length > 0 && space != request.Namespace)
                throw ApiFailure.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            if (request.Namespace.Length > 0) metadata["namespace"] = request.Namespace;
        }
        else
        {
            metadata.Remove("namespace");
        }
        if (request.Name.Length == 0) return;
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0)
        {
            // Parts of an object (a scale, an eviction) may leave the name to the path; a whole one may not.
            if (request.Target.Verb == "update" && request.Subresource.Length == 0)
            {
                throw ApiFailure.BadRequest(
                    $"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided");
            }
            metadata["name"] = request.Name;
        }
        else if (name != request.Name)
            throw ApiFailure.BadRequest(
                $"the name of the object ({name}) does not match the name on the URL ({request.Name})");
    }

    private static ApiFailure WrongKind(string kind, string apiVersion, ResourceType type)
    {
        if (type.IsCustom && apiVersion != type.ApiVersion)
        {
            return ApiFailure.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({type.ApiVersion})");
        }
        var slash = apiVersion.IndexOf('/');
        var isKnown =
            TypeTable.Load().Shape(slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], kind) is not null;
        var package = type.Group.Length == 0 ? "core" : type.Group.Split('.')[0];
        return ApiFailure.BadRequest(
            $"{kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: " + (isKnown
            ? $"converting ({apiVersion[(slash + 1)..]}.{kind}) to ({package}.{type.Kind}): unknown conversion"
            : $"no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""));
    }

    /// <summary>Reads the body as a whole object of the kind: types checked, identity settled, unknown fields dropped.</summary>
    public JsonObject ReadWhole(ResourceRequest request)
    {
        var decoded = RequestBody.MediaType(request) is "application/json" or ""
            ? ObjectDecoder.Json(request.Http.Body.Span, request.Type)
            : ObjectDecoder.Tree(RequestBody.ReadObject(request), request.Type);
        CheckIdentity(decoded.Object, request);
        Complain(decoded.Object, decoded.Problems, request);
        PruneUnknown(decoded.Object, request);
        return decoded.Object;
    }

    /// <summary>Checks what a patch made, and drops fields the kind does not have.</summary>
    public void CheckPatched(JsonObject item, JsonNode? patch, ResourceRequest request)
    {
        var problems = ObjectDecoder.Patched(
            item, request.Type, request.FieldValidation == "Strict", () => PatchedText.Of(item, patch));
        if (request.FieldValidation == "Warn") AddWarnings(problems, request);
        PruneUnknown(item, request);
    }

    private static void PruneUnknown(JsonObject item, ResourceRequest request)
    {
        var unknown = request.Resource.Rules.Prune(item, request.Type);
        if (unknown.Count > 0) Complain(item, [.. unknown.Select(u => $"unknown field \"{u}\"")], request);
    }

    private static void Complain(JsonObject item, IReadOnlyList<string> problems, ResourceRequest request)
    {
        if (problems.Count == 0 || request.FieldValidation == "Ignore") return;
        if (request.FieldValidation == "Strict") throw ObjectDecoder.Strict(item, request.Type, problems);
        AddWarnings(problems, request);
    }

    private static void AddWarnings(IReadOnlyList<string> problems, ResourceRequest request)
    {
        foreach (var problem in problems)
            if (!request.Warnings.Contains(problem)) request.Warnings.Add(problem);
    }

    /// <summary>Notes in managedFields what a create sets. Before admission: what that adds belongs to nobody.</summary>
    public void TrackCreate(JsonObject item, ResourceRequest request) =>
        ManagedFields.TrackUpdate(request.Type, null, item, request.Writer, Now);

    /// <summary>Notes in managedFields what an update or a patch changes.</summary>
    public void TrackUpdate(JsonObject item, JsonObject old, ResourceRequest request)
    {
        // The scale endpoint of custom resources tells no time, here as in the real server.
        var isTimeless = request.Type.IsCustom && request.Subresource == "scale";
        ManagedFields.TrackUpdate(request.Type, old, item, request.Writer, isTimeless ? default : Now);
        if (isTimeless)
        {
            foreach (var entry in item.Map("metadata")?.Objects("managedFields") ?? [])
                if (entry.Text("time") == "0001-01-01T00:00:00Z") entry.Remove("time");
        }
        ManagedFields.KeepTimesIfUnchanged(old, item);
    }

    public async ValueTask MutateAsync(
        AdmissionRequest asked, ResourceRequest request, CancellationToken cancellationToken)
    {
        await admission.MutateAsync(asked, cancellationToken);
        request.Resource.Rules.Default(asked.Object!, request.Type);
    }

    /// <summary>The kind's validation, then validating admission.</summary>
    public async ValueTask ValidateAsync(
        AdmissionRequest asked, ResourceRequest request, JsonObject? old, CancellationToken cancellationToken)
    {
        var item = asked.Object!;
        var errors = request.Resource.Rules.Validate(item, old, request.Type, request.Subresource, request.Warnings);
        if (errors.Count > 0)
            throw ApiFailure.Invalid(request.Type.Group, request.Type.Kind, item.Ensure("metadata").Text("name")
                ?? "", errors);
        await admission.ValidateAsync(asked, cancellationToken);
        foreach (var warning in asked.Warnings)
            if (!request.Warnings.Contains(warning)) request.Warnings.Add(warning);
    }

    public ValueTask AdmitDeleteAsync(AdmissionRequest asked, CancellationToken cancellationToken) =>
        admission.ValidateAsync(asked, cancellationToken);

    /// <summary>Stores in the storage version; null when somebody was faster.</summary>
    public async ValueTask<StoredObject?> StoreAsync(
        JsonObject item, StoredObject? expected, string key, ResourceRequest request,
            CancellationToken cancellationToken)
    {
        var resource = request.Resource;
        if (item.Text("apiVersion") != resource.Storage.ApiVersion)
            item = await resource.Rules.ConvertAsync(item, resource.Storage, cancellationToken);
        var stored = await store.WriteAsync(resource.StoreName, key, expected, EncodedObject.Of(item));
        // A new quota is counted, and a pod that finished counts no more; everything else is charged on its way in.
        if (stored is not null && (resource.StoreName == "resourcequotas"
            || (resource.StoreName == "pods" && request.Subresource == "status" && IsFinished(item))))
            await admission.Quotas.RefreshAsync(stored.Namespace, cancellationToken);
        return stored;
    }

    public async ValueTask<StoredObject?> RemoveAsync(StoredObject expected, ResourceRequest request)
    {
        var removed = await store.WriteAsync(request.Resource.StoreName, expected.Key, expected, null);
        if (removed is not null && request.Type.Namespaced && request.Resource.StoreName != "events")
            await admission.Quotas.RefreshAsync(expected.Namespace, CancellationToken.None);
        return removed;
    }

    private static bool IsFinished(JsonObject pod) => pod.Map("status")?.Text("phase") is "Succeeded" or "Failed";
}
