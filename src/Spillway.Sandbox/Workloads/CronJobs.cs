using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Starts Jobs at the times of CronJobs.</summary>
internal sealed class CronJobs : IWorkloadController
{
    /// <summary>More missed times than this mean a broken clock or a long outage; the owner is warned.</summary>
    private const int ManyMissed = 100;

    private readonly WorkloadContext _context;
    private readonly Informer<CronJob> _crons;
    private readonly Informer<Job> _jobs;
    private readonly InformerIndex<Job> _jobsByOwner;
    private readonly OwnWrites<Job> _jobWrites;
    private readonly OwnWrites<CronJob> _writes;
    private readonly EventRecorder _events;
    private readonly Controller<ObjectKey> _loop;

    public CronJobs(WorkloadContext context)
    {
        _context = context;
        _crons = context.Informers.Get(Resources.CronJobs);
        _jobs = context.Informers.Get(Resources.Jobs);
        _jobsByOwner = _jobs.AddIndex(WorkloadContext.OwnerUid);
        _jobWrites = new OwnWrites<Job>(_jobs);
        _writes = new OwnWrites<CronJob>(_crons);
        _events = context.Recorder("cronjob-controller");
        _loop = new Controller<ObjectKey>("cronjob", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_crons, static change => [change.Key]);
        _loop.Watch(_jobs, static change =>
            change.Current.Controller is { Kind: "CronJob" } owner
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
        if (!_crons.TryGet(key, out var cron) || cron.IsTerminating) return Reconciled.Done;
        if (!_jobWrites.AreSeen(key) || !_writes.AreSeen(key)) return OwnWrites<Job>.LookAgain;
        var jobs =
            _jobsByOwner.Find(cron.Uid).OrderBy(j => j.CreatedAt).ThenBy(j => j.Name, StringComparer.Ordinal).ToList();
        var status = cron.Status?.Copied() ?? [];
        Settle(cron, status, jobs);
        await TrimAsync(cron, jobs, cancellationToken);
        var next = await StartDueAsync(cron, status, jobs, cancellationToken);
        if (!KubernetesJson.Same(cron.Status ?? [], status))
        {
            var changed = Resources.CronJobs.Copy(cron);
            changed.Json["status"] = status;
            var result = await _context.Client.UpdateAsync(
                Resources.CronJobs, changed, WriteOptions.OnStatus, cancellationToken);
            if (result.Value is not { } stored) return Reconciled.Retry;
            _writes.Wrote(key, stored);
        }

        return next is { } at ? Reconciled.After(Later(at - _context.Now)) : Reconciled.Done;
    }

    private static TimeSpan Later(TimeSpan wait) =>
        wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1);

    private void Settle(CronJob cron, JsonObject status, List<Job> jobs)
    {
        var active = new JsonArray();
        foreach (var job in jobs)
        {
            if (!job.IsFinished)
            {
                active.Add(Reference(job));
                continue;
            }

            var wasActive = cron.Json.ObjectsAt("status", "active").Any(a => a.Text("uid") == job.Uid);
            if (wasActive)
                _events.Record(cron, "Normal", "SawCompletedJob", $"Saw completed job: {job.Name}, condition: {(job.IsComplete ? "Complete" : "Failed")}");
            if (job.IsComplete && job.Json.Text("status", "completionTime") is { } done
                && string.CompareOrdinal(done, status.Text("lastSuccessfulTime")) > 0)
                status["lastSuccessfulTime"] = done;
        }

        if (active.Count > 0) status["active"] = active;
        else status.Remove("active");
    }

    private async Task TrimAsync(CronJob cron, List<Job> jobs, CancellationToken cancellationToken)
    {
        var good = jobs.Where(j => j.IsComplete && !j.IsTerminating).ToList();
        var bad = jobs.Where(j => j.IsFailed && !j.IsTerminating).ToList();
        var surplus =
            good.Take(Math.Max(0, good.Count - (cron.Json.Integer("spec", "successfulJobsHistoryLimit") ?? 3)))
            .Concat(bad.Take(Math.Max(0, bad.Count - (cron.Json.Integer("spec", "failedJobsHistoryLimit") ?? 1))));
        foreach (var job in surplus) await DeleteAsync(cron, job, cancellationToken);
    }

    /// <summary>Starts what is due and returns when to look next; null for never.</summary>
    private async Task<DateTimeOffset?> StartDueAsync(
        CronJob cron, JsonObject status, List<Job> jobs, CancellationToken cancellationToken)
    {
        if (cron.IsSuspended) return null;
        if (CronSchedule.TryParse(cron.Schedule) is not { } schedule || Zone(cron) is not { } zone)
        {
            _events.Record(cron, "Warning", "UnparseableCronJobSpec",
                $"unable to read schedule \"{cron.Schedule}\" {cron.TimeZone}");
            return null;
        }

        var next = schedule.Next(_context.Now, zone);
        if (Due(cron, schedule, zone) is not { } due) return next;
        if (cron.Json.Long("spec", "startingDeadlineSeconds") is { } seconds && due.AddSeconds(seconds) < _context.Now)
        {
            _events.Record(cron, "Warning", "MissSchedule", $"Missed scheduled time to start a job: {due:R}");
            return next;
        }

        var running = jobs.Where(j => !j.IsFinished && !j.IsTerminating).ToList();
        if (running.Count > 0 && cron.ConcurrencyPolicy == "Forbid")
        {
            _events.Record(cron, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return next;
        }

        if (cron.ConcurrencyPolicy == "Replace")
        {
            foreach (var job in running) await DeleteAsync(cron, job, cancellationToken);
            status.Remove("active");
        }

        await StartAsync(cron, status, due, cancellationToken);
        return next;
    }

    /// <summary>The newest time that has passed since the last start, or null.</summary>
    private DateTimeOffset? Due(CronJob cron, CronSchedule schedule, TimeZoneInfo zone)
    {
        var since = cron.LastScheduledAt ?? cron.CreatedAt ?? _context.Now;
        if (cron.Json.Long("spec", "startingDeadlineSeconds") is { } seconds
            && _context.Now.AddSeconds(-seconds) > since)
            since = _context.Now.AddSeconds(-seconds);
        DateTimeOffset? due = null;
        var missed = 0;
        for (var at = schedule.Next(since, zone); at <= _context.Now; at = schedule.Next(at.Value, zone))
        {
            due = at;
            if (++missed == ManyMissed + 1)
                _events.Record(cron, "Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        return due;
    }

    private async Task StartAsync(
        CronJob cron, JsonObject status, DateTimeOffset due, CancellationToken cancellationToken)
    {
        // Named by its time: a second start of the same time is refused by the server.
        var job = Resources.Jobs.New(new ObjectKey(cron.Namespace, $"{cron.Name}-{due.ToUnixTimeSeconds() / 60}"));
        var template = cron.Json.ObjectAt("spec", "jobTemplate");
        job.Metadata["labels"] = template.ObjectAt("metadata", "labels")?.Copied() ?? [];
        job.Metadata["annotations"] = template.ObjectAt("metadata", "annotations")?.Copied() ?? [];
        job.Metadata.Ensure("annotations")["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
            KubernetesJson.Timestamp(due);
        job.Metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.CronJobs, cron));
        job.Json["spec"] = template.ObjectAt("spec")?.Copied() ?? [];
        var result = await _context.Client.CreateAsync(Resources.Jobs, job, cancellationToken);
        if (result is WriteResult<Job>.Written { Object: { } made })
        {
            _jobWrites.Wrote(cron.Key, made);
            _events.Record(cron, "Normal", "SuccessfulCreate", $"Created job {made.Name}");
            status.EnsureArray("active").Add(Reference(made));
        }
        else if (result is not WriteResult<Job>.AlreadyExists)
        {
            return;
        }

        status["lastScheduleTime"] = KubernetesJson.Timestamp(due);
    }

    private async Task DeleteAsync(CronJob cron, Job job, CancellationToken cancellationToken)
    {
        if (_jobWrites.IsDeleted(job)) return;
        var options = new DeleteOptions { Uid = job.Uid, Propagation = DeletePropagation.Background };
        await _context.Client.DeleteAsync(Resources.Jobs, job.Key, options, cancellationToken);
        _jobWrites.Deleted(job);
        _events.Record(cron, "Normal", "SuccessfulDelete", $"Deleted job {job.Name}");
    }

    private static TimeZoneInfo? Zone(CronJob cron)
    {
        if (string.IsNullOrEmpty(cron.TimeZone)) return TimeZoneInfo.Utc;
        return TimeZoneInfo.TryFindSystemTimeZoneById(cron.TimeZone, out var zone) ? zone : null;
    }

    private static JsonObject Reference(Job job) => new()
    {
        ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["namespace"] = job.Namespace, ["name"] = job.Name,
        ["uid"] = job.Uid, ["resourceVersion"] = job.ResourceVersion,
    };
}
