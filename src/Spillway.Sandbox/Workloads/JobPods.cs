using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What a failed pod means to its job, by the job's <c>podFailurePolicy</c>.</summary>
internal abstract record FailureVerdict
{
    private FailureVerdict() { }

    public sealed record Count : FailureVerdict;

    public sealed record Ignore : FailureVerdict;

    public sealed record FailIndex : FailureVerdict;

    public sealed record FailJob(string Message) : FailureVerdict;
}

/// <summary>Reads a Job's pods: index, outcome, exit codes.</summary>
internal static class JobPods
{
    public const string Finalizer = "batch.kubernetes.io/job-tracking";
    public const string IndexKey = "batch.kubernetes.io/job-completion-index";
    public const string IndexFailures = "batch.kubernetes.io/job-index-failure-count";

    public static bool IsTracked(Pod pod) => pod.Finalizers.Contains(Finalizer);

    /// <summary>The pod's completion index, or -1.</summary>
    public static int Index(Pod pod) => int.TryParse(pod.Annotation(IndexKey), out var index) ? index : -1;

    public static bool ReplacesFailedOnly(Job job) =>
        job.Json.Text("spec", "podReplacementPolicy") == "Failed"
            || job.Json.At("spec", "podFailurePolicy") is not null;

    /// <summary>Failed, or deleted before it could fail: both count, so that a lost node does not hold a job up for ever.</summary>
    public static bool IsFailed(Job job, Pod pod) =>
        pod.Phase == "Failed" || (!ReplacesFailedOnly(job) && pod.IsTerminating && pod.Phase != "Succeeded");

    /// <summary>When the pod's last container ended, or its deletion or creation.</summary>
    public static DateTimeOffset? FinishedAt(Pod pod)
    {
        DateTimeOffset? last = null;
        foreach (var status in pod.ContainerStatuses)
        {
            if (status.Time("state", "terminated", "finishedAt") is { } at && !(at <= last)) last = at;
        }

        return last ?? pod.FindCondition("Ready")?.LastTransition ?? pod.DeletedAt ?? pod.CreatedAt;
    }

    public static FailureVerdict Judge(Job job, Pod pod)
    {
        foreach (var rule in job.Json.ObjectsAt("spec", "podFailurePolicy", "rules"))
        {
            if (pod.Phase != "Failed" || Match(rule, pod) is not { } why) continue;
            return rule.Text("action") switch
            {
                "Ignore" => new FailureVerdict.Ignore(),
                "FailIndex" => new FailureVerdict.FailIndex(),
                "FailJob" => new FailureVerdict.FailJob($"{why} matching FailJob rule"),
                _ => new FailureVerdict.Count(),
            };
        }

        return new FailureVerdict.Count();
    }

    /// <summary>Restarts of the pods' containers: what counts against the limit when containers restart in place.</summary>
    public static int Restarts(IEnumerable<Pod> pods)
    {
        var sum = 0;
        foreach (var pod in pods)
        {
            if (pod.Phase is not ("Running" or "Pending")) continue;
            foreach (var status in pod.Json.ObjectsAt("status", "initContainerStatuses").Concat(pod.ContainerStatuses))
                sum += status.Integer("restartCount") ?? 0;
        }

        return sum;
    }

    /// <summary>A pod for the job; with an index when the job is Indexed (0 or more).</summary>
    public static Pod Build(Job job, int index, int indexFailures)
    {
        var pod = PodWriter.FromTemplate(Resources.Jobs, job, job.Template);
        var metadata = pod.Metadata;
        var labels = metadata.Ensure("labels");
        labels["batch.kubernetes.io/controller-uid"] = job.Uid;
        labels["batch.kubernetes.io/job-name"] = job.Name;
        labels["controller-uid"] = job.Uid;
        labels["job-name"] = job.Name;
        metadata.EnsureArray("finalizers").Add(Finalizer);
        if (index < 0) return pod;
        labels[IndexKey] = index.ToString();
        metadata.Ensure("annotations")[IndexKey] = index.ToString();
        if (job.Json.At("spec", "backoffLimitPerIndex") is not null)
            metadata.Ensure("annotations")[IndexFailures] = indexFailures.ToString();
        metadata["generateName"] = $"{job.Name}-{index}-";
        var spec = pod.Json.Ensure("spec");
        spec["hostname"] ??= $"{job.Name}-{index}";
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers"])
        {
            foreach (var container in spec.ObjectsAt(list)) AddIndexVariable(container);
        }

        return pod;
    }

    private static void AddIndexVariable(JsonObject container)
    {
        foreach (var variable in container.ObjectsAt("env"))
        {
            if (variable.Text("name") == "JOB_COMPLETION_INDEX") return;
        }

        container.EnsureArray("env").Add(new JsonObject
        {
            ["name"] = "JOB_COMPLETION_INDEX",
            ["valueFrom"] = new JsonObject
            {
                ["fieldRef"] =
                    new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = $"metadata.labels['{IndexKey}']" },
            },
        });
    }

    private static string? Match(JsonObject rule, Pod pod)
    {
        foreach (var pattern in rule.ObjectsAt("onPodConditions"))
        {
            var condition = pod.FindCondition(pattern.Text("type") ?? "");
            if (condition is not null && condition.Status == (pattern.Text("status") ?? "True"))
                return $"Pod {pod.Key} has condition {condition.Type}";
        }

        if (rule.ObjectAt("onExitCodes") is not { } codes) return null;
        var values = codes.ArrayAt("values")?.Select(v => (int)v!).ToHashSet() ?? [];
        foreach (var status in pod.Json.ObjectsAt("status", "initContainerStatuses").Concat(pod.ContainerStatuses))
        {
            if (codes.Text("containerName") is { } only && only != status.Text("name")) continue;
            if (status.Integer("state", "terminated", "exitCode") is not { } code || code == 0) continue;
            if (values.Contains(code) == (codes.Text("operator") == "In"))
                return $"Container {status.Text("name")} for pod {pod.Key} failed with exit code {code}";
        }

        return null;
    }
}
