using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks objects of built-in kinds; all problems are reported at once, in the real server's words.</summary>
public static class ObjectValidation
{
    private delegate void Check(JsonObject item, JsonObject? old, Complaints to);

    private static readonly Dictionary<(string Group, string Kind), Check> s_kinds = new()
    {
        [("", "ConfigMap")] = CoreValidation.ConfigMap,
        [("", "Secret")] = CoreValidation.Secret,
        [("", "Namespace")] = CoreValidation.Namespace,
        [("", "Node")] = CoreValidation.Node,
        [("", "ResourceQuota")] = CoreValidation.ResourceQuota,
        [("", "LimitRange")] = CoreValidation.LimitRange,
        [("", "PersistentVolume")] = StorageValidation.PersistentVolume,
        [("", "PersistentVolumeClaim")] = StorageValidation.PersistentVolumeClaim,
        [("storage.k8s.io", "StorageClass")] = StorageValidation.StorageClass,
        [("", "Service")] = ServiceValidation.Service,
        [("", "Pod")] = PodValidation.Pod,
        [("", "PodTemplate")] = (item, _, to) => PodValidation.Template(item.Map("template"), "template", to),
        [("", "ReplicationController")] = WorkloadValidation.ReplicationController,
        [("apps", "Deployment")] = WorkloadValidation.Deployment,
        [("apps", "ReplicaSet")] = WorkloadValidation.ReplicaSet,
        [("apps", "StatefulSet")] = WorkloadValidation.StatefulSet,
        [("apps", "DaemonSet")] = WorkloadValidation.DaemonSet,
        [("batch", "Job")] = WorkloadValidation.Job,
        [("batch", "CronJob")] = WorkloadValidation.CronJob,
        [("policy", "PodDisruptionBudget")] = PolicyValidation.DisruptionBudget,
        [("scheduling.k8s.io", "PriorityClass")] = PolicyValidation.PriorityClass,
        [("coordination.k8s.io", "Lease")] = PolicyValidation.Lease,
        [("autoscaling", "HorizontalPodAutoscaler")] = PolicyValidation.Autoscaler,
        [("rbac.authorization.k8s.io", "Role")] = (item, _, to) => RbacValidation.Role(item, true, to),
        [("rbac.authorization.k8s.io", "ClusterRole")] = (item, _, to) => RbacValidation.Role(item, false, to),
        [("rbac.authorization.k8s.io", "RoleBinding")] = RbacValidation.Binding,
        [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = RbacValidation.Binding,
        [("networking.k8s.io", "NetworkPolicy")] = PolicyValidation.NetworkPolicy,
        [("networking.k8s.io", "Ingress")] = ServiceValidation.Ingress,
    };

    /// <summary>Complaints about an object after defaulting and admission; none when it may be stored.</summary>
    /// <param name="old">The stored object; null on create.</param>
    /// <param name="subresource">Empty for the object itself.</param>
    public static List<FieldError> Validate(ResourceType type, JsonObject item, JsonObject? old, string subresource)
    {
        var to = new Complaints();
        if (old is null)
        {
            MetadataValidation.Create(type, item, to);
        }
        else
        {
            // The real server checks metadata in its generic code and again in the kind's own: causes come twice.
            MetadataValidation.Update(item, old, to);
            if (to.Errors.Count > 0) to.Errors.AddRange(to.Errors.ToList());
        }
        if (type.IsCustom) return to.Errors;
        if (subresource is "status" or "approval" or "finalize" or "binding")
        {
            if (type is { Group: "", Kind: "Pod" } && old is not null) PodValidation.Status(item, old, to);
        }
        else if (subresource == "resize" && old is not null) PodValidation.Resize(item, old, to);
        else if (s_kinds.TryGetValue((type.Group, type.Kind), out var check)) check(item, old, to);
        return to.Errors;
    }
}
