using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public sealed class Deployment(JsonObject json) : KubernetesObject(json)
{
    public int Replicas => Json.Integer("spec", "replicas") ?? 1;

    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public JsonObject? Template => Json.ObjectAt("spec", "template");

    public bool IsPaused => Json.Flag("spec", "paused") == true;

    public int MinReadySeconds => Json.Integer("spec", "minReadySeconds") ?? 0;

    public string Strategy => Json.Text("spec", "strategy", "type") ?? "RollingUpdate";
}

public sealed class ReplicaSet(JsonObject json) : KubernetesObject(json)
{
    public int Replicas => Json.Integer("spec", "replicas") ?? 1;

    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public JsonObject? Template => Json.ObjectAt("spec", "template");

    public int MinReadySeconds => Json.Integer("spec", "minReadySeconds") ?? 0;

    public int ObservedReplicas => Json.Integer("status", "replicas") ?? 0;

    public int AvailableReplicas => Json.Integer("status", "availableReplicas") ?? 0;

    public int ReadyReplicas => Json.Integer("status", "readyReplicas") ?? 0;
}

public sealed class StatefulSet(JsonObject json) : KubernetesObject(json)
{
    public int Replicas => Json.Integer("spec", "replicas") ?? 1;

    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public JsonObject? Template => Json.ObjectAt("spec", "template");

    public int MinReadySeconds => Json.Integer("spec", "minReadySeconds") ?? 0;

    public bool IsParallel => Json.Text("spec", "podManagementPolicy") == "Parallel";
}

public sealed class DaemonSet(JsonObject json) : KubernetesObject(json)
{
    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public JsonObject? Template => Json.ObjectAt("spec", "template");

    public int MinReadySeconds => Json.Integer("spec", "minReadySeconds") ?? 0;
}

/// <summary>A stored earlier template of a StatefulSet or DaemonSet.</summary>
public sealed class ControllerRevision(JsonObject json) : KubernetesObject(json)
{
    public long Revision => Json.Long("revision") ?? 0;

    public JsonObject? Data => Json.ObjectAt("data");
}

public sealed class Job(JsonObject json) : KubernetesObject(json)
{
    public int Parallelism => Json.Integer("spec", "parallelism") ?? 1;

    /// <summary>Null for a work queue: any one success ends the job.</summary>
    public int? Completions => Json.Integer("spec", "completions");

    public bool IsIndexed => Json.Text("spec", "completionMode") == "Indexed";

    public bool IsSuspended => Json.Flag("spec", "suspend") == true;

    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public JsonObject? Template => Json.ObjectAt("spec", "template");

    public bool IsComplete => IsTrue("Complete");

    public bool IsFailed => IsTrue("Failed");

    public bool IsFinished => IsComplete || IsFailed;

    public int Succeeded => Json.Integer("status", "succeeded") ?? 0;

    public int Failed => Json.Integer("status", "failed") ?? 0;

    public int Active => Json.Integer("status", "active") ?? 0;
}

public sealed class CronJob(JsonObject json) : KubernetesObject(json)
{
    public string Schedule => Json.Text("spec", "schedule") ?? "";

    public string? TimeZone => Json.Text("spec", "timeZone");

    public bool IsSuspended => Json.Flag("spec", "suspend") == true;

    /// <summary>Allow, Forbid or Replace.</summary>
    public string ConcurrencyPolicy => Json.Text("spec", "concurrencyPolicy") ?? "Allow";

    public DateTimeOffset? LastScheduledAt => Json.Time("status", "lastScheduleTime");
}

public sealed class PodDisruptionBudget(JsonObject json) : KubernetesObject(json)
{
    public LabelSelector Selector => LabelSelector.Read(Json.ObjectAt("spec", "selector"));

    public int DisruptionsAllowed => Json.Integer("status", "disruptionsAllowed") ?? 0;
}
