using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Defaulting;

/// <summary>Defaults of policies, roles, storage, networking and registrations.</summary>
internal static class PolicyDefaults
{
    private const string Rbac = "rbac.authorization.k8s.io";

    public static void Autoscaler(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("minReplicas", 1);
        if (item.Text("apiVersion") == "autoscaling/v2" && spec["metrics"] is null)
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject
                {
                    ["name"] = "cpu",
                    ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = 80 },
                },
            });
        }
        if (spec.Map("behavior") is not { } behavior) return;
        Scaling(behavior, "scaleUp", 0, ("Pods", 4), ("Percent", 100));
        Scaling(behavior, "scaleDown", null, ("Percent", 100));
    }

    public static void PriorityLevel(JsonObject item)
    {
        var spec = item.Map("spec");
        spec?.Map("limited")?.Default("nominalConcurrencyShares", 30);
        spec?.Map("limited")?.Default("lendablePercent", 0);
        spec?.Map("exempt")?.Default("nominalConcurrencyShares", 0);
        spec?.Map("exempt")?.Default("lendablePercent", 0);
    }

    public static void RoleBinding(JsonObject item)
    {
        if (item.Map("roleRef") is { } role) role.Default("apiGroup", Rbac);
        foreach (var subject in item.Objects("subjects"))
            if (subject.Text("kind") is "User" or "Group") subject.Default("apiGroup", Rbac);
    }

    public static void StorageClass(JsonObject item)
    {
        item.Default("reclaimPolicy", "Delete");
        item.Default("volumeBindingMode", "Immediate");
    }

    public static void CsiDriver(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("attachRequired", true);
        spec.Default("podInfoOnMount", false);
        spec.Default("storageCapacity", false);
        spec.Default("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Default("requiresRepublish", false);
        spec.Default("seLinuxMount", false);
        if (spec["volumeLifecycleModes"] is not JsonArray { Count: > 0 })
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
    }

    public static void NetworkPolicy(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        foreach (var direction in (string[])["ingress", "egress"])
            foreach (var rule in spec.Objects(direction))
                foreach (var port in rule.Objects("ports")) port.Default("protocol", "TCP");
        if (spec["policyTypes"] is JsonArray { Count: > 0 }) return;
        var types = new JsonArray("Ingress");
        if (spec["egress"] is JsonArray { Count: > 0 }) types.Add("Egress");
        spec["policyTypes"] = types;
    }

    public static void IngressClass(JsonObject item) =>
        item.Map("spec")?.Map("parameters")?.Default("scope", "Cluster");

    public static void CertificateRequest(JsonObject item)
    {
        if (item.Map("spec") is { } spec && spec["usages"] is not JsonArray { Count: > 0 })
            spec["usages"] = new JsonArray("digital signature", "key encipherment");
    }

    public static void Webhooks(JsonObject item)
    {
        foreach (var webhook in item.Objects("webhooks"))
        {
            webhook.Default("failurePolicy", "Fail");
            webhook.Default("matchPolicy", "Equivalent");
            webhook.Default("timeoutSeconds", 10);
            if (webhook["namespaceSelector"] is null) webhook["namespaceSelector"] = new JsonObject();
            if (webhook["objectSelector"] is null) webhook["objectSelector"] = new JsonObject();
            webhook.Map("clientConfig")?.Map("service")?.Default("port", 443);
            foreach (var rule in webhook.Objects("rules")) rule.Default("scope", "*");
        }
    }

    public static void MutatingWebhooks(JsonObject item)
    {
        Webhooks(item);
        foreach (var webhook in item.Objects("webhooks")) webhook.Default("reinvocationPolicy", "Never");
    }

    public static void AdmissionPolicy(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        spec.Default("failurePolicy", "Fail");
        if (spec.Map("matchConstraints") is { } match) Matching(match);
    }

    public static void AdmissionPolicyBinding(JsonObject item)
    {
        if (item.Map("spec")?.Map("matchResources") is { } match) Matching(match);
        item.Map("spec")?.Map("paramRef")?.Default("parameterNotFoundAction", "Deny");
    }

    public static void ResourceClaim(JsonObject? spec)
    {
        foreach (var request in spec?.Map("devices")?.Objects("requests") ?? [])
        {
            if (request.Map("exactly") is { } exactly) Request(exactly);
            foreach (var alternative in request.Objects("firstAvailable")) Request(alternative);
        }
    }

    public static void CustomResourceDefinition(JsonObject item)
    {
        if (item.Map("spec") is not { } spec) return;
        var names = spec.Ensure("names");
        if (names.Text("kind") is { Length: > 0 } kind)
        {
            names.Default("singular", kind.ToLowerInvariant());
            names.Default("listKind", kind + "List");
        }
        spec.Ensure("conversion").Default("strategy", "None");
        spec.Map("conversion")?.Map("webhook")?.Map("clientConfig")?.Map("service")?.Default("port", 443);
    }

    public static void ApiService(JsonObject item) => item.Map("spec")?.Map("service")?.Default("port", 443);

    private static void Request(JsonObject request)
    {
        request.Default("allocationMode", "ExactCount");
        if (request.Text("allocationMode") == "ExactCount") request.Default("count", 1);
        foreach (var toleration in request.Objects("tolerations")) toleration.Default("operator", "Equal");
    }

    private static void Matching(JsonObject match)
    {
        match.Default("matchPolicy", "Equivalent");
        if (match["namespaceSelector"] is null) match["namespaceSelector"] = new JsonObject();
        if (match["objectSelector"] is null) match["objectSelector"] = new JsonObject();
        foreach (var list in (string[])["resourceRules", "excludeResourceRules"])
            foreach (var rule in match.Objects(list)) rule.Default("scope", "*");
    }

    private static void Scaling(
        JsonObject behavior, string direction, int? window, params ReadOnlySpan<(string Type, int Value)> policies)
    {
        var rules = behavior.Ensure(direction);
        if (window is { } seconds) rules.Default("stabilizationWindowSeconds", seconds);
        rules.Default("selectPolicy", "Max");
        if (rules["policies"] is not null) return;
        var list = rules.EnsureList("policies");
        foreach (var (type, value) in policies)
            list.Add(new JsonObject { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 });
    }
}
