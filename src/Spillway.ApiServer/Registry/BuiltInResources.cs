using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>Serves every resource of the type table.</summary>
internal static class BuiltInResources
{
    // What field selectors may name, per resource (ToSelectableFields of each kind's strategy).
    private static readonly Dictionary<string, string[]> s_fieldLabels = new(StringComparer.Ordinal)
    {
        ["pods"] = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
        ["nodes"] = ["spec.unschedulable"],
        ["namespaces"] = ["status.phase"],
        ["secrets"] = ["type"],
        ["services"] = ["spec.clusterIP", "spec.type"],
        ["replicationcontrollers"] = ["status.replicas"],
        ["replicasets.apps"] = ["status.replicas"],
        ["jobs.batch"] = ["status.successful"],
        ["certificatesigningrequests.certificates.k8s.io"] = ["spec.signerName"],
        ["resourceslices.resource.k8s.io"] = ["spec.nodeName", "spec.driver"],
        ["events"] = ["involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
            "reason", "reportingComponent", "source", "type"],
        ["events.events.k8s.io"] = ["regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid",
            "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath",
            "reason", "reportingController", "type"],
    };

    private static ResourceType WithDeprecation(ResourceType type) => type switch
    {
        { Group: "", Kind: "Endpoints" } => type with
        {
            DeprecationWarning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        },
        { Group: "", Kind: "ComponentStatus" } => type with
        {
            DeprecationWarning = "v1 ComponentStatus is deprecated in v1.19+",
        },
        _ => type,
    };

    public static void Register(TypeCatalog catalog, IKindRules rules)
    {
        var events = TypeTable.Load().Resources.First(t => t is { Group: "", Resource: "events" });
        foreach (var versions in TypeTable.Load().Resources.GroupBy(t => (t.Group, t.Resource)))
        {
            // The newest version first: it is the preferred one, and the one that holds everything.
            ResourceType[] served =
                [.. versions.OrderByDescending(t => t.Version, StringComparer.Ordinal).Select(WithDeprecation)];
            var isEvent = versions.Key.Resource == "events";
            catalog.Register(new ServedResource
            {
                Versions = served,
                Storage = isEvent ? events : served[0],
                Rules = rules,
                StoreName = isEvent ? "events" : served[0].QualifiedResource,
                FieldLabels = s_fieldLabels.GetValueOrDefault(served[0].QualifiedResource) ?? [],
                Scale = served[0].Subresources.ContainsKey("scale")
                    ? new ScalePaths("spec.replicas", "status.replicas", "spec.selector")
                    : null,
            });
        }
    }
}
