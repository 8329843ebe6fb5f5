using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Whether a Job is over, and why: figures in, answer out.</summary>
internal abstract record JobOutcome
{
    private JobOutcome() { }

    public sealed record Running : JobOutcome;

    public sealed record Succeeded(string Reason, string Message) : JobOutcome;

    public sealed record Failed(string Reason, string Message) : JobOutcome;

    public static JobOutcome Decide(JobTally tally, DateTimeOffset? startedAt, DateTimeOffset now)
    {
        var job = tally.Job;
        if (job.FindCondition("FailureTarget") is { Status: "True" } failing)
            return new Failed(failing.Reason, failing.Message);
        if (job.FindCondition("SuccessCriteriaMet") is { Status: "True" } met)
            return new Succeeded(met.Reason, met.Message);
        if (tally.FatalFailure is { } fatal) return new Failed("PodFailurePolicy", fatal);
        if (LimitMet(tally, startedAt, now) is { } failed) return failed;
        return PolicyMet(tally) is { } rule
            ? new Succeeded("SuccessPolicy", $"Matched rules at index {rule}")
            : AllDone(tally);
    }

    /// <summary>When the job's deadline strikes, or null when it has none.</summary>
    public static DateTimeOffset? Deadline(Job job, DateTimeOffset? startedAt) =>
        job.IsSuspended || job.Json.Long("spec", "activeDeadlineSeconds") is not { } seconds
            ? null : startedAt?.AddSeconds(seconds);

    private static Failed? LimitMet(JobTally tally, DateTimeOffset? startedAt, DateTimeOffset now)
    {
        var job = tally.Job;
        var limit = job.Json.Integer("spec", "backoffLimit") ?? 6;
        var restartsInPlace = job.Template.Text("spec", "restartPolicy") == "OnFailure";
        var restarts = restartsInPlace ? JobPods.Restarts(tally.Pods) : 0;
        if (tally.Failed > limit || (restartsInPlace && (limit == 0 ? restarts > 0 : restarts >= limit)))
            return new Failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        if (Deadline(job, startedAt) <= now)
            return new Failed("DeadlineExceeded", "Job was active longer than specified deadline");
        if (!job.IsIndexed) return null;
        if (job.Json.Integer("spec", "maxFailedIndexes") is { } most && tally.FailedIndexes.Count > most)
            return new Failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        return tally.FailedIndexes.Count > 0
            && tally.FailedIndexes.Count + tally.SucceededIndexes.Count >= job.Completions
            ? new Failed("FailedIndexes", "Job has failed indexes")
            : null;
    }

    /// <summary>The success policy's first rule that holds, or null.</summary>
    private static int? PolicyMet(JobTally tally)
    {
        var number = 0;
        foreach (var rule in tally.Job.Json.ObjectsAt("spec", "successPolicy", "rules"))
        {
            var indexes = rule.Text("succeededIndexes") is { } text ? IndexSet.Parse(text) : null;
            var done = indexes is null
                ? tally.SucceededIndexes.Count
                : tally.SucceededIndexes.Count(indexes.Contains);
            if (done >= (rule.Integer("succeededCount") ?? indexes?.Count ?? int.MaxValue)) return number;
            number++;
        }

        return null;
    }

    private static JobOutcome AllDone(JobTally tally)
    {
        var job = tally.Job;
        var complete = job.Completions is { } completions
            ? tally.Succeeded >= completions && !job.IsSuspended
            : tally.Succeeded > 0 && tally.Active.Count == 0;
        return complete
            ? new Succeeded("CompletionsReached", "Reached expected number of succeeded pods") : new Running();
    }
}
