using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public sealed class Pod(JsonObject json) : KubernetesObject(json)
{
    /// <summary>Pending, Running, Succeeded, Failed or Unknown; Pending before any status is written.</summary>
    public string Phase => Json.Text("status", "phase") ?? "Pending";

    public bool IsFinished => Phase is "Succeeded" or "Failed";

    public bool IsReady => IsTrue("Ready");

    /// <summary>Neither finished nor on its way out.</summary>
    public bool IsActive => !IsFinished && !IsTerminating;

    /// <summary>Empty until it is bound.</summary>
    public string NodeName => Json.Text("spec", "nodeName") ?? "";

    public string SchedulerName => Json.Text("spec", "schedulerName") ?? "default-scheduler";

    public string PriorityClassName => Json.Text("spec", "priorityClassName") ?? "";

    public int Priority => Json.Integer("spec", "priority") ?? 0;

    public string NominatedNodeName => Json.Text("status", "nominatedNodeName") ?? "";

    public string ServiceAccountName => Json.Text("spec", "serviceAccountName") ?? "";

    public string RestartPolicy => Json.Text("spec", "restartPolicy") ?? "Always";

    public int TerminationGraceSeconds => Json.Integer("spec", "terminationGracePeriodSeconds") ?? 30;

    public string Ip => Json.Text("status", "podIP") ?? "";

    public DateTimeOffset? StartedAt => Json.Time("status", "startTime");

    public IEnumerable<JsonObject> Containers => Json.ObjectsAt("spec", "containers");

    public IEnumerable<JsonObject> InitContainers => Json.ObjectsAt("spec", "initContainers");

    public IEnumerable<JsonObject> ContainerStatuses => Json.ObjectsAt("status", "containerStatuses");

    public IEnumerable<Toleration> Tolerations => Json.ObjectsAt("spec", "tolerations").Select(t => new Toleration(t));

    public IEnumerable<JsonObject> Volumes => Json.ObjectsAt("spec", "volumes");

    /// <summary>Since when the pod is ready, or null.</summary>
    public DateTimeOffset? ReadySince =>
        FindCondition("Ready") is { Status: "True" } ready ? ready.LastTransition : null;

    /// <summary>Ready for at least <paramref name="minReadySeconds"/>.</summary>
    public bool IsAvailable(int minReadySeconds, DateTimeOffset now) =>
        IsReady && (minReadySeconds == 0 || (ReadySince is { } since && since.AddSeconds(minReadySeconds) <= now));
}

/// <summary>A view over one toleration.</summary>
public sealed class Toleration(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string Key => Json.Text("key") ?? "";

    public string Operator => Json.Text("operator") ?? "Equal";

    public string Value => Json.Text("value") ?? "";

    /// <summary>Empty for every effect.</summary>
    public string Effect => Json.Text("effect") ?? "";

    /// <summary>How long a NoExecute taint is borne; null for ever.</summary>
    public long? Seconds => Json.Long("tolerationSeconds");

    public bool Tolerates(Taint taint)
    {
        if (Effect.Length > 0 && Effect != taint.Effect) return false;
        if (Key.Length > 0 && Key != taint.Key) return false;
        return Operator switch
        {
            "Exists" => true,
            "Equal" => Key.Length > 0 && Value == taint.Value,

            // Numeric comparison is not stable in 1.36: like a scheduler with the gate off, it tolerates nothing.
            _ => false,
        };
    }
}

/// <summary>One taint of a node.</summary>
public sealed record Taint(string Key, string Value, string Effect)
{
    public DateTimeOffset? AddedAt { get; init; }

    public static Taint Read(JsonObject json) =>
        new(json.Text("key") ?? "", json.Text("value") ?? "", json.Text("effect") ?? "")
        {
            AddedAt = json.Time("timeAdded"),
        };

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["key"] = Key };
        if (Value.Length > 0) json["value"] = Value;
        json["effect"] = Effect;
        if (AddedAt is { } at) json["timeAdded"] = KubernetesJson.Timestamp(at);
        return json;
    }

    public bool IsToleratedBy(IEnumerable<Toleration> tolerations)
    {
        foreach (var toleration in tolerations)
        {
            if (toleration.Tolerates(this)) return true;
        }

        return false;
    }
}
