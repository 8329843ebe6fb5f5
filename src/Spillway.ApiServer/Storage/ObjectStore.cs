using System.Diagnostics;

namespace Spillway.ApiServer.Storage;

/// <summary>
/// Every object of the cluster, with one sequence of versions over all of them. Readers see committed state only;
/// writers build on the newest accepted version. With a state folder a write is answered, and told to watchers, after
/// it is on disk; without one it is committed at once, in the caller's thread.
/// </summary>
public sealed class ObjectStore : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Collection> _collections = new(StringComparer.Ordinal);
    private readonly Committer? _committer;
    private readonly Journal? _journal;
    private long _accepted;
    private long _committed;
    private long _lastRow;

    private ObjectStore(Journal? journal)
    {
        _journal = journal;
        if (journal is not null) _committer = new Committer(journal, ApplyBatch, AbandonBatch);
    }

    /// <summary>The version of the newest committed change.</summary>
    public long Version
    {
        get { lock (_lock) return _committed; }
    }

    /// <summary>Holds everything in memory and forgets it at the end.</summary>
    public static ObjectStore InMemory() => new(null);

    /// <summary>
    /// Opens the state in a folder, makes the folder if needed, and keeps it locked until disposal. Throws
    /// <see cref="StorageException"/> when another process has it or it cannot be read.
    /// </summary>
    public static ObjectStore Open(string folder)
    {
        var journal = Journal.Open(folder);
        try
        {
            var store = new ObjectStore(journal);
            store.Restore(journal);
            return store;
        }
        catch (Exception)
        {
            journal.Dispose();
            throw;
        }
    }

    /// <summary>The committed object, or null.</summary>
    public StoredObject? Get(string resource, string key)
    {
        lock (_lock) return _collections.GetValueOrDefault(resource)?.Find(key)?.Committed;
    }

    /// <summary>The newest accepted object, durable or not: what a change must build on. Null when there is none.</summary>
    public StoredObject? GetLatest(string resource, string key)
    {
        lock (_lock) return _collections.GetValueOrDefault(resource)?.Find(key)?.Latest;
    }

    /// <summary>
    /// Stores <paramref name="content"/> (null deletes) if <paramref name="expected"/> is still the newest accepted
    /// version (null: there is none). Returns the stored object, or on deletion the last state under the deletion's
    /// version; null when somebody was faster.
    /// </summary>
    public ValueTask<StoredObject?> WriteAsync(
        string resource, string key, StoredObject? expected, EncodedObject? content)
    {
        Change change;
        lock (_lock)
        {
            var collection = CollectionOf(resource);
            var entry = collection.Find(key);
            if (!ReferenceEquals(entry?.Latest, expected)) return ValueTask.FromResult<StoredObject?>(null);
            if (content is null && expected is null) return ValueTask.FromResult<StoredObject?>(null);
            _committer?.ThrowIfStopped();
            entry ??= collection.Add(key, ++_lastRow);
            var version = ++_accepted;
            var item = content is { } body
                ? new StoredObject(key, version, body.At(version)) : expected!.WithVersion(version);
            entry.Latest = content is null ? null : item;
            entry.Pending++;
            change = new Change(collection, entry, item, content is null, _committer is not null);
            if (_committer is null)
            {
                Apply(change);
                return ValueTask.FromResult<StoredObject?>(item);
            }
            _committer.Enqueue(change);
        }
        return new ValueTask<StoredObject?>(change.Done!.Task);
    }

    /// <summary>
    /// Objects in key order: those whose key begins with <paramref name="prefix"/>, from the key
    /// <paramref name="from"/> on, at most <paramref name="most"/>.
    /// </summary>
    public ListSnapshot List(string resource, string prefix, string from = "", int most = int.MaxValue)
    {
        var start = string.CompareOrdinal(from, prefix) < 0 ? prefix : from;
        lock (_lock)
        {
            if (!_collections.TryGetValue(resource, out var collection)) return new ListSnapshot(_committed, [], 0);
            var items = collection.Snapshot(prefix, start, most);
            var more = items.Count == most && most > 0 ? collection.CountAfter(prefix, items[^1].Key + "\0") : 0;
            return new ListSnapshot(_committed, items, more);
        }
    }

    /// <summary>The same at an earlier version; null when that is no longer in the window.</summary>
    public ListSnapshot? ListAt(long version, string resource, string prefix, string from = "")
    {
        var start = string.CompareOrdinal(from, prefix) < 0 ? prefix : from;
        lock (_lock)
        {
            if (!_collections.TryGetValue(resource, out var collection)) return new ListSnapshot(version, [], 0);
            if (version < collection.Floor) return null;
            return new ListSnapshot(version, collection.SnapshotAt(version, prefix, start), 0);
        }
    }

    /// <summary>Version of the newest committed change of a resource; 0 for none since the store was opened.</summary>
    public long LastChange(string resource)
    {
        lock (_lock) return _collections.GetValueOrDefault(resource)?.LastChange ?? 0;
    }

    /// <summary>Oldest version a watch of the resource can begin after.</summary>
    public long Floor(string resource)
    {
        lock (_lock) return _collections.GetValueOrDefault(resource)?.Floor ?? 0;
    }

    /// <summary>Watches from the present state, which the watch carries.</summary>
    public StoreWatch WatchFromNow(string resource, string prefix, EventFilter? filter)
    {
        lock (_lock)
        {
            var collection = CollectionOf(resource);
            var watch = new StoreWatch(prefix, filter, w => Detach(collection, w))
            {
                Version = _committed,
                Initial = collection.Snapshot(prefix, prefix, int.MaxValue),
            };
            collection.Attach(watch, null);
            return watch;
        }
    }

    /// <summary>Watches the changes after a version; null when those are no longer in the window.</summary>
    public StoreWatch? WatchSince(long version, string resource, string prefix, EventFilter? filter)
    {
        lock (_lock)
        {
            var collection = CollectionOf(resource);
            if (version < collection.Floor) return null;
            var watch = new StoreWatch(prefix, filter, w => Detach(collection, w)) { Version = _committed };
            collection.Attach(watch, version);
            return watch;
        }
    }

    /// <summary>Ends all watches of a resource that is no longer served.</summary>
    public void EndWatches(string resource)
    {
        lock (_lock) _collections.GetValueOrDefault(resource)?.EndWatches();
    }

    /// <summary>Resources that hold objects, with their counts.</summary>
    public IReadOnlyList<(string Resource, int Count)> Counts()
    {
        lock (_lock)
        {
            return [.. _collections.Values.Where(c => c.Count > 0)
                .OrderBy(c => c.Resource, StringComparer.Ordinal).Select(c => (c.Resource, c.Count))];
        }
    }

    /// <summary>Writes what was accepted, then closes and unlocks the state folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_committer is not null) await _committer.StopAsync();
        _journal?.Dispose();
        lock (_lock)
        {
            foreach (var collection in _collections.Values) collection.EndWatches();
        }
    }

    private void Restore(Journal journal)
    {
        _committed = _accepted = journal.ReadVersion();
        journal.ReadObjects((row, resource, item) =>
        {
            CollectionOf(resource).Restore(item, row);
            _lastRow = Math.Max(_lastRow, row);
        });
    }

    private Collection CollectionOf(string resource)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread || _committed == _accepted);
        if (_collections.TryGetValue(resource, out var collection)) return collection;
        // Changes before a restart are not kept: whoever watched from there lists anew.
        collection = new Collection(resource, _journal?.VersionAtOpen ?? 0);
        _collections.Add(resource, collection);
        return collection;
    }

    private void Detach(Collection collection, StoreWatch watch)
    {
        lock (_lock) collection.Detach(watch);
    }

    private void ApplyBatch(List<Change> batch)
    {
        lock (_lock)
        {
            foreach (var change in batch) Apply(change);
        }
        foreach (var change in batch) change.Done!.SetResult(change.Item);
    }

    private void Apply(Change change)
    {
        var entry = change.Entry;
        var type = change.IsDeletion ? WatchEventType.Deleted
            : entry.Committed is null ? WatchEventType.Added : WatchEventType.Modified;
        _committed = change.Item.Version;
        change.Collection.Commit(entry, new StoreEvent(type, change.Item, entry.Committed));
    }

    /// <summary>Writers may have built on the failed batch, so everything accepted after it falls with it.</summary>
    private void AbandonBatch(List<Change> batch, StorageException why)
    {
        lock (_lock)
        {
            batch.AddRange(_committer!.TakeWaiting());
            foreach (var change in batch) change.Collection.Abandon(change.Entry);
        }
        foreach (var change in batch) change.Done!.SetException(why);
    }
}

/// <summary>A consistent list: its version, the objects in key order, and how many more there are.</summary>
public sealed record ListSnapshot(long Version, List<StoredObject> Items, int More);

/// <summary>The state cannot be kept or read; the message names the folder and the way out.</summary>
public sealed class StorageException(string message, Exception? inner) : Exception(message, inner);

/// <summary>One accepted write on its way to the disk.</summary>
internal sealed record Change(Collection Collection, Entry Entry, StoredObject Item, bool IsDeletion, bool IsDurable)
{
    public TaskCompletionSource<StoredObject?>? Done { get; } =
        IsDurable ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
}
