using System.Text.Json.Nodes;
using Spillway.ApiServer.CustomResources;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>
/// What a kind's strategy does around a write, from the type table: who may change spec and status, and when the
/// generation grows. The few kinds that differ are named here.
/// </summary>
internal static class KindStrategy
{
    // Kinds with a status but no generation of their own (their strategies never set it).
    private static readonly HashSet<string> s_noGeneration = new(StringComparer.Ordinal)
    {
        "namespaces", "nodes", "services", "persistentvolumes", "persistentvolumeclaims", "resourcequotas",
        "certificatesigningrequests.certificates.k8s.io", "apiservices.apiregistration.k8s.io",
        "horizontalpodautoscalers.autoscaling", "volumeattachments.storage.k8s.io",
    };

    // Kinds without a status subresource that count generations all the same.
    private static readonly HashSet<string> s_generation = new(StringComparer.Ordinal)
    {
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "endpointslices.discovery.k8s.io", "deviceclasses.resource.k8s.io",
        "priorityclasses.scheduling.k8s.io", "resourceslices.resource.k8s.io", "ingressclasses.networking.k8s.io", "networkpolicies.networking.k8s.io",
    };

    /// <summary>Kinds that PUT may create.</summary>
    private static readonly HashSet<string> s_createOnUpdate = new(StringComparer.Ordinal)
    {
        "endpoints", "leases.coordination.k8s.io", "events", "limitranges", "services",
        "roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io", "clusterrolebindings.rbac.authorization.k8s.io",
    };

    // Kinds whose deletion answers with the object itself.
    private static readonly HashSet<string> s_returnsDeleted = new(StringComparer.Ordinal)
    {
        "pods", "services", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims", "podtemplates",
        "resourcequotas", "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io",
            "csinodes.storage.k8s.io",
        "csidrivers.storage.k8s.io", "resourceclaims.resource.k8s.io", "deviceclasses.resource.k8s.io",
        "resourceclaimtemplates.resource.k8s.io", "resourceslices.resource.k8s.io",
        "csistoragecapacities.storage.k8s.io", "volumeattributesclasses.storage.k8s.io",
    };

    // Kinds whose updates must say which version they are made from.
    private static readonly HashSet<string> s_conditionalUpdate = new(StringComparer.Ordinal)
    {
        "customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io",
        "leases.coordination.k8s.io", "poddisruptionbudgets.policy", "runtimeclasses.node.k8s.io",
        "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io",
        "csistoragecapacities.storage.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    };

    public static bool CountsGenerations(ServedResource resource, ResourceType type) => type.IsCustom
        || s_generation.Contains(resource.StoreName)
        || (type.Subresources.ContainsKey("status") && !s_noGeneration.Contains(resource.StoreName));

    public static bool CreatesOnUpdate(ServedResource resource) => s_createOnUpdate.Contains(resource.StoreName);

    public static bool ReturnsDeleted(ServedResource resource) => s_returnsDeleted.Contains(resource.StoreName);

    public static bool AllowsUnconditionalUpdate(ServedResource resource) =>
        !resource.Storage.IsCustom && !s_conditionalUpdate.Contains(resource.StoreName);

    public static void PrepareForCreate(
        JsonObject item, ServedResource resource, ResourceType type, DateTimeOffset now)
    {
        if (resource.Rules is CustomKindRules custom)
        {
            custom.VersionOf(type).PrepareCreate(item);
            return;
        }
        if (resource.StoreName == DefinitionKindRules.StoreName)
        {
            CustomDefinition.PrepareCreate(item);
            return;
        }
        var generation = CountsGenerations(resource, type);
        if (type.Subresources.ContainsKey("status") && KeepsStatusOnCreate(resource) is false) item.Remove("status");
        if (generation) item.Ensure("metadata")["generation"] = 1;
        switch (resource.StoreName)
        {
            case "pods":
                item["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodQuality.Of(item) };
                break;
            case "namespaces":
                item["status"] = new JsonObject { ["phase"] = "Active" };
                var spec = item.Ensure("spec");
                if (!spec.Texts("finalizers").Contains("kubernetes")) spec.EnsureList("finalizers").Add("kubernetes");
                break;
            case "persistentvolumes":
                item["status"] =
                    new JsonObject { ["phase"] = "Pending", ["lastPhaseTransitionTime"] = ObjectMeta.Time(now) };
                break;
            case "persistentvolumeclaims":
                item["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case "daemonsets.apps": WorkloadStrategy.CountTemplate(item, null); break;
            case "jobs.batch": WorkloadStrategy.SelectOwnPods(item); break;
        }
    }

    /// <summary>Undoes what this endpoint may not change, and counts the generation.</summary>
    public static void PrepareForUpdate(
        JsonObject item, JsonObject old, ServedResource resource, ResourceType type, string subresource)
    {
        if (resource.Rules is CustomKindRules custom)
        {
            custom.VersionOf(type).PrepareUpdate(item, old, subresource);
            return;
        }
        if (resource.StoreName == DefinitionKindRules.StoreName && subresource.Length == 0)
        {
            CustomDefinition.PrepareUpdate(item, old);
            return;
        }
        if (subresource == "status") KeepAllButStatus(item, old);
        else if (subresource.Length == 0 && type.Subresources.ContainsKey("status"))
            ObjectMeta.Copy(old, item, "status");
        if (resource.StoreName == "services") ServiceAddresses.Keep(item, old);
        if (resource.StoreName == "daemonsets.apps") WorkloadStrategy.CountTemplate(item, old);
        if (resource.StoreName == "deployments.apps" && subresource == "status")
            ObjectMeta.Copy(old.Ensure("metadata"), item.Ensure("metadata"), "labels");
        if (resource.StoreName == "namespaces" && subresource != "finalize" && old.Map("spec") is not null)
            ObjectMeta.Copy(old, item, "spec");
        if (!CountsGenerations(resource, type) || subresource is "status" or "binding") return;
        var before = ObjectMeta.Generation(old);
        var metadata = item.Ensure("metadata");
        if (ChangesSpec(item, old)) metadata["generation"] = before + 1;
        else if (before > 0) metadata["generation"] = before;
    }

    private static bool KeepsStatusOnCreate(ServedResource resource) =>
        resource.StoreName is "nodes";

    private static void KeepAllButStatus(JsonObject item, JsonObject old)
    {
        foreach (var name in item.Select(p => p.Key).ToArray())
            if (name is not ("status" or "metadata" or "kind" or "apiVersion")) item.Remove(name);
        foreach (var (name, value) in old)
            if (name is not ("status" or "metadata" or "kind" or "apiVersion")) item[name] = value?.DeepClone();
        var metadata = item.Ensure("metadata");
        var before = old.Ensure("metadata");
        foreach (var name in (ReadOnlySpan<string>)["labels", "ownerReferences", "finalizers", "deletionTimestamp"])
        {
            // Annotations and, for most kinds, labels may change along with the status; owners and finalizers may not.
            if (name == "labels" || name == "finalizers") continue;
            ObjectMeta.Copy(before, metadata, name);
        }
    }

    private static bool ChangesSpec(JsonObject item, JsonObject old)
    {
        foreach (var (name, value) in item)
        {
            if (name is "metadata" or "status" or "kind" or "apiVersion") continue;
            if (!JsonNode.DeepEquals(value, old[name])) return true;
        }
        foreach (var (name, value) in old)
        {
            if (name is "metadata" or "status" or "kind" or "apiVersion" || value is null) continue;
            if (!item.ContainsKey(name)) return true;
        }
        return false;
    }
}
