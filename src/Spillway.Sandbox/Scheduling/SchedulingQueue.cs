using Spillway.Core.Placement;

namespace Spillway.Sandbox.Scheduling;

/// <summary>
/// The pods that wait for a node, in kube-scheduler's three places: ready to be tried (by priority, then by how long they
/// wait), resting after a failed try, and unschedulable until something happens that may help them. As in kube-scheduler
/// since 1.33, a rest only gives way to others: with nobody ready, the one whose rest ends first is tried at once, unless
/// it rests because a write failed.
/// </summary>
internal sealed class SchedulingQueue
{
    // kube-scheduler's figures.
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(10);

    /// <summary>How long a pod may lie unschedulable without a look, whatever happened.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly Dictionary<PodKey, Entry> _entries = [];
    private readonly PriorityQueue<Entry, (int Priority, DateTimeOffset Since, long Order)> _active = new();
    private readonly PriorityQueue<Entry, (DateTimeOffset Until, long Order)> _resting = new();
    private readonly PriorityQueue<Entry, (DateTimeOffset Until, long Order)> _afterError = new();
    private readonly Dictionary<PodKey, Entry> _unschedulable = [];
    private ClusterEvents _helpful;
    private long _order;

    /// <summary>Pods in all three places.</summary>
    public int Count => _entries.Count;

    public int UnschedulableCount => _unschedulable.Count;

    /// <summary>A pod that is new, or whose change may make it schedulable.</summary>
    public void Add(PodKey key, int priority, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(key, out var entry))
            _entries[key] = entry = new Entry(key, now, _order++);
        else if (entry.Place == Place.Active && entry.Priority == priority)
            return;
        _unschedulable.Remove(key);
        entry.Priority = priority;
        Activate(entry);
    }

    public void Remove(PodKey key)
    {
        if (!_entries.Remove(key, out var entry)) return;
        entry.Place = Place.Gone;
        _unschedulable.Remove(key);
    }

    /// <summary>The next pod to try. It stays known until it is removed or put back.</summary>
    public bool TryTake(DateTimeOffset now, out PodKey key)
    {
        WakeRested(now);
        while (_active.TryDequeue(out var entry, out var rank))
        {
            // A stale entry: the pod is gone, or has a later place in the row.
            if (entry.Place != Place.Active || entry.Rank != rank) continue;
            return Take(entry, out key);
        }
        if (FirstOf(_resting) is not null) return Take(_resting.Dequeue(), out key);
        key = default;
        return false;
    }

    private static bool Take(Entry entry, out PodKey key)
    {
        entry.Place = Place.Taken;
        key = entry.Key;
        return true;
    }

    /// <summary>Takes a pod out of turn: it is being bound with its gang.</summary>
    public void Hold(PodKey key)
    {
        if (!_entries.TryGetValue(key, out var entry)) return;
        entry.Place = Place.Taken;
        _unschedulable.Remove(key);
    }

    /// <summary>The try failed; these events may help.</summary>
    public void PutBack(PodKey key, ClusterEvents helpfulEvents, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(key, out var entry)) return;
        entry.Attempts++;
        entry.TriedAt = now;
        entry.HelpfulEvents = helpfulEvents;
        entry.Place = Place.Unschedulable;
        _unschedulable[key] = entry;
        _helpful |= helpfulEvents;
    }

    /// <summary>The try failed for a reason outside of the cluster's state (a write that was refused): again, after a rest.</summary>
    public void Retry(PodKey key, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(key, out var entry)) return;
        entry.Attempts++;
        entry.TriedAt = now;
        Rest(entry, now, _afterError);
    }

    /// <summary>Something happened: whom it may help is tried again, once rested. False when it helps nobody.</summary>
    public bool Wake(ClusterEvents events, DateTimeOffset now)
    {
        // Bindings come by the thousand and help few: without a look at each pod that waits.
        if ((_helpful & events) == ClusterEvents.None) return false;
        List<Entry>? woken = null;
        var others = ClusterEvents.None;
        foreach (var entry in _unschedulable.Values)
        {
            if ((entry.HelpfulEvents & events) != ClusterEvents.None) (woken ??= []).Add(entry);
            else others |= entry.HelpfulEvents;
        }
        _helpful = others;
        foreach (var entry in woken ?? [])
        {
            _unschedulable.Remove(entry.Key);
            Rest(entry, now, _resting);
        }
        return woken is not null;
    }

    /// <summary>When the next rest ends that nothing can shorten.</summary>
    public DateTimeOffset? NextDue() => FirstOf(_afterError);

    private void WakeRested(DateTimeOffset now)
    {
        while (FirstOf(_resting) is { } due && due <= now) Activate(_resting.Dequeue());
        while (FirstOf(_afterError) is { } due && due <= now) Activate(_afterError.Dequeue());
    }

    // Those that left the row otherwise are skipped: their place or the end of their rest is another by now.
    private static DateTimeOffset? FirstOf(PriorityQueue<Entry, (DateTimeOffset Until, long Order)> row)
    {
        while (row.TryPeek(out var entry, out var rank))
        {
            if (entry.Place == Place.Resting && entry.Rest == rank) return rank.Until;
            row.Dequeue();
        }
        return null;
    }

    private void Rest(Entry entry, DateTimeOffset now, PriorityQueue<Entry, (DateTimeOffset Until, long Order)> row)
    {
        var backoff = FirstBackoff * Math.Pow(2, Math.Min(Math.Max(entry.Attempts - 1, 0), 10));
        var until = entry.TriedAt + (backoff < LongestBackoff ? backoff : LongestBackoff);
        if (until <= now)
        {
            Activate(entry);
            return;
        }
        entry.Place = Place.Resting;
        entry.Rest = (until, _order++);
        row.Enqueue(entry, entry.Rest);
    }

    private void Activate(Entry entry)
    {
        entry.Place = Place.Active;
        entry.Rank = (-entry.Priority, entry.Since, _order++);
        _active.Enqueue(entry, entry.Rank);
    }

    private enum Place
    {
        Active,
        Taken,
        Resting,
        Unschedulable,
        Gone,
    }

    private sealed class Entry(PodKey key, DateTimeOffset since, long order)
    {
        public PodKey Key { get; } = key;

        public DateTimeOffset Since { get; } = since;

        public long Order { get; } = order;

        public int Priority { get; set; }

        public int Attempts { get; set; }

        public DateTimeOffset TriedAt { get; set; }

        public (DateTimeOffset Until, long Order) Rest { get; set; }

        public ClusterEvents HelpfulEvents { get; set; }

        public Place Place { get; set; }

        public (int Priority, DateTimeOffset Since, long Order) Rank { get; set; }
    }
}
