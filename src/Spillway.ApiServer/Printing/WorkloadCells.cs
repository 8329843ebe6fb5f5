using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>Lines of the kinds that make pods.</summary>
internal static class WorkloadCells
{
    public static object?[] Deployment(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        return
        [
            Cells.Name(item), $"{Cells.Number(status, "readyReplicas")}/{Cells.Number(spec, "replicas")}",
            Cells.Number(status, "updatedReplicas"), Cells.Number(status, "availableReplicas"), Cells.Age(item, now),
            Cells.Containers(Pod(spec)), Cells.Images(Pod(spec)), Cells.Selector(spec?.Map("selector")),
        ];
    }

    public static object?[] ReplicaSet(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        return
        [
            Cells.Name(item), Cells.Number(spec, "replicas"), Cells.Number(status, "replicas"),
            Cells.Number(status, "readyReplicas"), Cells.Age(item, now), Cells.Containers(Pod(spec)),
            Cells.Images(Pod(spec)), Cells.Selector(spec?.Map("selector")),
        ];
    }

    public static object?[] ReplicationController(JsonObject item, DateTimeOffset now)
    {
        var row = ReplicaSet(item, now);
        row[^1] = Cells.Labels(item.Map("spec")?.Map("selector"));
        return row;
    }

    public static object?[] StatefulSet(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        return
        [
            Cells.Name(item), $"{Cells.Number(status, "readyReplicas")}/{Cells.Number(spec, "replicas")}",
            Cells.Age(item, now), Cells.Containers(Pod(spec)), Cells.Images(Pod(spec)),
        ];
    }

    public static object?[] DaemonSet(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        return
        [
            Cells.Name(item), Cells.Number(status, "desiredNumberScheduled"),
                Cells.Number(status, "currentNumberScheduled"),
            Cells.Number(status, "numberReady"), Cells.Number(status, "updatedNumberScheduled"),
            Cells.Number(status, "numberAvailable"), Cells.Labels(Pod(spec)?.Map("nodeSelector")), Cells.Age(item, now),
            Cells.Containers(Pod(spec)), Cells.Images(Pod(spec)), Cells.Selector(spec?.Map("selector")),
        ];
    }

    public static object?[] ControllerRevision(JsonObject item, DateTimeOffset now)
    {
        var owner = item.Map("metadata")?.Objects("ownerReferences").FirstOrDefault(o => o.Flag("controller"));
        var group = (owner?.Text("apiVersion") ?? "").Split('/') is [var named, _] ? "." + named : "";
        var by = owner is null ? Cells.None : $"{owner.Text("kind")?.ToLowerInvariant()}{group}/{owner.Text("name")}";
        return [Cells.Name(item), by, item.Number("revision") ?? 0, Cells.Age(item, now)];
    }

    public static object?[] PodTemplate(JsonObject item, DateTimeOffset now)
    {
        var template = item.Map("template");
        return
        [
            Cells.Name(item), Cells.Containers(template?.Map("spec")), Cells.Images(template?.Map("spec")),
            Cells.Labels(template?.Map("metadata")?.Map("labels")),
        ];
    }

    public static object?[] Job(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var succeeded = Cells.Number(status, "succeeded");
        var parallelism = Cells.Number(spec, "parallelism");
        var completions = spec?.Number("completions") is { } wanted ? $"{succeeded}/{wanted}"
            : parallelism > 1 ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
        return
        [
            Cells.Name(item), JobStatus(item), completions, JobDuration(status, now), Cells.Age(item, now),
            Cells.Containers(Pod(spec)), Cells.Images(Pod(spec)), Cells.Selector(spec?.Map("selector")),
        ];
    }

    public static object?[] CronJob(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var job = spec?.Map("jobTemplate")?.Map("spec");
        var last = status?.Text("lastScheduleTime") is { } time ? Cells.Since(time, now) : Cells.None;
        return
        [
            Cells.Name(item), spec?.Text("schedule") ?? "", Cells.OrNone(spec?.Text("timeZone")),
            spec?.Flag("suspend") == true, status?.Objects("active").Count() ?? 0, last,
            Cells.Age(item, now), Cells.Containers(Pod(job)), Cells.Images(Pod(job)),
                Cells.Selector(job?.Map("selector")),
        ];
    }

    public static object?[] Autoscaler(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var target = spec?.Map("scaleTargetRef");
        return
        [
            Cells.Name(item), $"{target?.Text("kind")}/{target?.Text("name")}", Targets(spec, status),
            spec?.Number("minReplicas")?.ToString() ?? Cells.Unset, Cells.Number(spec, "maxReplicas"),
            Cells.Number(status, "currentReplicas"), Cells.Age(item, now),
        ];
    }

    private static JsonObject? Pod(JsonObject? spec) => spec?.Map("template")?.Map("spec");

    private static string JobStatus(JsonObject job)
    {
        bool Has(string type) => Cells.Condition(job, type)?.Text("status") == "True";
        if (Has("Complete")) return "Complete";
        if (Has("Failed")) return "Failed";
        if (job.Map("metadata")?.ContainsKey("deletionTimestamp") == true) return "Terminating";
        if (Has("Suspended")) return "Suspended";
        if (Has("FailureTarget")) return "FailureTarget";
        return Has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static string JobDuration(JsonObject? status, DateTimeOffset now)
    {
        if (!Cells.TryTime(status?.Text("startTime"), out var start)) return "";
        return Cells.Duration((Cells.TryTime(status?.Text("completionTime"), out var end) ? end : now) - start);
    }

    private static string Targets(JsonObject? spec, JsonObject? status)
    {
        if (spec?.Number("targetCPUUtilizationPercentage") is { } old)
            return $"cpu: {Percent(status?.Number("currentCPUUtilizationPercentage"))}/{old}%";
        var current = status?.Objects("currentMetrics").ToList() ?? [];
        var all = new List<string>();
        foreach (var metric in spec?.Objects("metrics") ?? [])
        {
            var at = all.Count < current.Count ? current[all.Count] : null;
            var kind = Lower(metric.Text("type") ?? "");
            var (wanted, seen) = (metric.Map(kind), at?.Map(kind)?.Map("current"));
            var name = kind is "resource" or "containerResource" ? wanted?.Text("name") + ": " : "";
            var target = wanted?.Map("target");
            all.Add(target?.Number("averageUtilization") is { } share
                ? $"{name}{Percent(seen?.Number("averageUtilization"))}/{share}%"
                : $"{name}{Value(seen) ?? Cells.Unknown}/{Value(target)}");
        }
        if (all.Count == 0) return Cells.None;
        return all.Count <= 2 ? string.Join(", ", all) : $"{all[0]}, {all[1]} + {all.Count - 2} more...";
    }

    private static string Percent(long? share) => share is { } value ? $"{value}%" : Cells.Unknown;

    private static string Lower(string name) => name.Length == 0 ? name : char.ToLowerInvariant(name[0]) + name[1..];

    private static string? Value(JsonObject? metric) => metric?.Text("averageValue") ?? metric?.Text("value");
}
