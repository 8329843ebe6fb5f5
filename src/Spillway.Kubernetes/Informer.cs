using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Spillway.Kubernetes;

/// <summary>An informer, whatever it decodes to.</summary>
public abstract class Informer
{
    private protected Informer(KubernetesResource resource) => Resource = resource;

    public KubernetesResource Resource { get; }

    /// <summary>True once the first list is in the store.</summary>
    public bool HasSynced => Synced.IsCompletedSuccessfully;

    /// <summary>Completes once the first list is in the store.</summary>
    public abstract Task Synced { get; }

    internal abstract Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Keeps a copy of a resource's objects, by one list and a watch from there on. It survives whatever ends a watch: a
/// closed connection, an ERROR event, a version that is too old (410), a server that is away for hours.
/// </summary>
/// <remarks>
/// Decoding is the caller's: a hot reader takes the raw bytes into its own records, others the typed views. Handlers run
/// one at a time on the informer's loop and must be quick; they usually put a key into a queue.
/// </remarks>
public sealed partial class Informer<T> : Informer where T : class
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";

    /// <summary>Longest silence within a streaming list before the server is taken not to know such lists.</summary>
    private static readonly TimeSpan InitialSilence = TimeSpan.FromSeconds(60);

    /// <summary>How long after its own time limit a watch is given up as dead.</summary>
    private static readonly TimeSpan Overdue = TimeSpan.FromSeconds(30);

    private readonly KubernetesClient _client;
    private readonly Func<ReadOnlyMemory<byte>, T> _decode;
    private readonly InformerOptions _options;
    private readonly InformerStore<T> _store = new();
    private readonly Lock _notifying = new();
    private readonly List<Action<InformerChange<T>>> _handlers = [];

    // Without RunContinuationsAsynchronously: with it Task.WhenAll and WaitAsync over this task go through the thread
    // pool, which a single-threaded loop must not. It is set at the end of a step, where running on is harmless.
    private readonly TaskCompletionSource _synced = new();
    private readonly Backoff _backoff;
    private readonly TimeSpan _watchTimeout;
    private string? _resourceVersion;
    private string _lastSeen = "";
    private bool _streamingList;

    internal Informer(
        KubernetesClient client, KubernetesResource resource, Func<ReadOnlyMemory<byte>, T> decode,
            InformerOptions options)
        : base(resource)
    {
        _client = client;
        _decode = decode;
        _options = options;
        _streamingList = options.StreamingList;
        _backoff = new Backoff(options.Time, options.Random);

        // Spread, as client-go does: the watches of many informers must not all end together.
        _watchTimeout = options.WatchTimeout * (1 + options.Random.NextDouble());
    }

    public override Task Synced => _synced.Task;

    public int Count => _store.Count;

    public bool TryGet(ObjectKey key, [NotNullWhen(true)] out T? value) => _store.TryGet(key, out value);

    public T? Get(ObjectKey key) => _store.TryGet(key, out var value) ? value : null;

    /// <summary>The version up to which the store is known to be current; empty before the first list.</summary>
    public string SeenVersion => Volatile.Read(ref _resourceVersion) ?? _lastSeen;

    /// <summary>True when a write that answered with this version is in the store (or has been overtaken).</summary>
    public bool HasSeen(string version) =>
        !ulong.TryParse(version, out var wanted) || !ulong.TryParse(SeenVersion, out var seen) || seen >= wanted;

    /// <summary>All objects, as they are now. Cheap while nothing changes.</summary>
    public IReadOnlyList<T> List() => _store.Snapshot();

    /// <summary>Adds a way to find objects by computed values. May be called at any time.</summary>
    public InformerIndex<T> AddIndex(Func<T, IEnumerable<string>> keysOf) => _store.AddIndex(keysOf);

    /// <summary>Hears of every change from now on, and of the present objects as added.</summary>
    public void OnChange(Action<InformerChange<T>> handler)
    {
        lock (_notifying)
        {
            _handlers.Add(handler);
            foreach (var key in _store.Missing([]))
            {
                if (_store.TryGet(key, out var value))
                    handler(new InformerChange<T>(ChangeKind.Added, key, Before: null, value));
            }
        }
    }

    internal override async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested) await SurviveAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LogStopped(_options.Logger, Resource);
        }
    }

    private async Task SurviveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PassAsync(cancellationToken);
        }
        catch (KubernetesStatusException refused) when (IsExpired(refused.Status))
        {
            LogExpired(_options.Logger, Resource, _resourceVersion);
            _lastSeen = _resourceVersion ?? _lastSeen;
            _resourceVersion = null;
            await _backoff.WaitAsync(after: null, cancellationToken);
        }
        catch (Exception failure) when (IsDisturbance(failure) && !cancellationToken.IsCancellationRequested)
        {
            LogDisturbed(_options.Logger, Resource, failure.Message);
            await _backoff.WaitAsync((failure as KubernetesStatusException)?.Status.RetryAfter, cancellationToken);
        }
    }

    private async Task PassAsync(CancellationToken cancellationToken)
    {
        if (_resourceVersion is null && !_streamingList) await ListAsync(cancellationToken);
        var started = _options.Time.GetTimestamp();
        var events = await WatchAsync(cancellationToken);

        // A server that closes at once and says nothing would otherwise be asked in a tight loop.
        if (events == 0 && _options.Time.GetElapsedTime(started) < TimeSpan.FromSeconds(1))
            await _backoff.WaitAsync(after: null, cancellationToken);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<Listed>();
        var query = _options.Scope with { Limit = _options.PageSize };
        while (true)
        {
            var body = await _client.ListRawAsync(Resource, query, cancellationToken);
            var page = ListReader.Read(body, item => found.Add(ReadListed(item)));
            if (page.Continue.Length == 0)
            {
                Replace(found, page.ResourceVersion);
                return;
            }

            query = query with { Continue = page.Continue };
        }
    }

    /// <summary>Follows one watch to its end and returns how many events it brought.</summary>
    private async Task<int> WatchAsync(CancellationToken cancellationToken)
    {
        var initial = _resourceVersion is null ? new List<Listed>() : null;
        using var guard =
            new CancellationTokenSource(initial is null ? _watchTimeout + Overdue : InitialSilence, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, guard.Token);
        try
        {
            return await FollowAsync(initial, guard, either.Token);
        }
        catch (KubernetesStatusException refused) when (initial is not null && refused.Status.Code is 400 or 404 or 422)
        {
            // Refused before it began: this server lists the plain way (a missing resource says so there as well).
            _streamingList = false;
            return 1;
        }
        catch (OperationCanceledException silence) when (guard.IsCancellationRequested
            && !cancellationToken.IsCancellationRequested)
        {
            if (_resourceVersion is null) _streamingList = false;
            throw new TimeoutException($"The watch of {Resource} fell silent.", silence);
        }
    }

    private async Task<int> FollowAsync(
        List<Listed>? initial, CancellationTokenSource guard, CancellationToken cancellationToken)
    {
        await using var watch =
            await _client.WatchAsync(Resource, Query(streaming: initial is not null), cancellationToken);
        var events = 0;
        await foreach (var seen in watch.ReadAsync(cancellationToken))
        {
            events++;
            if (seen.Type == "ERROR") throw Error(seen);
            if (initial is null)
            {
                Apply(seen);
                if (events == 1) _backoff.Reset();
                continue;
            }

            guard.CancelAfter(InitialSilence);
            if (!Collect(seen, initial)) continue;
            initial = null;
            guard.CancelAfter(_watchTimeout + Overdue);
        }

        return events;
    }

    private WatchQuery Query(bool streaming) => new()
    {
        Timeout = _watchTimeout,
        Bookmarks = _options.Bookmarks,
        SendInitialEvents = streaming,
        Scope = streaming
            ? _options.Scope with { ResourceVersionMatch = "NotOlderThan" }
            : _options.Scope with { ResourceVersion = _resourceVersion },
    };

    /// <summary>Gathers one event of a streaming list; true when that was its end.</summary>
    private bool Collect(WatchEvent seen, List<Listed> initial)
    {
        if (seen.Type != "BOOKMARK")
        {
            initial.Add(ReadListed(seen.Object));
            return false;
        }

        var bookmark = JsonNode.Parse(seen.Object.Span);
        if (bookmark.Text("metadata", "annotations", InitialEventsEnd) != "true") return false;
        Replace(initial, bookmark.Text("metadata", "resourceVersion") ?? "");
        return true;
    }

    private void Apply(WatchEvent seen)
    {
        var (key, version) = ListReader.ReadIdentity(seen.Object.Span);
        if (seen.Type != "BOOKMARK") Store(seen, key, version);
        if (version.Length > 0) _resourceVersion = version;
    }

    private void Store(WatchEvent seen, ObjectKey key, string version)
    {
        lock (_notifying)
        {
            if (seen.Type == "DELETED")
            {
                if (_store.Remove(key, _decode(seen.Object)) is { } removed) Notify(removed);
            }
            else if (!_store.Holds(key, version))
            {
                Notify(_store.Put(key, version, _decode(seen.Object)));
            }
        }
    }

    /// <summary>Takes a whole list as the truth: what it lacks is removed, what differs is updated.</summary>
    private void Replace(List<Listed> found, string resourceVersion)
    {
        lock (_notifying)
        {
            var kept = new HashSet<ObjectKey>(found.Count);
            foreach (var (key, version, value) in found)
            {
                kept.Add(key);
                if (value is not null) Notify(_store.Put(key, version, value));
            }

            foreach (var gone in _store.Missing(kept))
            {
                if (_store.Remove(gone, last: null) is { } removed) Notify(removed);
            }
        }

        _resourceVersion = resourceVersion;
        _backoff.Reset();
        _synced.TrySetResult();
    }

    private void Notify(InformerChange<T> change)
    {
        foreach (var handler in _handlers) handler(change);
    }

    // Decoded at once: the bytes are not ours to keep. A version that the store has needs no decoding at all.
    private Listed ReadListed(ReadOnlyMemory<byte> item)
    {
        var (key, version) = ListReader.ReadIdentity(item.Span);
        return new Listed(key, version, _store.Holds(key, version) ? null : _decode(item));
    }

    private readonly record struct Listed(ObjectKey Key, string Version, T? Value);

    private KubernetesStatusException Error(WatchEvent seen)
    {
        var json = JsonNode.Parse(seen.Object.Span) as JsonObject ?? [];
        return new KubernetesStatusException(
            $"watch {Resource}", new KubernetesStatus(json.Integer("code") ?? 500, json));
    }

    private static bool IsExpired(KubernetesStatus status) =>
        status.Code == 410 || status.Reason is "Expired" or "Gone";

    private static bool IsDisturbance(Exception failure) => failure
        is HttpRequestException or IOException or TimeoutException or KubernetesStatusException or JsonException
        or InvalidDataException or KubeconfigException or OperationCanceledException;

    [LoggerMessage(1, LogLevel.Debug, "{Resource}: version {Version} is too old, listing again")]
    private static partial void LogExpired(ILogger logger, KubernetesResource resource, string? version);

    [LoggerMessage(2, LogLevel.Warning, "{Resource}: the watch was disturbed and is tried again: {Why}")]
    private static partial void LogDisturbed(ILogger logger, KubernetesResource resource, string why);

    [LoggerMessage(3, LogLevel.Debug, "{Resource}: stopped")]
    private static partial void LogStopped(ILogger logger, KubernetesResource resource);
}
