using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Defaulting;

/// <summary>Defaults of the kinds that make pods.</summary>
internal static class WorkloadDefaults
{
    private const string DaemonGeneration = "deprecated.daemonset.template.generation";

    public static void Deployment(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            if (rolling["maxUnavailable"] is null) rolling["maxUnavailable"] = "25%";
            if (rolling["maxSurge"] is null) rolling["maxSurge"] = "25%";
        }
        PodDefaults.Template(spec.Map("template"));
    }

    public static void ReplicaSet(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("replicas", 1);
        PodDefaults.Template(spec.Map("template"));
    }

    public static void ReplicationController(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        var labels = spec.Map("template")?.Map("metadata")?.Map("labels");
        if (labels is { Count: > 0 })
        {
            if (spec.Map("selector") is not { Count: > 0 }) spec["selector"] = labels.DeepClone();
            var metadata = item.Ensure("metadata");
            if (metadata.Map("labels") is not { Count: > 0 }) metadata["labels"] = labels.DeepClone();
        }
        spec.Default("replicas", 1);
        PodDefaults.Template(spec.Map("template"));
    }

    public static void StatefulSet(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("podManagementPolicy", "OrderedReady");
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate") strategy.Ensure("rollingUpdate").Default("partition", 0);
        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim["apiVersion"] = "v1";
            claim["kind"] = "PersistentVolumeClaim";
            CoreDefaults.PersistentVolumeClaim(claim);
        }
        PodDefaults.Template(spec.Map("template"));
    }

    public static void DaemonSet(JsonObject item)
    {
        var annotations = item.Ensure("metadata").Ensure("annotations");
        if (!annotations.ContainsKey(DaemonGeneration)) annotations[DaemonGeneration] = "0";
        if (item.Map("spec") is not { } spec) return;
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }
        PodDefaults.Template(spec.Map("template"));
    }

    public static void Job(JsonObject? spec)
    {
        if (spec is null) return;
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
            spec["parallelism"] = 1;
        }
        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        if (spec["podReplacementPolicy"] is null)
            spec["podReplacementPolicy"] = spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed";
        foreach (var rule in spec.Map("podFailurePolicy")?.Objects("rules") ?? [])
            foreach (var pattern in rule.Objects("onPodConditions")) pattern.Default("status", "True");
        PodDefaults.Template(spec.Map("template"));
    }

    public static void CronJob(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3);
        spec.Default("failedJobsHistoryLimit", 1);
        // The template's own job defaults are filled in when a job is made of it; its pods' at once.
        if (spec.Map("jobTemplate")?.Map("spec") is { } job) PodDefaults.Template(job.Map("template"));
    }
}
