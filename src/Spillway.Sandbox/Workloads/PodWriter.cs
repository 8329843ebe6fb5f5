using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Creates and deletes the pods of one controller, and tells of it in events as the real one does.</summary>
internal sealed class PodWriter(WorkloadContext context, EventRecorder events)
{
    public OwnWrites<Pod> Writes { get; } = new(context.Pods);

    /// <summary>A pod from the owner's template, not yet named: the server completes <c>OWNER-</c>.</summary>
    public static Pod FromTemplate(KubernetesResource resource, KubernetesObject owner, JsonObject? template)
    {
        var pod = Resources.Pods.Wrap(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod" });
        var metadata = pod.Metadata;
        foreach (var field in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
        {
            if (template.At("metadata", field) is { } value) metadata[field] = value.DeepClone();
        }

        metadata["generateName"] = Prefix(owner.Name);
        metadata["namespace"] = owner.Namespace;
        metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(resource, owner));
        pod.Json["spec"] = template.ObjectAt("spec")?.Copied() ?? [];
        return pod;
    }

    /// <summary>Creates the pod; null when the namespace or the owner's permission to create is gone.</summary>
    public async Task<Pod?> CreateAsync(KubernetesObject owner, Pod wanted, CancellationToken cancellationToken)
    {
        WriteResult<Pod> result;
        try
        {
            result = await context.Client.CreateAsync(Resources.Pods, wanted, cancellationToken);
        }
        catch (KubernetesStatusException refused) when (refused.Status.Code is 403 or 422)
        {
            events.Record(owner, "Warning", "FailedCreate", $"Error creating: {refused.Status.Message}");
            throw;
        }

        if (result is not WriteResult<Pod>.Written written)
        {
            if (result is WriteResult<Pod>.AlreadyExists) return null;
            events.Record(owner, "Warning", "FailedCreate", $"Error creating: {result.Refusal!.Message}");
            return null;
        }

        Writes.Wrote(owner.Key, written.Object);
        events.Record(owner, "Normal", "SuccessfulCreate", $"Created pod: {written.Object.Name}");
        return written.Object;
    }

    public async Task DeleteAsync(KubernetesObject owner, Pod pod, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { Uid = pod.Uid };
        var result = await context.Client.DeleteAsync(Resources.Pods, pod.Key, options, cancellationToken);
        Writes.Deleted(pod);
        if (result is not WriteResult<Pod>.Written written) return;
        Writes.Wrote(owner.Key, written.Object);
        events.Record(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Name}");
    }

    // The server cuts the prefix as well; a name that leaves no room for the suffix would be refused.
    private static string Prefix(string owner) => owner.Length > 57 ? owner[..57] + "-" : owner + "-";
}

/// <summary>Which of a controller's pods go first when there are too many.</summary>
internal static class PodRanking
{
    /// <summary>Sorts the pods to delete first to the front, by the rules of <c>ActivePodsWithRanks</c>.</summary>
    /// <param name="neighbours">How many of the controller's active pods run on the pod's node: doubled-up ones go first.</param>
    public static int Compare(Pod left, Pod right, Func<Pod, int> neighbours)
    {
        // Unbound before bound, pending before running, not ready before ready.
        var order = (left.NodeName.Length > 0).CompareTo(right.NodeName.Length > 0);
        if (order == 0) order = Phase(left).CompareTo(Phase(right));
        if (order == 0) order = left.IsReady.CompareTo(right.IsReady);
        if (order == 0) order = Cost(left).CompareTo(Cost(right));
        if (order == 0) order = neighbours(right).CompareTo(neighbours(left));

        // Ready for a shorter time first, then the younger one; the name keeps the order the same in every run.
        if (order == 0 && left.IsReady) order = Compare(right.ReadySince, left.ReadySince);
        if (order == 0) order = Restarts(right).CompareTo(Restarts(left));
        if (order == 0) order = Compare(right.CreatedAt, left.CreatedAt);
        return order == 0 ? string.CompareOrdinal(left.Name, right.Name) : order;
    }

    private static int Phase(Pod pod) => pod.Phase switch { "Pending" => 0, "Unknown" => 1, _ => 2 };

    private static int Cost(Pod pod) =>
        int.TryParse(pod.Annotation("controller.kubernetes.io/pod-deletion-cost"), out var cost) ? cost : 0;

    private static int Restarts(Pod pod)
    {
        var most = 0;
        foreach (var status in pod.ContainerStatuses) most = Math.Max(most, status.Integer("restartCount") ?? 0);
        return most;
    }

    private static int Compare(DateTimeOffset? left, DateTimeOffset? right) => Nullable.Compare(left, right);
}
