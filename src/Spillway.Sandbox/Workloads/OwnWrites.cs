using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Keeps a loop from acting on a store that does not show its own last writes yet: it would create the same pods
/// again. A key waits until the store has caught up with the newest version the key's writes were answered with.
/// </summary>
internal sealed class OwnWrites<T> where T : KubernetesObject
{
    private readonly Informer<T> _informer;
    private readonly Dictionary<ObjectKey, string> _newest = [];
    private readonly HashSet<string> _deleted = new(StringComparer.Ordinal);

    public OwnWrites(Informer<T> informer)
    {
        _informer = informer;
        informer.OnChange(change =>
        {
            if (change.Kind != ChangeKind.Removed && !change.Current.IsTerminating) return;
            lock (_deleted) _deleted.Remove(change.Current.Uid);
        });
    }

    /// <summary>How soon to look again when the store is behind; the store's own event comes sooner.</summary>
    public static Reconciled LookAgain { get; } = Reconciled.After(TimeSpan.FromSeconds(1));

    public bool AreSeen(ObjectKey key)
    {
        lock (_newest)
        {
            if (!_newest.TryGetValue(key, out var version)) return true;
            if (!_informer.HasSeen(version)) return false;
            _newest.Remove(key);
            return true;
        }
    }

    public void Wrote(ObjectKey key, T written)
    {
        if (!ulong.TryParse(written.ResourceVersion, out var version)) return;
        lock (_newest)
        {
            if (_newest.TryGetValue(key, out var known) && ulong.Parse(known) >= version) return;
            _newest[key] = written.ResourceVersion;
        }
    }

    /// <summary>Remembers a deletion whose event has not come: the object counts as gone until the store shows more.</summary>
    public void Deleted(T item)
    {
        if (!_informer.TryGet(item.Key, out var held) || held.Uid != item.Uid || held.IsTerminating) return;
        lock (_deleted) _deleted.Add(item.Uid);
    }

    public bool IsDeleted(T item)
    {
        lock (_deleted) return _deleted.Contains(item.Uid);
    }
}
