using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// The books of one Job in one pass. A finished pod is first written into the status by its uid, then loses its
/// finalizer, then moves into the counts: a crash between any two steps neither forgets a pod nor counts one twice.
/// </summary>
internal sealed class JobTally
{
    private readonly List<string> _uncountedSucceeded;
    private readonly List<string> _uncountedFailed;

    public JobTally(Job job, IReadOnlyList<Pod> pods)
    {
        Job = job;
        Pods = pods;
        _uncountedSucceeded = [.. job.Json.TextsAt("status", "uncountedTerminatedPods", "succeeded")];
        _uncountedFailed = [.. job.Json.TextsAt("status", "uncountedTerminatedPods", "failed")];
        SucceededIndexes = job.IsIndexed ? IndexSet.Parse(job.Json.Text("status", "completedIndexes")) : [];
        FailedIndexes = job.IsIndexed ? IndexSet.Parse(job.Json.Text("status", "failedIndexes")) : [];
        Settle();
        TakeFinished();
    }

    public Job Job { get; }

    public IReadOnlyList<Pod> Pods { get; }

    /// <summary>Counted pods without the uncounted ones.</summary>
    public int CountedSucceeded { get; private set; }

    public int CountedFailed { get; private set; }

    public IndexSet SucceededIndexes { get; }

    public IndexSet FailedIndexes { get; }

    public int Succeeded => Job.IsIndexed ? SucceededIndexes.Count : CountedSucceeded + _uncountedSucceeded.Count;

    public int Failed => CountedFailed + _uncountedFailed.Count;

    /// <summary>Pods whose finalizer may go once the status is stored.</summary>
    public List<Pod> ToRelease { get; } = [];

    /// <summary>Failures seen for the first time, for the pause before new pods.</summary>
    public List<Pod> NewFailures { get; } = [];

    public bool HasNewSuccess { get; private set; }

    /// <summary>Why the failure policy ends the job at once, or null.</summary>
    public string? FatalFailure { get; private set; }

    public List<Pod> Active => [.. Pods.Where(p => p.IsActive)];

    public int Terminating => Pods.Count(p => p.IsTerminating && !p.IsFinished);

    public bool HasUncounted => _uncountedSucceeded.Count + _uncountedFailed.Count > 0;

    /// <summary>Failures of one index so far: its newest failed pod carries the count.</summary>
    public int IndexFailures(int index)
    {
        var most = 0;
        foreach (var pod in Pods)
        {
            if (JobPods.Index(pod) != index || !JobPods.IsFailed(Job, pod)) continue;
            var before = int.TryParse(pod.Annotation(JobPods.IndexFailures), out var count) ? count : 0;
            most = Math.Max(most, before + 1);
        }

        return most;
    }

    /// <summary>Moves what has lost its finalizer from the uids into the counts.</summary>
    public void CountReleased()
    {
        CountedSucceeded += _uncountedSucceeded.Count;
        CountedFailed += _uncountedFailed.Count;
        _uncountedSucceeded.Clear();
        _uncountedFailed.Clear();
    }

    public JsonObject Uncounted()
    {
        var uncounted = new JsonObject();
        if (_uncountedSucceeded.Count > 0) uncounted["succeeded"] = new JsonArray([.. _uncountedSucceeded]);
        if (_uncountedFailed.Count > 0) uncounted["failed"] = new JsonArray([.. _uncountedFailed]);
        return uncounted;
    }

    // Uids of an earlier pass whose pods have no finalizer any more (or are gone) are counted for good.
    private void Settle()
    {
        CountedSucceeded = Job.Succeeded;
        CountedFailed = Job.Failed;
        var tracked = Pods.Where(JobPods.IsTracked).Select(p => p.Uid).ToHashSet(StringComparer.Ordinal);
        if (!Job.IsIndexed) CountedSucceeded += _uncountedSucceeded.Count(u => !tracked.Contains(u));
        CountedFailed += _uncountedFailed.Count(u => !tracked.Contains(u));
        _uncountedSucceeded.RemoveAll(u => !tracked.Contains(u));
        _uncountedFailed.RemoveAll(u => !tracked.Contains(u));
    }

    private void TakeFinished()
    {
        var completions = Job.Completions ?? int.MaxValue;
        foreach (var pod in Pods)
        {
            if (!JobPods.IsTracked(pod)) continue;
            var index = JobPods.Index(pod);
            if (pod.Phase == "Succeeded") TakeSuccess(pod, index, completions);
            else if (JobPods.IsFailed(Job, pod)) TakeFailure(pod, index, completions);
            else if (Job.IsFinished) ToRelease.Add(pod);
        }
    }

    private void TakeSuccess(Pod pod, int index, int completions)
    {
        ToRelease.Add(pod);
        if (Job.IsIndexed)
        {
            if (index < 0 || index >= completions || !SucceededIndexes.Add(index)) return;
            FailedIndexes.Remove(index);
        }
        else if (_uncountedSucceeded.Contains(pod.Uid))
        {
            return;
        }
        else
        {
            _uncountedSucceeded.Add(pod.Uid);
        }

        HasNewSuccess = true;
    }

    private void TakeFailure(Pod pod, int index, int completions)
    {
        ToRelease.Add(pod);
        if (_uncountedFailed.Contains(pod.Uid)) return;
        var verdict = JobPods.Judge(Job, pod);
        if (verdict is FailureVerdict.FailJob fatal) FatalFailure ??= fatal.Message;
        if (Job.IsIndexed && (index < 0 || index >= completions)) return;
        if (verdict is FailureVerdict.Ignore) return;
        if (Job.IsIndexed && IsIndexLost(verdict, index)) FailedIndexes.Add(index);
        _uncountedFailed.Add(pod.Uid);
        NewFailures.Add(pod);
    }

    private bool IsIndexLost(FailureVerdict verdict, int index) =>
        Job.Json.Integer("spec", "backoffLimitPerIndex") is { } limit
        && (verdict is FailureVerdict.FailIndex || IndexFailures(index) > limit);
}
