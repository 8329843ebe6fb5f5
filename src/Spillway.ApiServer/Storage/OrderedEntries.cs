namespace Spillway.ApiServer.Storage;

/// <summary>
/// Entries in key order. Sorted runs of bounded length: adding to 50,000 entries moves at most a run, and a list copies
/// runs. Not safe for threads by itself.
/// </summary>
internal sealed class OrderedEntries
{
    private const int RunLimit = 512;

    private readonly List<List<Entry>> _runs = [];

    public int Count { get; private set; }

    public void Add(Entry entry)
    {
        if (_runs.Count == 0)
        {
            _runs.Add([entry]);
            Count = 1;
            return;
        }
        var at = Find(entry.Key);
        if (at.Run == _runs.Count) at = (at.Run - 1, _runs[^1].Count);
        var run = _runs[at.Run];
        run.Insert(at.Index, entry);
        Count++;
        if (run.Count <= RunLimit) return;
        var half = run.Count / 2;
        _runs.Insert(at.Run + 1, run.GetRange(half, run.Count - half));
        run.RemoveRange(half, run.Count - half);
    }

    public void Remove(Entry entry)
    {
        var (runAt, index) = Find(entry.Key);
        var run = _runs[runAt];
        run.RemoveAt(index);
        Count--;
        if (run.Count == 0) _runs.RemoveAt(runAt);
    }

    /// <summary>Entries with a key at or after <paramref name="from"/> that begin with <paramref name="prefix"/>.</summary>
    public IEnumerable<Entry> From(string from, string prefix)
    {
        var (runAt, index) = Find(from);
        for (; runAt < _runs.Count; runAt++, index = 0)
        {
            var run = _runs[runAt];
            for (; index < run.Count; index++)
            {
                if (!run[index].Key.StartsWith(prefix, StringComparison.Ordinal)) yield break;
                yield return run[index];
            }
        }
    }

    /// <summary>First position whose key is not before <paramref name="key"/>.</summary>
    private (int Run, int Index) Find(string key)
    {
        int low = 0, high = _runs.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(_runs[middle][^1].Key, key) < 0) low = middle + 1;
            else high = middle;
        }
        if (low == _runs.Count) return (low, 0);
        var run = _runs[low];
        int first = 0, last = run.Count;
        while (first < last)
        {
            var middle = (first + last) / 2;
            if (string.CompareOrdinal(run[middle].Key, key) < 0) first = middle + 1;
            else last = middle;
        }
        return (low, first);
    }
}

/// <summary>One key: what readers see, and what the next writer must build on.</summary>
internal sealed class Entry(string key, long rowId)
{
    public string Key { get; } = key;

    public long RowId { get; } = rowId;

    public StoredObject? Committed { get; set; }

    /// <summary>Newest accepted version, durable or not; null once a deletion was accepted.</summary>
    public StoredObject? Latest { get; set; }

    /// <summary>Writes accepted and not yet durable.</summary>
    public int Pending { get; set; }
}
