namespace Spillway.ApiServer.Storage;

/// <summary>All objects of one resource, its recent history and its watchers. Guarded by the store's lock.</summary>
internal sealed class Collection
{
    // A window for watchers that come back and for paging; about what etcd keeps between compactions on a busy cluster.
    private const int WindowEvents = 8_192;
    private const long WindowBytes = 16 << 20;

    private readonly Dictionary<string, Entry> _byKey = new(StringComparer.Ordinal);
    private readonly OrderedEntries _ordered = new();
    private readonly Queue<StoreEvent> _history = new();
    private readonly List<StoreWatch> _watches = [];
    private long _historyBytes;

    public Collection(string resource, long floor)
    {
        Resource = resource;
        Floor = floor;
    }

    public string Resource { get; }

    public int Count => _ordered.Count;

    /// <summary>Every event after this version is in the history.</summary>
    public long Floor { get; private set; }

    public long LastChange { get; private set; }

    public Entry? Find(string key) => _byKey.GetValueOrDefault(key);

    public Entry Add(string key, long rowId)
    {
        var entry = new Entry(key, rowId);
        _byKey.Add(key, entry);
        return entry;
    }

    /// <summary>Puts back what the state folder holds.</summary>
    public void Restore(StoredObject item, long rowId)
    {
        var entry = Add(item.Key, rowId);
        entry.Committed = entry.Latest = item;
        _ordered.Add(entry);
    }

    /// <summary>Makes a durable change visible and tells the watchers.</summary>
    public void Commit(Entry entry, StoreEvent change)
    {
        var isDeletion = change.Type == WatchEventType.Deleted;
        if (change.Type == WatchEventType.Added) _ordered.Add(entry);
        else if (isDeletion) _ordered.Remove(entry);
        entry.Committed = isDeletion ? null : change.Object;
        entry.Pending--;
        DropIfGone(entry);
        Remember(change);
        for (var i = _watches.Count - 1; i >= 0; i--)
        {
            var watch = _watches[i];
            if (watch.Offer(change)) continue;
            _watches.RemoveAt(i);
            watch.End();
        }
    }

    /// <summary>Forgets an accepted change that could not be made durable.</summary>
    public void Abandon(Entry entry)
    {
        entry.Latest = entry.Committed;
        entry.Pending--;
        DropIfGone(entry);
    }

    public List<StoredObject> Snapshot(string prefix, string from, int most)
    {
        var items = new List<StoredObject>(Math.Min(most, prefix.Length == 0 ? _ordered.Count : 16));
        foreach (var entry in _ordered.From(from, prefix))
        {
            if (items.Count == most) break;
            items.Add(entry.Committed!);
        }
        return items;
    }

    public int CountAfter(string prefix, string from)
    {
        var count = 0;
        foreach (var _ in _ordered.From(from, prefix)) count++;
        return count;
    }

    /// <summary>State at an earlier version: today's, with the changes since then undone.</summary>
    public List<StoredObject> SnapshotAt(long version, string prefix, string from)
    {
        var then = new SortedDictionary<string, StoredObject>(StringComparer.Ordinal);
        foreach (var entry in _ordered.From(from, prefix)) then[entry.Key] = entry.Committed!;
        foreach (var change in _history.Reverse())
        {
            if (change.Version <= version) break;
            var key = change.Object.Key;
            if (!key.StartsWith(prefix, StringComparison.Ordinal) || string.CompareOrdinal(key, from) < 0) continue;
            if (change.Previous is null) then.Remove(key);
            else then[key] = change.Previous;
        }
        return [.. then.Values];
    }

    public void Attach(StoreWatch watch, long? since)
    {
        if (since is { } version)
        {
            var backlog = new List<(WatchEventType, StoreEvent)>();
            foreach (var change in _history)
            {
                if (change.Version > version && watch.Match(change) is { } type) backlog.Add((type, change));
            }
            watch.Backlog = backlog;
        }
        _watches.Add(watch);
    }

    public void Detach(StoreWatch watch) => _watches.Remove(watch);

    /// <summary>Ends every watch, as when the resource is no longer served.</summary>
    public void EndWatches()
    {
        foreach (var watch in _watches) watch.End();
        _watches.Clear();
    }

    private void DropIfGone(Entry entry)
    {
        if (entry.Pending == 0 && entry.Latest is null && entry.Committed is null) _byKey.Remove(entry.Key);
    }

    private void Remember(StoreEvent change)
    {
        LastChange = change.Version;
        _history.Enqueue(change);
        _historyBytes += change.Size;
        while (_history.Count > WindowEvents || (_historyBytes > WindowBytes && _history.Count > 64))
        {
            var oldest = _history.Dequeue();
            _historyBytes -= oldest.Size;
            Floor = oldest.Version;
        }
    }
}
