using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What happens around a Job's run: pauses after failures, finalizers, and removal after its time to live.</summary>
internal sealed partial class Jobs
{
    private void NoteFailures(JobTally tally)
    {
        var uid = tally.Job.Uid;
        if (tally.HasNewSuccess) _failures.Remove(uid);
        else if (tally.NewFailures.Count > 0)
        {
            var last = tally.NewFailures.Select(JobPods.FinishedAt).Max() ?? _context.Now;
            var before = _failures.GetValueOrDefault(uid);
            _failures[uid] =
                new Failures(before.Count + tally.NewFailures.Count, last > before.Last ? last : before.Last);
        }
    }

    /// <summary>10 s after the first failure, doubling to ten minutes.</summary>
    private TimeSpan Pause(Job job)
    {
        if (!_failures.TryGetValue(job.Uid, out var failures)) return TimeSpan.Zero;
        var pause = FirstPause * Math.Pow(2, Math.Min(failures.Count - 1, 20));
        var left = failures.Last + (pause < LongestPause ? pause : LongestPause) - _context.Now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task ReleaseAsync(KubernetesObject job, Pod pod, CancellationToken cancellationToken)
    {
        var rest = new JsonArray([.. pod.Finalizers.Where(f => f != JobPods.Finalizer)]);
        var change = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid, ["finalizers"] = rest } };
        var result = await _context.Client.PatchAsync(
            Resources.Pods, pod.Key, KubernetesPatch.Merge(change), cancellationToken);
        if (result.Value is { } stored) _pods.Writes.Wrote(job.Key, stored);
    }

    // A job that was deleted with its pods orphaned, or force-deleted: nobody else would let go of them.
    private async Task<Reconciled> ReleaseOrphansAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        foreach (var pod in _context.Pods.List())
        {
            if (pod.Namespace != key.Namespace || !JobPods.IsTracked(pod)) continue;
            if (pod.Controller is { } owner && (owner.Kind != "Job" || owner.Name != key.Name)) continue;
            if (pod.Controller is null && pod.Label("batch.kubernetes.io/job-name") != key.Name) continue;
            await ReleaseAsync(Resources.Jobs.New(key), pod, cancellationToken);
        }

        return Reconciled.Done;
    }

    private async Task<Reconciled> ExpireAsync(Job job, CancellationToken cancellationToken)
    {
        if (job.IsTerminating || job.Json.Long("spec", "ttlSecondsAfterFinished") is not { } seconds)
            return Reconciled.Done;
        var finished = (job.FindCondition("Complete") ?? job.FindCondition("Failed"))?.LastTransition ?? _context.Now;
        var left = finished.AddSeconds(seconds) - _context.Now;
        if (left > TimeSpan.Zero) return Reconciled.After(left);
        var options = new DeleteOptions
        {
            Uid = job.Uid, ResourceVersion = job.ResourceVersion, Propagation = DeletePropagation.Foreground,
        };
        var result = await _context.Client.DeleteAsync(Resources.Jobs, job.Key, options, cancellationToken);
        return result is WriteResult<Job>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }
}
