using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Which pods a Job should create and delete now.</summary>
internal sealed class JobPlan
{
    private readonly JobTally _tally;
    private readonly List<Pod> _active;
    private int _created;
    private int _removed;
    private int _removedReady;

    public JobPlan(JobTally tally, bool isEnding)
    {
        _tally = tally;
        _active = tally.Active;
        IsEnding = isEnding;
        var wanted = Wanted();
        var surplus = Surplus();
        ToDelete = surplus;
        var staying = _active.Count - surplus.Count;
        if (staying > wanted) ToDelete = [.. surplus, .. Rank(_active.Except(surplus)).Take(staying - wanted)];

        // A pod on its way out still holds its place when only failed ones are replaced.
        var leaving = JobPods.ReplacesFailedOnly(tally.Job) ? tally.Terminating : 0;
        ToCreate = Math.Max(0, wanted - staying - leaving);
        if (tally.Job.IsIndexed) ToCreate = Math.Min(ToCreate, NewIndexes().Count);
    }

    /// <summary>The job's end is decided: its pods go, and then it is over.</summary>
    public bool IsEnding { get; }

    public List<Pod> ToDelete { get; }

    public int ToCreate { get; }

    public int ActiveCount => _active.Count + _created - _removed;

    public int ReadyCount => _active.Count(p => p.IsReady) - _removedReady;

    public int TerminatingCount => _tally.Terminating + _removed;

    /// <summary>Nothing runs and nothing is on its way out.</summary>
    public bool IsQuiet => _active.Count == 0 && _tally.Terminating == 0 && !_tally.HasUncounted;

    public void Created() => _created++;

    public void Removed(Pod pod)
    {
        _removed++;
        if (pod.IsReady) _removedReady++;
    }

    /// <summary>Indexes that have neither a result nor a pod, lowest first.</summary>
    public List<int> NewIndexes()
    {
        var taken = _active.Select(JobPods.Index).ToHashSet();
        if (JobPods.ReplacesFailedOnly(_tally.Job))
            taken.UnionWith(_tally.Pods.Where(p => p.IsTerminating && !p.IsFinished).Select(JobPods.Index));
        var free = new List<int>();
        var limit = _tally.Job.Completions ?? 0;
        var enough = _tally.Job.Parallelism;
        for (var i = 0; i < limit && free.Count < enough; i++)
        {
            if (!taken.Contains(i) && !_tally.SucceededIndexes.Contains(i) && !_tally.FailedIndexes.Contains(i))
                free.Add(i);
        }

        return free;
    }

    private int Wanted()
    {
        var job = _tally.Job;
        if (IsEnding || job.IsSuspended) return 0;
        if (job.Completions is { } completions)
            return Math.Max(0, Math.Min(job.Parallelism, completions - _tally.Succeeded - _tally.FailedIndexes.Count));
        return _tally.Succeeded > 0 ? Math.Min(_active.Count, job.Parallelism) : job.Parallelism;
    }

    // Two pods of one index, or one of an index that is done: only one may count.
    private List<Pod> Surplus()
    {
        if (!_tally.Job.IsIndexed) return [];
        var seen = new HashSet<int>();
        var surplus = new List<Pod>();
        foreach (var pod in Enumerable.Reverse(Rank(_active).ToList()))
        {
            var index = JobPods.Index(pod);
            if (!seen.Add(index) || _tally.SucceededIndexes.Contains(index) || index >= (_tally.Job.Completions ?? 0))
                surplus.Add(pod);
        }

        return surplus;
    }

    private static IOrderedEnumerable<Pod> Rank(IEnumerable<Pod> pods) =>
        pods.Order(Comparer<Pod>.Create((l, r) => PodRanking.Compare(l, r, static _ => 0)));
}
