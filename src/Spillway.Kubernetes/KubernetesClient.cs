using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>Speaks the Kubernetes API over a transport, typed by resource descriptors.</summary>
public sealed class KubernetesClient(IKubernetesTransport transport)
{
    /// <summary>The way to the server, for requests that this class has no words for.</summary>
    public IKubernetesTransport Transport { get; } = transport;

    /// <summary>The object, or null when it is not there.</summary>
    public async Task<T?> GetAsync<T>(
        KubernetesResource<T> resource, ObjectKey key, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var response =
            await Transport.SendAsync(new KubernetesRequest("GET", resource.ObjectPath(key)), cancellationToken);
        if (response.IsSuccess) return resource.Decode(response.Body);
        if (response.Status == 404) return null;
        throw Refused("get", resource, key, response);
    }

    /// <summary>One page; <see cref="KubernetesList{T}.Continue"/> leads to the next.</summary>
    public async Task<KubernetesList<T>> ListAsync<T>(
        KubernetesResource<T> resource, ListQuery query, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var body = await ListRawAsync(resource, query, cancellationToken);
        var items = new List<T>();
        var page = ListReader.Read(body, item => items.Add(resource.Decode(item)));
        return new KubernetesList<T>(items, page.ResourceVersion, page.Continue);
    }

    /// <summary>Every object, a page of 500 at a time.</summary>
    public async IAsyncEnumerable<T> ListAllAsync<T>(
        KubernetesResource<T> resource, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        if (query.Limit == 0) query = query with { Limit = 500 };
        while (true)
        {
            var page = await ListAsync(resource, query, cancellationToken);
            foreach (var item in page.Items) yield return item;
            if (page.Continue.Length == 0) yield break;
            query = query with { Continue = page.Continue, ResourceVersion = null, ResourceVersionMatch = null };
        }
    }

    /// <summary>The list's bytes, for readers that decode on their own.</summary>
    public async Task<ReadOnlyMemory<byte>> ListRawAsync(
        KubernetesResource resource, ListQuery query, CancellationToken cancellationToken)
    {
        var text = new QueryText();
        query.AddTo(text);
        var request = new KubernetesRequest("GET", resource.CollectionPath(query.Namespace) + text);
        var response = await Transport.SendAsync(request, cancellationToken);
        return response.IsSuccess ? response.Body : throw Refused("list", resource, null, response);
    }

    /// <summary>Opens a watch. Dispose the stream to end it. A refusal (410 among them) is a <see cref="KubernetesStatusException"/>.</summary>
    public async Task<WatchStream> WatchAsync(
        KubernetesResource resource, WatchQuery query, CancellationToken cancellationToken)
    {
        var path = resource.CollectionPath(query.Scope.Namespace) + query.Query();
        var response =
            await Transport.SendAsync(new KubernetesRequest("GET", path) { Streaming = true }, cancellationToken);
        if (response is { IsSuccess: true, Lines: { } lines }) return new WatchStream(response, lines);
        await using (response)
            throw Refused("watch", resource, null, response);
    }

    public Task<WriteResult<T>> CreateAsync<T>(
        KubernetesResource<T> resource, T wanted, CancellationToken cancellationToken)
        where T : KubernetesObject => CreateAsync(resource, wanted, WriteOptions.None, cancellationToken);

    public async Task<WriteResult<T>> CreateAsync<T>(
        KubernetesResource<T> resource, T wanted, WriteOptions options, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var request = new KubernetesRequest("POST", resource.CollectionPath(wanted.Namespace) + options.Query())
        {
            Body = wanted.Json.ToUtf8(),
        };
        return Outcome("create", resource, wanted.Key, await Transport.SendAsync(request, cancellationToken));
    }

    /// <summary>Replaces the object. With its resource version it is refused when somebody else wrote first.</summary>
    public Task<WriteResult<T>> UpdateAsync<T>(
        KubernetesResource<T> resource, T wanted, CancellationToken cancellationToken)
        where T : KubernetesObject => UpdateAsync(resource, wanted, WriteOptions.None, cancellationToken);

    public async Task<WriteResult<T>> UpdateAsync<T>(
        KubernetesResource<T> resource, T wanted, WriteOptions options, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var request =
            new KubernetesRequest("PUT", resource.ObjectPath(wanted.Key, options.Subresource) + options.Query())
        {
            Body = wanted.Json.ToUtf8(),
        };
        return Outcome("update", resource, wanted.Key, await Transport.SendAsync(request, cancellationToken));
    }

    public Task<WriteResult<T>> PatchAsync<T>(
        KubernetesResource<T> resource, ObjectKey key, KubernetesPatch patch, CancellationToken cancellationToken)
        where T : KubernetesObject => PatchAsync(resource, key, patch, WriteOptions.None, cancellationToken);

    public async Task<WriteResult<T>> PatchAsync<T>(
        KubernetesResource<T> resource, ObjectKey key, KubernetesPatch patch, WriteOptions options,
        CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var request = new KubernetesRequest("PATCH", resource.ObjectPath(key, options.Subresource) + options.Query())
        {
            Body = patch.Body.ToUtf8(),
            ContentType = patch.ContentType,
        };
        return Outcome("patch", resource, key, await Transport.SendAsync(request, cancellationToken));
    }

    /// <summary>Server-side apply of what the field manager wants. Managed fields are left out: the server refuses them.</summary>
    public Task<WriteResult<T>> ApplyAsync<T>(
        KubernetesResource<T> resource, T wanted, WriteOptions options, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        if (string.IsNullOrEmpty(options.FieldManager))
            throw new ArgumentException("Server-side apply needs a field manager.", nameof(options));
        var body = wanted.Json.Copied();
        body.ObjectAt("metadata")?.Remove("managedFields");
        return PatchAsync(resource, wanted.Key, KubernetesPatch.Apply(body), options, cancellationToken);
    }

    /// <summary>
    /// Deletes. Written carries the last state when the server answered with the object (finalizers or a grace period
    /// keep it for a while), else the object's name alone.
    /// </summary>
    public async Task<WriteResult<T>> DeleteAsync<T>(
        KubernetesResource<T> resource, ObjectKey key, DeleteOptions options, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        var request = new KubernetesRequest("DELETE", resource.ObjectPath(key)) { Body = options.ToJson().ToUtf8() };
        var response = await Transport.SendAsync(request, cancellationToken);
        if (!response.IsSuccess) return Outcome("delete", resource, key, response);
        var answer = resource.Decode(response.Body);
        return new WriteResult<T>.Written(answer.Kind == "Status" ? resource.New(key) : answer);
    }

    public async Task DeleteCollectionAsync(
        KubernetesResource resource, ListQuery query, DeleteOptions options, CancellationToken cancellationToken)
    {
        var text = new QueryText();
        query.AddTo(text);
        var request = new KubernetesRequest("DELETE", resource.CollectionPath(query.Namespace) + text)
        {
            Body = options.ToJson().ToUtf8(),
        };
        var response = await Transport.SendAsync(request, cancellationToken);
        if (!response.IsSuccess && response.Status != 404) throw Refused("delete all", resource, null, response);
    }

    /// <summary>Asks for a pod's eviction, which disruption budgets may refuse.</summary>
    public async Task<EvictionResult> EvictAsync(
        ObjectKey pod, DeleteOptions options, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace },
            ["deleteOptions"] = options.ToJson(),
        };
        var request =
            new KubernetesRequest("POST", Resources.Pods.ObjectPath(pod, "eviction")) { Body = body.ToUtf8() };
        var response = await Transport.SendAsync(request, cancellationToken);
        return response.Status switch
        {
            >= 200 and < 300 => new EvictionResult.Evicted(),
            404 => new EvictionResult.NotFound(),
            409 => new EvictionResult.Conflict(KubernetesStatus.Read(response)),
            429 => new EvictionResult.Blocked(KubernetesStatus.Read(response)),
            _ => throw Refused("evict", Resources.Pods, pod, response),
        };
    }

    /// <summary>Binds a pod to a node. Conflict when it is bound already or another pod has taken its name.</summary>
    public async Task<WriteResult<Pod>> BindAsync(
        ObjectKey pod, string podUid, string nodeName, CancellationToken cancellationToken,
        IReadOnlyDictionary<string, string>? annotations = null)
    {
        var metadata = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace };
        if (podUid.Length > 0) metadata["uid"] = podUid;
        if (annotations is { Count: > 0 })
        {
            metadata["annotations"] = new JsonObject(
                annotations.Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value)));
        }
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = metadata,
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = nodeName },
        };
        var request = new KubernetesRequest("POST", Resources.Pods.ObjectPath(pod, "binding")) { Body = body.ToUtf8() };
        var response = await Transport.SendAsync(request, cancellationToken);
        return response.IsSuccess
            ? new WriteResult<Pod>.Written(Resources.Pods.New(pod))
            : Outcome("bind", Resources.Pods, pod, response);
    }

    /// <summary>The scale subresource, or null when the object is not there.</summary>
    public async Task<KubernetesObject?> GetScaleAsync(
        KubernetesResource resource, ObjectKey key, CancellationToken cancellationToken)
    {
        var request = new KubernetesRequest("GET", resource.ObjectPath(key, "scale"));
        var response = await Transport.SendAsync(request, cancellationToken);
        if (response.IsSuccess) return Resources.Scales.Decode(response.Body);
        return response.Status == 404 ? null : throw Refused("get the scale of", resource, key, response);
    }

    /// <summary>Sets the number of replicas.</summary>
    public async Task<WriteResult<KubernetesObject>> ScaleAsync(
        KubernetesResource resource, ObjectKey key, int replicas, CancellationToken cancellationToken)
    {
        var change = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        var request = new KubernetesRequest("PATCH", resource.ObjectPath(key, "scale"))
        {
            Body = change.ToUtf8(),
            ContentType = "application/merge-patch+json",
        };
        return Outcome("scale", Resources.Scales, key, await Transport.SendAsync(request, cancellationToken));
    }

    private static WriteResult<T> Outcome<T>(
        string action, KubernetesResource<T> resource, ObjectKey key, KubernetesResponse response)
        where T : KubernetesObject
    {
        if (response.IsSuccess) return new WriteResult<T>.Written(resource.Decode(response.Body));
        if (response.Status is not (404 or 409)) throw Refused(action, resource, key, response);
        var status = KubernetesStatus.Read(response);
        return response.Status switch
        {
            404 => new WriteResult<T>.NotFound(status),
            _ when status.Reason == "AlreadyExists" => new WriteResult<T>.AlreadyExists(status),
            _ => new WriteResult<T>.Conflict(status),
        };
    }

    private static KubernetesStatusException Refused(
        string action, KubernetesResource resource, ObjectKey? key, KubernetesResponse response) =>
        new($"{action} {resource.QualifiedName}{(key is { } k ? " " + k : "")}", KubernetesStatus.Read(response));
}

/// <summary>One page of a list.</summary>
/// <param name="Continue">Token of the next page; empty on the last.</param>
public sealed record KubernetesList<T>(IReadOnlyList<T> Items, string ResourceVersion, string Continue);
