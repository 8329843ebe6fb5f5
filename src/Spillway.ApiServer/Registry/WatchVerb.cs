using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>watch: the stream of changes, with bookmarks, until the client or its time-out ends it.</summary>
internal sealed class WatchVerb(ObjectStore store, ObjectView view, TimeProvider time, Func<int> spread)
{
    public ApiResponse Watch(ResourceRequest request)
    {
        var options = ListOptions.Read(request.Query, request.Resource, request.Type.Kind, isWatch: true);
        var filter = FilterOf(request, options);
        var isInitial = options.Version is null or 0 || options.SendInitialEvents == true;
        var lines = Open(request, options, filter, isInitial) is { } watch
            ? Lines(request, options, watch, isInitial)
            : Refused(request, ReadFailures.TooOld(options.Version ?? 0, store.Floor(request.Resource.StoreName)));
        return ObjectView.WithWarnings(request, request.Accept.IsProtobuf
            ? new ApiResponse
            {
                Status = 200, Lines = lines, ContentType = ProtobufAnswer.MediaType + ";stream=watch", HasLineEnds =
                    false,
            }
            : new ApiResponse { Status = 200, Lines = lines });
    }

    private StoreWatch? Open(ResourceRequest request, ListOptions options, EventFilter? filter, bool isInitial)
    {
        var name = request.Resource.StoreName;
        if (!isInitial || options.SendInitialEvents == false && options.Version is > 0)
            return store.WatchSince(options.Version ?? store.Version, name, request.Prefix, filter);
        return store.WatchFromNow(name, request.Prefix, filter);
    }

    private static EventFilter? FilterOf(ResourceRequest request, ListOptions options)
    {
        var key = request.Name.Length > 0 && options.Fields.IsEmpty ? request.Key : null;
        if (options.Labels.IsEmpty && options.Fields.IsEmpty && key is null) return null;
        return change =>
        {
            if (key is not null && change.Object.Key != key) return null;
            var now = change.Type != WatchEventType.Deleted && Selects(options, change.Object);
            var before = change.Previous is { } previous && Selects(options, previous);
            if (now) return before ? WatchEventType.Modified : WatchEventType.Added;
            return before ? WatchEventType.Deleted : null;
        };
    }

    private static bool Selects(ListOptions options, StoredObject item) =>
        options.Labels.Matches(item.Labels) && options.Fields.Matches(item);

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Lines(
        ResourceRequest request, ListOptions options, StoreWatch watch, bool isInitial,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var _ = watch;
        var isFirst = true;
        foreach (var item in watch.Initial)
        {
            if (request.Name.Length > 0 && item.Name != request.Name) continue;
            if (!Selects(options, item)) continue;
            yield return Shown(
                request, await view.LineAsync(request, WatchEventType.Added, item, isFirst, cancellationToken));
            isFirst = false;
        }
        if (isInitial && options is { SendInitialEvents: true, AllowBookmarks: true })
            yield return Bookmark(request, watch.Version, isEndOfInitial: true);
        foreach (var (type, change) in watch.Backlog)
        {
            yield return await LineAsync(request, type, change, isFirst, cancellationToken);
            isFirst = false;
        }
        var clock =
            new WatchClock(time, options.Timeout ?? TimeSpan.FromSeconds(1800 + spread()), options.AllowBookmarks);
        using var timer =
            time.CreateTimer(_ => watch.Tick(), null, clock.UntilNext(), System.Threading.Timeout.InfiniteTimeSpan);
        do
        {
            while (watch.Events.TryRead(out var next))
            {
                if (next.Change is null)
                {
                    if (clock.IsOver) yield break;
                    if (clock.IsBookmarkDue())
                        yield return Bookmark(
                            request, Math.Max(store.Version, options.Version ?? 0), isEndOfInitial: false);
                    timer.Change(clock.UntilNext(), System.Threading.Timeout.InfiniteTimeSpan);
                    continue;
                }
                // A version in the future is allowed: its watch tells only what comes after it.
                if (next.Change.Version <= options.Version) continue;
                yield return await LineAsync(request, next.Type, next.Change, isFirst, cancellationToken);
                isFirst = false;
            }
        }
        while (await watch.Events.WaitToReadAsync(cancellationToken));
    }

    private async ValueTask<ReadOnlyMemory<byte>> LineAsync(
        ResourceRequest request, WatchEventType type, StoreEvent change, bool isFirst,
            CancellationToken cancellationToken)
    {
        var isPlain = request.Accept.Shape == Shape.Whole && request.Resource.Versions.Count == 1
            && ReferenceEquals(request.Resource.Storage, request.Type);
        if (isPlain) return request.Accept.IsProtobuf ? change.Frame(type) : change.Line(type);
        var item = type == WatchEventType.Deleted ? change.Left : change.Object;
        return Shown(request, await view.LineAsync(request, type, item, isFirst, cancellationToken));
    }

    private static ReadOnlyMemory<byte> Shown(ResourceRequest request, ReadOnlyMemory<byte> line) =>
        request.Accept.IsProtobuf ? ProtobufAnswer.Frame(line.Span) : line;

    private ReadOnlyMemory<byte> Bookmark(ResourceRequest request, long version, bool isEndOfInitial)
    {
        var (kind, apiVersion) = request.Accept.Shape switch
        {
            Shape.Metadata => ("PartialObjectMetadata", "meta.k8s.io/" + request.Accept.MetaVersion),
            _ => (request.Type.Kind, request.Type.ApiVersion),
        };
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString() };
        if (isEndOfInitial)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        var bookmark = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion, ["metadata"] = metadata };
        if (request.Accept.Shape == Shape.Table) bookmark = view.Tables.One(bookmark, request);
        return Shown(request, Json.Bytes(new JsonObject { ["type"] = "BOOKMARK", ["object"] = bookmark }));
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Refused(ResourceRequest request, ApiFailure failure)
    {
        await ValueTask.CompletedTask;
        var status = Encoding.UTF8.GetString(ApiResponse.Of(failure).Body[0].Span);
        yield return Shown(request, Encoding.UTF8.GetBytes("{\"type\":\"ERROR\",\"object\":" + status + "}"));
    }
}

/// <summary>When a watch has to say something although nothing happened.</summary>
internal sealed class WatchClock(TimeProvider time, TimeSpan length, bool hasBookmarks)
{
    // As the real server: a bookmark a minute, and one shortly before the end.
    private static readonly TimeSpan s_bookmarkEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_beforeEnd = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp();
    private TimeSpan _due = Earlier(s_bookmarkEvery, length - s_beforeEnd);

    public bool IsOver => time.GetElapsedTime(_start) >= length;

    /// <summary>Time until the next bookmark or the end; never zero, so that a timer makes progress.</summary>
    public TimeSpan UntilNext()
    {
        var left = (hasBookmarks && _due > TimeSpan.Zero
            ? Earlier(_due, length) : length) - time.GetElapsedTime(_start);
        return left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left;
    }

    /// <summary>True once for each bookmark that is due.</summary>
    public bool IsBookmarkDue()
    {
        if (!hasBookmarks || _due <= TimeSpan.Zero || time.GetElapsedTime(_start) < _due) return false;
        var isLast = _due >= length - s_beforeEnd;
        _due = isLast ? length : Earlier(_due + s_bookmarkEvery, length - s_beforeEnd);
        return true;
    }

    private static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
