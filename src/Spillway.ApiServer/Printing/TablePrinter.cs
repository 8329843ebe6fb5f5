using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Printing;

/// <summary>The Table form of built-in kinds, as <c>kubectl get</c> shows it.</summary>
public static class TablePrinter
{
    private delegate object?[] Row(JsonObject item, DateTimeOffset now);

    private static readonly IReadOnlyList<TableColumn> s_generic =
        [new("Name", "string", "name", 0), new("Created At", "date", "", 0)];

    private static readonly Dictionary<(string Group, string Kind), Row> s_kinds = new()
    {
        [("", "Pod")] = PodCells.Pod,
        [("", "Node")] = CoreCells.Node,
        [("", "Namespace")] = CoreCells.Namespace,
        [("", "Service")] = CoreCells.Service,
        [("", "Endpoints")] = CoreCells.Endpoints,
        [("", "ConfigMap")] = CoreCells.ConfigMap,
        [("", "Secret")] = CoreCells.Secret,
        [("", "ServiceAccount")] = CoreCells.NameAndAge,
        [("", "Event")] = CoreCells.Event,
        [("", "ResourceQuota")] = CoreCells.Quota,
        [("", "PersistentVolume")] = StorageCells.Volume,
        [("", "PersistentVolumeClaim")] = StorageCells.Claim,
        [("", "PodTemplate")] = WorkloadCells.PodTemplate,
        [("", "ReplicationController")] = WorkloadCells.ReplicationController,
        [("", "ComponentStatus")] = CoreCells.ComponentStatus,
        [("events.k8s.io", "Event")] = CoreCells.Event,
        [("apps", "Deployment")] = WorkloadCells.Deployment,
        [("apps", "ReplicaSet")] = WorkloadCells.ReplicaSet,
        [("apps", "StatefulSet")] = WorkloadCells.StatefulSet,
        [("apps", "DaemonSet")] = WorkloadCells.DaemonSet,
        [("apps", "ControllerRevision")] = WorkloadCells.ControllerRevision,
        [("batch", "Job")] = WorkloadCells.Job,
        [("batch", "CronJob")] = WorkloadCells.CronJob,
        [("autoscaling", "HorizontalPodAutoscaler")] = WorkloadCells.Autoscaler,
        [("policy", "PodDisruptionBudget")] = PolicyCells.DisruptionBudget,
        [("scheduling.k8s.io", "PriorityClass")] = PolicyCells.PriorityClass,
        [("coordination.k8s.io", "Lease")] = PolicyCells.Lease,
        [("rbac.authorization.k8s.io", "RoleBinding")] = PolicyCells.Binding,
        [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = PolicyCells.Binding,
        [("networking.k8s.io", "Ingress")] = PolicyCells.Ingress,
        [("networking.k8s.io", "IngressClass")] = PolicyCells.IngressClass,
        [("networking.k8s.io", "NetworkPolicy")] = PolicyCells.NetworkPolicy,
        [("networking.k8s.io", "IPAddress")] = PolicyCells.IpAddress,
        [("networking.k8s.io", "ServiceCIDR")] = PolicyCells.ServiceCidr,
        [("discovery.k8s.io", "EndpointSlice")] = CoreCells.EndpointSlice,
        [("certificates.k8s.io", "CertificateSigningRequest")] = PolicyCells.CertificateRequest,
        [("storage.k8s.io", "StorageClass")] = StorageCells.StorageClass,
        [("storage.k8s.io", "VolumeAttachment")] = StorageCells.Attachment,
        [("storage.k8s.io", "CSINode")] = StorageCells.CsiNode,
        [("storage.k8s.io", "CSIDriver")] = StorageCells.CsiDriver,
        [("storage.k8s.io", "VolumeAttributesClass")] = (item, now) =>
            [Cells.Name(item), item.Text("driverName"), Cells.Age(item, now)],
        [("node.k8s.io", "RuntimeClass")] = (item, now) =>
            [Cells.Name(item), item.Text("handler"), Cells.Age(item, now)],
        [("resource.k8s.io", "DeviceClass")] = CoreCells.NameAndAge,
        [("resource.k8s.io", "ResourceClaimTemplate")] = CoreCells.NameAndAge,
        [("resource.k8s.io", "ResourceClaim")] = PolicyCells.ResourceClaim,
        [("resource.k8s.io", "ResourceSlice")] = PolicyCells.ResourceSlice,
        [("apiregistration.k8s.io", "APIService")] = PolicyCells.ApiService,
        [("flowcontrol.apiserver.k8s.io", "FlowSchema")] = PolicyCells.FlowSchema,
        [("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")] = PolicyCells.PriorityLevel,
        [("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")] = PolicyCells.Webhooks,
        [("admissionregistration.k8s.io", "MutatingWebhookConfiguration")] = PolicyCells.Webhooks,
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")] = (item, now) =>
            PolicyCells.Policy(item, "validations", now),
        [("admissionregistration.k8s.io", "MutatingAdmissionPolicy")] = (item, now) =>
            PolicyCells.Policy(item, "mutations", now),
        [("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")] = PolicyCells.PolicyBinding,
        [("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding")] = PolicyCells.PolicyBinding,
    };

    /// <summary>The column definitions of a built-in kind.</summary>
    public static JsonArray Columns(ResourceType type)
    {
        var columns = new JsonArray();
        foreach (var column in ColumnsOf(type))
            columns.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["format"] = column.Format,
                ["description"] = "",
                ["priority"] = column.Priority,
            });
        return columns;
    }

    /// <summary>One row without its object: cells, and conditions where the kind has some.</summary>
    public static JsonObject Print(ResourceType type, JsonObject item, DateTimeOffset now)
    {
        var cells = new JsonArray();
        object?[] values = s_kinds.TryGetValue((type.Group, type.Kind), out var print) && ColumnsOf(type) != s_generic
            ? print(item, now)
            : [Cells.Name(item), item.Map("metadata")?.Text("creationTimestamp")];
        foreach (var value in values)
            cells.Add(value switch
            {
                null => null,
                string text => JsonValue.Create(text),
                long number => JsonValue.Create(number),
                int number => JsonValue.Create(number),
                bool flag => JsonValue.Create(flag),
                JsonNode node => node.DeepClone(),
                _ => JsonValue.Create(value.ToString()),
            });
        var row = new JsonObject { ["cells"] = cells };
        if (type is { Group: "", Kind: "Pod" } && PodCells.Completed(item) is { } condition)
            row["conditions"] = new JsonArray(condition);
        return row;
    }

    private static IReadOnlyList<TableColumn> ColumnsOf(ResourceType type) =>
        TypeTable.Load().Columns(type.Group, type.Version, type.Resource) ?? s_generic;
}
