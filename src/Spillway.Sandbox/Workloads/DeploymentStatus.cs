using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What a Deployment and its sets look like at one moment.</summary>
/// <param name="New">The set of the present template, or null.</param>
/// <param name="Old">The other sets, oldest first.</param>
internal sealed record DeploymentView(Deployment Deployment, ReplicaSet? New, IReadOnlyList<ReplicaSet> Old)
{
    public IEnumerable<ReplicaSet> All => New is null ? Old : Old.Append(New);

    public int AllReplicas => All.Sum(s => s.Replicas);

    public int OldReplicas => Old.Sum(s => s.Replicas);

    public int AllAvailable => All.Sum(s => s.AvailableReplicas);
}

/// <summary>Works out a Deployment's status: counts, and the conditions that <c>rollout status</c> reads.</summary>
internal static class DeploymentStatus
{
    /// <summary>What happened in the pass, for the Progressing condition; null when nothing did.</summary>
    public sealed record Progress(string Reason, string Message);

    public static JsonObject Work(DeploymentView view, int collisions, Progress? progress, DateTimeOffset now)
    {
        var deployment = view.Deployment;
        var status = deployment.Status?.Copied() ?? [];
        var updated = view.New?.ObservedReplicas ?? 0;
        var total = view.All.Sum(s => s.ObservedReplicas);
        var available = view.AllAvailable;
        status["observedGeneration"] = deployment.Generation;
        Count(status, "replicas", total);
        Count(status, "updatedReplicas", updated);
        Count(status, "readyReplicas", view.All.Sum(s => s.ReadyReplicas));
        Count(status, "availableReplicas", available);
        Count(status, "unavailableReplicas", Math.Max(0, view.AllReplicas - available));
        status["terminatingReplicas"] = view.All.Sum(s => s.Json.Integer("status", "terminatingReplicas") ?? 0);
        Count(status, "collisionCount", collisions);
        var conditions = status.EnsureArray("conditions");
        SetAvailable(conditions, available >= deployment.Replicas - RolloutMath.MaxUnavailable(deployment), now);
        SetProgress(view, status, progress, now);
        return status;
    }

    public static bool IsComplete(Deployment deployment, JsonNode? status) =>
        (status.Integer("updatedReplicas") ?? 0) == deployment.Replicas
        && (status.Integer("replicas") ?? 0) == deployment.Replicas
        && (status.Integer("availableReplicas") ?? 0) == deployment.Replicas
        && (status.Long("observedGeneration") ?? 0) >= deployment.Generation;

    /// <summary>When the progress deadline strikes, or null when none runs.</summary>
    public static DateTimeOffset? Deadline(Deployment deployment, JsonNode? status)
    {
        var seconds = deployment.Json.Integer("spec", "progressDeadlineSeconds") ?? 600;
        if (seconds == int.MaxValue) return null;
        if (deployment.IsPaused || IsComplete(deployment, status)) return null;
        var progressing = Find(status.ArrayAt("conditions") ?? [], "Progressing");
        return progressing is null
            || progressing.Text("reason") is "NewReplicaSetAvailable" or "ProgressDeadlineExceeded"
            ? null
            : progressing.Time("lastUpdateTime")?.AddSeconds(seconds);
    }

    private static void SetAvailable(JsonArray conditions, bool available, DateTimeOffset now)
    {
        var state = available
            ? new ConditionState(
                "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
            : new ConditionState(
                "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        Set(conditions, state, now);
    }

    private static void SetProgress(DeploymentView view, JsonObject status, Progress? progress, DateTimeOffset now)
    {
        var deployment = view.Deployment;
        var conditions = status.EnsureArray("conditions");
        if (progress is not null)
        {
            var running = progress.Reason == "DeploymentPaused" ? "Unknown" : "True";
            Set(conditions, new ConditionState("Progressing", running, progress.Reason, progress.Message), now);
            if (progress.Reason is "DeploymentPaused" or "DeploymentResumed") return;
        }

        if (deployment.IsPaused) return;
        var name = view.New is null ? $"Deployment \"{deployment.Name}\"" : $"ReplicaSet \"{view.New.Name}\"";
        if (IsComplete(deployment, status))
            Set(conditions, new ConditionState(
                "Progressing", "True", "NewReplicaSetAvailable", $"{name} has successfully progressed."), now);
        else if (HasProgressed(deployment.Status, status))
            Advance(conditions,
                new ConditionState("Progressing", "True", "ReplicaSetUpdated", $"{name} is progressing."), now);
        else if (Deadline(deployment, status) is { } deadline && deadline <= now)
            Set(conditions, new ConditionState(
                "Progressing", "False", "ProgressDeadlineExceeded", $"{name} has timed out progressing."), now);
    }

    private static bool HasProgressed(JsonNode? before, JsonNode after)
    {
        var oldBefore = (before.Integer("replicas") ?? 0) - (before.Integer("updatedReplicas") ?? 0);
        var oldAfter = (after.Integer("replicas") ?? 0) - (after.Integer("updatedReplicas") ?? 0);
        return (after.Integer("updatedReplicas") ?? 0) > (before.Integer("updatedReplicas") ?? 0)
            || oldAfter < oldBefore
            || (after.Integer("readyReplicas") ?? 0) > (before.Integer("readyReplicas") ?? 0)
            || (after.Integer("availableReplicas") ?? 0) > (before.Integer("availableReplicas") ?? 0);
    }

    // Progress starts the deadline anew even when the words stay the same.
    private static void Advance(JsonArray conditions, ConditionState state, DateTimeOffset now)
    {
        Set(conditions, state, now);
        Find(conditions, "Progressing")!["lastUpdateTime"] = KubernetesJson.Timestamp(now);
    }

    // A completed rollout's condition is left alone as long as it says the same, so that its times stay.
    private static void Set(JsonArray conditions, ConditionState state, DateTimeOffset now)
    {
        if (Find(conditions, state.Type) is { } known && known.Text("status") == state.Status
            && known.Text("reason") == state.Reason)
            return;
        Condition.Set(conditions, state, now);
        Find(conditions, state.Type)!["lastUpdateTime"] = KubernetesJson.Timestamp(now);
    }

    private static JsonObject? Find(JsonArray conditions, string type)
    {
        foreach (var condition in conditions)
        {
            if (condition.Text("type") == type) return condition as JsonObject;
        }

        return null;
    }

    private static void Count(JsonObject status, string field, int count)
    {
        if (count > 0) status[field] = count;
        else status.Remove(field);
    }
}
