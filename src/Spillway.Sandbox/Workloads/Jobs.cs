using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Runs Jobs to completion: pods, counts, limits, and what they end with.</summary>
internal sealed partial class Jobs : IWorkloadController
{
    private const int BurstPods = 500;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly WorkloadContext _context;
    private readonly Informer<Job> _jobs;
    private readonly EventRecorder _events;
    private readonly PodWriter _pods;
    private readonly OwnWrites<Job> _writes;
    private readonly Dictionary<string, Failures> _failures = new(StringComparer.Ordinal);
    private readonly Controller<ObjectKey> _loop;

    /// <summary>Failures in a row since the last success, and when the newest was.</summary>
    private readonly record struct Failures(int Count, DateTimeOffset Last);

    public Jobs(WorkloadContext context)
    {
        _context = context;
        _jobs = context.Informers.Get(Resources.Jobs);
        _events = context.Recorder("job-controller");
        _pods = new PodWriter(context, _events);
        _writes = new OwnWrites<Job>(_jobs);
        _loop = new Controller<ObjectKey>("job", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_jobs, static change => [change.Key]);
        _loop.Watch(_context.Pods, static change =>
            change.Current.Controller is { Kind: "Job" } owner
                ? [new ObjectKey(change.Key.Namespace, owner.Name)] : []);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_jobs.TryGet(key, out var job)) return await ReleaseOrphansAsync(key, cancellationToken);
        if (!_pods.Writes.AreSeen(key) || !_writes.AreSeen(key)) return OwnWrites<Pod>.LookAgain;
        if (job.Json.Text("spec", "managedBy") is { } other && other != "kubernetes.io/job-controller")
            return Reconciled.Done;
        var pods = _context.PodsByOwner.Find(job.Uid).Where(p => !_pods.Writes.IsDeleted(p)).ToList();
        if (job.IsFinished || job.IsTerminating)
        {
            foreach (var pod in pods.Where(JobPods.IsTracked)) await ReleaseAsync(job, pod, cancellationToken);
            _failures.Remove(job.Uid);
            return job.IsFinished ? await ExpireAsync(job, cancellationToken) : Reconciled.Done;
        }

        var tally = new JobTally(job, pods);
        NoteFailures(tally);
        return await RunAsync(tally, cancellationToken);
    }

    private async Task<Reconciled> RunAsync(JobTally tally, CancellationToken cancellationToken)
    {
        var job = tally.Job;
        var now = _context.Now;
        var status = job.Status?.Copied() ?? [];
        Suspend(job, status, now);
        var outcome = JobOutcome.Decide(tally, status.Time("startTime"), now);
        var plan = new JobPlan(tally, outcome is not JobOutcome.Running);
        if (plan.IsEnding) MarkEnding(status, outcome, now);

        // Before any pod loses its finalizer: the uids must be on record.
        if (tally.ToRelease.Count > 0)
        {
            Fill(tally, status, plan);
            if (await StoreAsync(job, status, cancellationToken) is not { } stored) return Reconciled.Retry;
            foreach (var pod in tally.ToRelease) await ReleaseAsync(job, pod, cancellationToken);
            tally.CountReleased();
            job = stored;
        }

        var pause = await ActAsync(tally, plan, cancellationToken);
        Fill(tally, status, plan);
        if (plan.IsEnding && plan.IsQuiet) Conclude(job, status, outcome, now);
        if (!KubernetesJson.Same(job.Status, status) && await StoreAsync(job, status, cancellationToken) is null)
            return Reconciled.Retry;
        return Next(job, status, pause, now);
    }

    /// <summary>Creates and deletes pods by the plan; how long new pods must wait because of failures, or zero.</summary>
    private async Task<TimeSpan> ActAsync(JobTally tally, JobPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.ToDelete)
        {
            await _pods.DeleteAsync(tally.Job, pod, cancellationToken);
            plan.Removed(pod);
        }

        if (plan.ToCreate == 0) return TimeSpan.Zero;
        if (Pause(tally.Job) is var pause && pause > TimeSpan.Zero) return pause;
        var indexes = plan.NewIndexes();
        for (var i = 0; i < Math.Min(plan.ToCreate, BurstPods); i++)
        {
            var index = tally.Job.IsIndexed ? indexes[i] : -1;
            var wanted = JobPods.Build(tally.Job, index, index < 0 ? 0 : tally.IndexFailures(index));
            if (await _pods.CreateAsync(tally.Job, wanted, cancellationToken) is not null) plan.Created();
        }

        return TimeSpan.Zero;
    }

    private static Reconciled Next(Job job, JsonObject status, TimeSpan pause, DateTimeOffset now)
    {
        var next = pause;
        if (JobOutcome.Deadline(job, status.Time("startTime")) is { } deadline)
        {
            var left = deadline > now ? deadline - now : TimeSpan.FromSeconds(1);
            if (next == TimeSpan.Zero || left < next) next = left;
        }

        return next > TimeSpan.Zero ? Reconciled.After(next) : Reconciled.Done;
    }

    private void Suspend(Job job, JsonObject status, DateTimeOffset now)
    {
        var conditions = status.EnsureArray("conditions");
        var suspended = job.FindCondition("Suspended");
        if (job.IsSuspended)
        {
            if (Condition.Set(
                conditions, new ConditionState("Suspended", "True", "JobSuspended", "Job suspended"), now))
                _events.Record(job, "Normal", "Suspended", "Job suspended");
            status.Remove("startTime");
        }
        else
        {
            if (suspended is { Status: "True" })
            {
                Condition.Set(conditions, new ConditionState("Suspended", "False", "JobResumed", "Job resumed"), now);
                _events.Record(job, "Normal", "Resumed", "Job resumed");
                status.Remove("startTime");
            }

            status["startTime"] ??= KubernetesJson.Timestamp(now);
        }

        if (conditions.Count == 0) status.Remove("conditions");
    }

    // The verdict comes first, the end when the last pod is gone: nothing of a finished job runs on.
    private static void MarkEnding(JsonObject status, JobOutcome outcome, DateTimeOffset now)
    {
        var state = outcome switch
        {
            JobOutcome.Failed f => new ConditionState("FailureTarget", "True", f.Reason, f.Message),
            JobOutcome.Succeeded s => new ConditionState("SuccessCriteriaMet", "True", s.Reason, s.Message),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        SetProbed(status, state, now);
    }

    private void Conclude(Job job, JsonObject status, JobOutcome outcome, DateTimeOffset now)
    {
        if (outcome is JobOutcome.Failed failed)
        {
            SetProbed(status, new ConditionState("Failed", "True", failed.Reason, failed.Message), now);
            _events.Record(job, "Warning", failed.Reason, failed.Message);
        }
        else if (outcome is JobOutcome.Succeeded done)
        {
            SetProbed(status, new ConditionState("Complete", "True", done.Reason, done.Message), now);
            status["completionTime"] = KubernetesJson.Timestamp(now);
            _events.Record(job, "Normal", "Completed", "Job completed");
        }
    }

    private static void SetProbed(JsonObject status, ConditionState state, DateTimeOffset now)
    {
        var conditions = status.EnsureArray("conditions");
        if (!Condition.Set(conditions, state, now)) return;
        foreach (var condition in conditions.OfType<JsonObject>())
        {
            if (condition.Text("type") == state.Type) condition["lastProbeTime"] = KubernetesJson.Timestamp(now);
        }
    }

    private static void Fill(JobTally tally, JsonObject status, JobPlan plan)
    {
        Count(status, "active", plan.ActiveCount);
        Count(status, "succeeded", tally.Job.IsIndexed ? tally.SucceededIndexes.Count : tally.CountedSucceeded);
        Count(status, "failed", tally.CountedFailed);
        status["ready"] = plan.ReadyCount;
        status["terminating"] = plan.TerminatingCount;
        status["uncountedTerminatedPods"] = tally.Uncounted();
        if (!tally.Job.IsIndexed) return;
        SetText(status, "completedIndexes", tally.SucceededIndexes.ToString());
        if (tally.Job.Json.At("spec", "backoffLimitPerIndex") is not null)
            status["failedIndexes"] = tally.FailedIndexes.ToString();
    }

    private static void Count(JsonObject status, string field, int count)
    {
        if (count > 0) status[field] = count;
        else status.Remove(field);
    }

    private static void SetText(JsonObject status, string field, string value)
    {
        if (value.Length > 0) status[field] = value;
        else status.Remove(field);
    }

    private async Task<Job?> StoreAsync(Job job, JsonObject status, CancellationToken cancellationToken)
    {
        var changed = Resources.Jobs.Copy(job);
        changed.Json["status"] = status.Copied();
        var result =
            await _context.Client.UpdateAsync(Resources.Jobs, changed, WriteOptions.OnStatus, cancellationToken);
        if (result.Value is not { } stored) return null;
        _writes.Wrote(job.Key, stored);
        return stored;
    }
}
