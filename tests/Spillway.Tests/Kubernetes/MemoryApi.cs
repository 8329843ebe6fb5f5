using System.Collections.Specialized;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using Spillway.Kubernetes;

namespace Spillway.Tests.Kubernetes;

/// <summary>
/// A small API server in memory: versions, pages, watches, compaction and the faults that a real network adds. It knows
/// no schema; the embedded server is the judge of everything else.
/// </summary>
internal sealed class MemoryApi : IKubernetesTransport
{
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<(long Version, string Path, string Line)> _log = [];
    private readonly List<OpenWatch> _watches = [];
    private long _version = 100;
    private long _compactedTo;

    public List<KubernetesRequest> Requests { get; } = [];

    public bool KnowsStreamingLists { get; set; } = true;

    /// <summary>While set, no request gets an answer.</summary>
    public bool IsDown { get; set; }

    public int OpenWatches => _watches.Count;

    public int Lists => Requests.Count(r => r.Method == "GET" && !r.Streaming);

    public Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken)
    {
        Requests.Add(request);
        if (IsDown) throw new HttpRequestException("Connection refused");
        var at = request.PathAndQuery.IndexOf('?');
        var path = at < 0 ? request.PathAndQuery : request.PathAndQuery[..at];
        var query = HttpUtility.ParseQueryString(at < 0 ? "" : request.PathAndQuery[at..]);
        var body = request.Body.IsEmpty ? null : JsonNode.Parse(request.Body.Span) as JsonObject;
        return Task.FromResult(request.Method switch
        {
            "GET" when query["watch"] == "true" => Watch(path, query, cancellationToken),
            "GET" when _objects.TryGetValue(path, out var found) => Answer(200, found),
            "GET" when IsObject(path) => Missing(path),
            "GET" => List(path, query),
            "POST" => Create(path + "/" + (body.Text("metadata", "name") ?? ""), body!),
            "PUT" => Replace(path, body!),
            "PATCH" => _objects.TryGetValue(path, out var old) ? Store(path, Merge(old, body!), "MODIFIED") : Missing(path),
            "DELETE" => _objects.ContainsKey(path) ? Delete(path) : Missing(path),
            _ => Refuse(405, "MethodNotAllowed", request.Method),
        });
    }

    /// <summary>Stores an object as somebody else would.</summary>
    public void Put(string path, JsonObject json) =>
        Store(path, json, _objects.ContainsKey(path) ? "MODIFIED" : "ADDED");

    public KubernetesResponse Delete(string path)
    {
        if (!_objects.Remove(path, out var gone)) return Missing(path);
        gone.Ensure("metadata")["resourceVersion"] = (++_version).ToString();
        Tell(path, "DELETED", gone);
        return Answer(200, gone);
    }

    /// <summary>Ends every watch as a lost connection does.</summary>
    public void DropWatches(bool withinAnEvent = false)
    {
        foreach (var watch in _watches.ToList()) watch.End(withinAnEvent);
        _watches.Clear();
    }

    /// <summary>Forgets the past: a watch from before is answered 410.</summary>
    public void Compact() => _compactedTo = _version;

    public void RepeatLastEvent()
    {
        foreach (var watch in _watches) watch.Send(_log[^1].Line);
    }

    public void SendError(int code)
    {
        var status = new JsonObject { ["kind"] = "Status", ["code"] = code, ["reason"] = code == 410
            ? "Expired" : "InternalError" };
        foreach (var watch in _watches.ToList()) watch.Send(Event("ERROR", status));
    }

    public void SendBookmark()
    {
        _version++;
        foreach (var watch in _watches) watch.Send(Event("BOOKMARK", Bookmark()));
    }

    private KubernetesResponse Watch(string path, NameValueCollection query, CancellationToken cancellationToken)
    {
        var initial = query["sendInitialEvents"] == "true";
        if (initial && !KnowsStreamingLists) return Refuse(422, "Invalid", "sendInitialEvents: Forbidden");
        var from = long.TryParse(query["resourceVersion"], out var given) ? given : 0;
        if (!initial && from < _compactedTo) return Refuse(410, "Expired", "too old resource version");
        var watch = new OpenWatch(path, cancellationToken);
        if (initial)
        {
            foreach (var (_, found) in Under(path)) watch.Send(Event("ADDED", found));
            var end = Bookmark();
            end.Ensure("metadata", "annotations")["k8s.io/initial-events-end"] = "true";
            watch.Send(Event("BOOKMARK", end));
        }
        else
        {
            foreach (var (version, where, line) in _log)
            {
                if (version > from && where.StartsWith(path + "/")) watch.Send(line);
            }
        }

        _watches.Add(watch);
        return new KubernetesResponse(200, watch.ReadAsync(), () =>
        {
            _watches.Remove(watch);
            return ValueTask.CompletedTask;
        });
    }

    private KubernetesResponse List(string path, NameValueCollection query)
    {
        var all = Under(path).ToList();
        var skip = int.TryParse(query["continue"], out var next) ? next : 0;
        var limit = int.TryParse(query["limit"], out var given) && given > 0 ? given : all.Count;
        var metadata = new JsonObject { ["resourceVersion"] = _version.ToString() };
        if (skip + limit < all.Count) metadata["continue"] = (skip + limit).ToString();
        var items = all.Skip(skip).Take(limit).Select(o => (JsonNode)o.Value.DeepClone());
        return Answer(
            200, new JsonObject { ["kind"] = "List", ["metadata"] = metadata, ["items"] = new JsonArray([.. items]) });
    }

    private KubernetesResponse Create(string path, JsonObject json) =>
        _objects.ContainsKey(path)
            ? Refuse(409, "AlreadyExists", path + " already exists") : Store(path, json, "ADDED");

    private KubernetesResponse Replace(string path, JsonObject json)
    {
        if (!_objects.TryGetValue(path, out var old)) return Missing(path);
        var expected = json.Text("metadata", "resourceVersion");
        return expected is not null && expected != old.Text("metadata", "resourceVersion")
            ? Refuse(409, "Conflict", "the object has been modified")
            : Store(path, json, "MODIFIED");
    }

    private KubernetesResponse Store(string path, JsonObject json, string type)
    {
        json = json.Copied();
        json.Ensure("metadata")["resourceVersion"] = (++_version).ToString();
        json.Ensure("metadata")["uid"] ??= "uid-" + _version;
        _objects[path] = json;
        Tell(path, type, json);
        return Answer(200, json);
    }

    private void Tell(string path, string type, JsonObject json)
    {
        var line = Event(type, json);
        _log.Add((_version, path, line));
        foreach (var watch in _watches)
        {
            if (path.StartsWith(watch.Path + "/")) watch.Send(line);
        }
    }

    private static JsonObject Merge(JsonObject target, JsonObject change)
    {
        var merged = target.Copied();
        foreach (var (key, value) in change)
        {
            if (value is null) merged.Remove(key);
            else if (value is JsonObject inner && merged[key] is JsonObject old) merged[key] = Merge(old, inner);
            else merged[key] = value.DeepClone();
        }

        return merged;
    }

    // A namespaced collection lies within the path of all namespaces: pods of "/api/v1/pods" are kept by full path.
    private IEnumerable<KeyValuePair<string, JsonObject>> Under(string path) =>
        _objects.Where(o => o.Key.StartsWith(path + "/"));

    // Behind the version come collection, or collection and name, once more with a namespace before them.
    private static bool IsObject(string path) =>
        (path.Split('/').Length - (path.StartsWith("/apis/") ? 4 : 3)) % 2 == 0;

    private JsonObject Bookmark() => new()
    {
        ["kind"] = "Bookmark", ["metadata"] = new JsonObject { ["resourceVersion"] = _version.ToString() },
    };

    private static string Event(string type, JsonObject json) =>
        new JsonObject { ["type"] = type, ["object"] = json.DeepClone() }.ToJsonString();

    private static KubernetesResponse Missing(string path) => Refuse(404, "NotFound", path + " not found");

    private static KubernetesResponse Answer(int status, JsonObject json) => new(status, json.ToUtf8());

    private static KubernetesResponse Refuse(int code, string reason, string message) => Answer(code, new JsonObject
    {
        ["kind"] = "Status", ["code"] = code, ["reason"] = reason, ["message"] = message,
    });

    private sealed class OpenWatch(string path, CancellationToken cancellationToken)
    {
        private readonly Queue<string?> _lines = new();
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Path { get; } = path;

        public void Send(string? line)
        {
            _lines.Enqueue(line);
            _more.TrySetResult();
        }

        public void End(bool withinAnEvent)
        {
            if (withinAnEvent) Send("{\"type\":\"MODIFIED\",\"obj");
            Send(null);
        }

        public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync()
        {
            await using var _ = cancellationToken.Register(() => _more.TrySetCanceled(cancellationToken));
            while (true)
            {
                while (_lines.TryDequeue(out var line))
                {
                    if (line is null) yield break;
                    yield return Encoding.UTF8.GetBytes(line);
                }

                await _more.Task;
                _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
