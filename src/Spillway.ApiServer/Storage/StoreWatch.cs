using System.Threading.Channels;

namespace Spillway.ApiServer.Storage;

/// <summary>Picks the events a watcher wants and what they are to it; null for none of its business.</summary>
public delegate WatchEventType? EventFilter(StoreEvent change);

/// <summary>
/// One watcher's events from a version on. A watcher that does not keep up is closed, not buffered without end: it
/// watches again from the last version it saw.
/// </summary>
public sealed class StoreWatch : IDisposable
{
    // Enough for a burst of several seconds; a watcher further behind is cheaper to serve by a new watch.
    private const int Capacity = 16_384;

    private readonly Channel<(WatchEventType Type, StoreEvent? Change)> _channel =
        Channel.CreateBounded<(WatchEventType, StoreEvent?)>(new BoundedChannelOptions(Capacity)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        });

    private readonly string _prefix;
    private readonly EventFilter? _filter;
    private readonly Action<StoreWatch> _close;

    internal StoreWatch(string prefix, EventFilter? filter, Action<StoreWatch> close)
    {
        _prefix = prefix;
        _filter = filter;
        _close = close;
    }

    /// <summary>Version up to which <see cref="Backlog"/> tells everything; later events come from the reader.</summary>
    public long Version { get; internal set; }

    /// <summary>Events between the version asked for and <see cref="Version"/>, to be told first.</summary>
    public IReadOnlyList<(WatchEventType Type, StoreEvent Change)> Backlog { get; internal set; } = [];

    /// <summary>State at <see cref="Version"/>, when the watch began with the state.</summary>
    public IReadOnlyList<StoredObject> Initial { get; internal set; } = [];

    /// <summary>Events as they come, and a null for every <see cref="Tick"/>. Completes when the watch is closed, by its owner or because it was too slow.</summary>
    public ChannelReader<(WatchEventType Type, StoreEvent? Change)> Events => _channel.Reader;

    /// <summary>Wakes the reader with a null, so that it waits for events and for time in one place.</summary>
    public void Tick() => _channel.Writer.TryWrite((default, null));

    public void Dispose()
    {
        _close(this);
        _channel.Writer.TryComplete();
    }

    internal WatchEventType? Match(StoreEvent change)
    {
        if (!change.Object.Key.StartsWith(_prefix, StringComparison.Ordinal)) return null;
        return _filter is null ? change.Type : _filter(change);
    }

    /// <summary>False when the watcher is too far behind.</summary>
    internal bool Offer(StoreEvent change) =>
        Match(change) is not { } type || _channel.Writer.TryWrite((type, change));

    internal void End() => _channel.Writer.TryComplete();
}
