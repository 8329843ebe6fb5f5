using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Defaulting;

/// <summary>
/// Fills in what the real server fills in when an object of a built-in kind is decoded: on every create, update and
/// patch, before managed fields are tracked.
/// </summary>
public static class Defaults
{
    private static readonly Dictionary<(string Group, string Kind), Action<JsonObject>> s_kinds = new()
    {
        [("", "Pod")] = PodDefaults.Pod,
        [("", "PodTemplate")] = item => PodDefaults.Template(item.Map("template")),
        [("", "Namespace")] = Namespace,
        [("", "Service")] = CoreDefaults.Service,
        [("", "Secret")] = CoreDefaults.Secret,
        [("", "PersistentVolume")] = CoreDefaults.PersistentVolume,
        [("", "PersistentVolumeClaim")] = CoreDefaults.PersistentVolumeClaim,
        [("", "LimitRange")] = CoreDefaults.LimitRange,
        [("", "Endpoints")] = CoreDefaults.Endpoints,
        [("", "ReplicationController")] = WorkloadDefaults.ReplicationController,
        [("apps", "Deployment")] = WorkloadDefaults.Deployment,
        [("apps", "ReplicaSet")] = WorkloadDefaults.ReplicaSet,
        [("apps", "StatefulSet")] = WorkloadDefaults.StatefulSet,
        [("apps", "DaemonSet")] = WorkloadDefaults.DaemonSet,
        [("batch", "Job")] = item => WorkloadDefaults.Job(item.Map("spec")),
        [("batch", "CronJob")] = WorkloadDefaults.CronJob,
        [("autoscaling", "HorizontalPodAutoscaler")] = PolicyDefaults.Autoscaler,
        [("rbac.authorization.k8s.io", "RoleBinding")] = PolicyDefaults.RoleBinding,
        [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = PolicyDefaults.RoleBinding,
        [("scheduling.k8s.io", "PriorityClass")] = item => item.Default("preemptionPolicy", "PreemptLowerPriority"),
        [("storage.k8s.io", "StorageClass")] = PolicyDefaults.StorageClass,
        [("storage.k8s.io", "CSIDriver")] = PolicyDefaults.CsiDriver,
        [("networking.k8s.io", "NetworkPolicy")] = PolicyDefaults.NetworkPolicy,
        [("networking.k8s.io", "IngressClass")] = PolicyDefaults.IngressClass,
        [("flowcontrol.apiserver.k8s.io", "FlowSchema")] = item =>
            item.Map("spec")?.Default("matchingPrecedence", 1000),
        [("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")] = PolicyDefaults.PriorityLevel,
        [("discovery.k8s.io", "EndpointSlice")] = CoreDefaults.EndpointSlice,
        [("certificates.k8s.io", "CertificateSigningRequest")] = PolicyDefaults.CertificateRequest,
        [("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")] = PolicyDefaults.Webhooks,
        [("admissionregistration.k8s.io", "MutatingWebhookConfiguration")] = PolicyDefaults.MutatingWebhooks,
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")] = PolicyDefaults.AdmissionPolicy,
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")] = PolicyDefaults.AdmissionPolicyBinding,
        [("resource.k8s.io", "ResourceClaim")] = item => PolicyDefaults.ResourceClaim(item.Map("spec")),
        [("resource.k8s.io", "ResourceClaimTemplate")] = item =>
            PolicyDefaults.ResourceClaim(item.Map("spec")?.Map("spec")),
        [("apiextensions.k8s.io", "CustomResourceDefinition")] = PolicyDefaults.CustomResourceDefinition,
        [("apiregistration.k8s.io", "APIService")] = PolicyDefaults.ApiService,
    };

    /// <summary>
    /// Brings an object of a built-in kind into canonical form and fills in its defaults, in place. Custom objects are
    /// left alone: their definition knows their defaults.
    /// </summary>
    public static void Apply(ResourceType type, JsonObject item)
    {
        if (type.IsCustom) return;
        Canonical.Form(type, item);
        if (s_kinds.TryGetValue((type.Group, type.Kind), out var fill)) fill(item);
    }

    // The name label is how network policies and selectors reach a namespace by name.
    private static void Namespace(JsonObject item)
    {
        var metadata = item.Ensure("metadata");
        if (metadata.Text("name") is { Length: > 0 } name)
            metadata.Ensure("labels")["kubernetes.io/metadata.name"] = name;
    }
}

/// <summary>Small words for filling in.</summary>
internal static class DefaultingExtensions
{
    public static void Default(this JsonObject node, string name, string value)
    {
        if (node.Text(name) is null or "") node[name] = value;
    }

    public static void Default(this JsonObject node, string name, long value)
    {
        if (node[name] is null) node[name] = value;
    }

    public static void Default(this JsonObject node, string name, bool value)
    {
        if (node[name] is null) node[name] = value;
    }
}
