using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Spillway.Kubernetes;

public enum ChangeKind { Added, Updated, Removed }

/// <summary>What became of one object.</summary>
/// <param name="Before">Null when it was added.</param>
/// <param name="After">Null when it was removed.</param>
public readonly record struct InformerChange<T>(ChangeKind Kind, ObjectKey Key, T? Before, T? After)
    where T : class
{
    /// <summary>The newest state known: after the change, or before a removal.</summary>
    public T Current => (After ?? Before)!;
}

/// <summary>
/// The objects of one informer. One loop writes, anybody reads. Enumeration follows the order of changes and never a
/// string's hash code, so that two runs in virtual time see the same order.
/// </summary>
internal sealed class InformerStore<T> where T : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, Entry> _entries = [];
    private readonly List<InformerIndex<T>> _indexes = [];
    private IReadOnlyList<T>? _snapshot;

    private readonly record struct Entry(T Value, string Version);

    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    public bool TryGet(ObjectKey key, [NotNullWhen(true)] out T? value)
    {
        lock (_gate)
        {
            value = _entries.TryGetValue(key, out var entry) ? entry.Value : null;
            return value is not null;
        }
    }

    public IReadOnlyList<T> Snapshot()
    {
        lock (_gate)
        {
            if (_snapshot is not null) return _snapshot;
            var all = new T[_entries.Count];
            var next = 0;
            foreach (var entry in _entries.Values) all[next++] = entry.Value;
            return _snapshot = all;
        }
    }

    public InformerIndex<T> AddIndex(Func<T, IEnumerable<string>> keysOf)
    {
        lock (_gate)
        {
            var index = new InformerIndex<T>(_gate, keysOf);
            foreach (var (key, entry) in _entries) index.Put(key, before: null, entry.Value);
            _indexes.Add(index);
            return index;
        }
    }

    /// <summary>True when the store holds exactly this version: a repeated event says nothing new.</summary>
    public bool Holds(ObjectKey key, string version)
    {
        lock (_gate) return version.Length > 0 && _entries.TryGetValue(key, out var entry) && entry.Version == version;
    }

    public InformerChange<T> Put(ObjectKey key, string version, T value)
    {
        lock (_gate)
        {
            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var existed);
            var before = existed ? slot.Value : null;
            slot = new Entry(value, version);
            foreach (var index in _indexes) index.Put(key, before, value);
            _snapshot = null;
            return new InformerChange<T>(existed ? ChangeKind.Updated : ChangeKind.Added, key, before, value);
        }
    }

    public InformerChange<T>? Remove(ObjectKey key, T? last)
    {
        lock (_gate)
        {
            if (!_entries.Remove(key, out var entry)) return null;
            foreach (var index in _indexes) index.Remove(key, entry.Value);
            _snapshot = null;
            return new InformerChange<T>(ChangeKind.Removed, key, last ?? entry.Value, After: null);
        }
    }

    /// <summary>Keys that are held but not in <paramref name="kept"/>, in the store's order.</summary>
    public List<ObjectKey> Missing(HashSet<ObjectKey> kept)
    {
        lock (_gate)
        {
            var missing = new List<ObjectKey>();
            foreach (var key in _entries.Keys)
            {
                if (!kept.Contains(key)) missing.Add(key);
            }

            return missing;
        }
    }
}

/// <summary>Finds an informer's objects by a value computed from them (node name, owner's uid, namespace).</summary>
public sealed class InformerIndex<T> where T : class
{
    private readonly Lock _gate;
    private readonly Func<T, IEnumerable<string>> _keysOf;
    private readonly Dictionary<string, Dictionary<ObjectKey, T>> _buckets = new(StringComparer.Ordinal);

    internal InformerIndex(Lock gate, Func<T, IEnumerable<string>> keysOf)
    {
        _gate = gate;
        _keysOf = keysOf;
    }

    /// <summary>The objects under the value, as a copy.</summary>
    public IReadOnlyList<T> Find(string value)
    {
        lock (_gate) return _buckets.TryGetValue(value, out var bucket) ? [.. bucket.Values] : [];
    }

    internal void Put(ObjectKey key, T? before, T value)
    {
        if (before is not null) Remove(key, before);
        foreach (var indexed in _keysOf(value))
        {
            if (!_buckets.TryGetValue(indexed, out var bucket)) _buckets[indexed] = bucket = [];
            bucket[key] = value;
        }
    }

    internal void Remove(ObjectKey key, T value)
    {
        foreach (var indexed in _keysOf(value))
        {
            if (!_buckets.TryGetValue(indexed, out var bucket)) continue;
            bucket.Remove(key);
            if (bucket.Count == 0) _buckets.Remove(indexed);
        }
    }
}
