using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks disruption budgets, priorities, leases, autoscalers and network policies.</summary>
internal static class PolicyValidation
{
    private const int HighestUserPriority = 1_000_000_000;

    public static void DisruptionBudget(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        var (least, most) = (spec["minAvailable"], spec["maxUnavailable"]);
        if (least is not null && most is not null)
            to.Invalid("spec", new JsonObject
            {
                ["MinAvailable"] = least.DeepClone(),
                ["Selector"] = spec["selector"]?.DeepClone(),
                ["MaxUnavailable"] = most.DeepClone(),
                ["UnhealthyPodEvictionPolicy"] = spec["unhealthyPodEvictionPolicy"]?.DeepClone(),
            }, "minAvailable and maxUnavailable cannot be both set");
        Percentage(least, "spec.minAvailable", to);
        Percentage(most, "spec.maxUnavailable", to);
        AffinityValidation.LabelSelector(spec.Map("selector"), "spec.selector", to);
        if (spec.Text("unhealthyPodEvictionPolicy") is { } policy)
            to.OneOf("spec.unhealthyPodEvictionPolicy", policy, "AlwaysAllow", "IfHealthyBudget");
    }

    public static void PriorityClass(JsonObject item, JsonObject? old, Complaints to)
    {
        var name = item.Map("metadata")?.Text("name") ?? "";
        var value = item.Number("value") ?? 0;
        if (old is null && name.StartsWith("system-", StringComparison.Ordinal)
            && !(name == "system-node-critical" && value == 2_000_001_000)
                && !(name == "system-cluster-critical" && value == 2_000_000_000))
            to.Forbidden("metadata.name", "priority class names with 'system-' prefix are reserved for system use only. "
                + $"error: {name} is not a known system priority class");
        else if (value > HighestUserPriority && !name.StartsWith("system-", StringComparison.Ordinal))
            to.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestUserPriority}");
        if (item.Text("preemptionPolicy") is { } policy)
            to.OneOf("preemptionPolicy", policy, "PreemptLowerPriority", "Never");
        if (old is null) return;
        if (value != (old.Number("value") ?? 0)) to.Invalid("value", JsonValue.Create(value), "field is immutable");
        to.Immutable("preemptionPolicy", item["preemptionPolicy"], old["preemptionPolicy"]);
    }

    public static void Lease(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        if (spec.Number("leaseDurationSeconds") is { } seconds and <= 0)
            to.Invalid("spec.leaseDurationSeconds", JsonValue.Create(seconds), "must be greater than 0");
        if (spec.Number("leaseTransitions") is { } transitions and < 0)
            to.Invalid("spec.leaseTransitions", JsonValue.Create(transitions), "must be greater than or equal to 0");
    }

    public static void Autoscaler(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        var least = spec.Number("minReplicas") ?? 1;
        var most = spec.Number("maxReplicas") ?? 0;
        if (least < 1) to.Invalid("spec.minReplicas", JsonValue.Create(least), "must be greater than or equal to 1");
        if (most < 1) to.Invalid("spec.maxReplicas", JsonValue.Create(most), "must be greater than 0");
        if (most < least)
            to.Invalid("spec.maxReplicas", JsonValue.Create(most), "must be greater than or equal to `minReplicas`");
        if (spec.Map("scaleTargetRef") is not { } target) return;
        if (target.Text("kind") is not { Length: > 0 }) to.Required("spec.scaleTargetRef.kind");
        if (target.Text("name") is not { Length: > 0 }) to.Required("spec.scaleTargetRef.name");
    }

    public static void NetworkPolicy(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        AffinityValidation.LabelSelector(spec.Map("podSelector"), "spec.podSelector", to);
        foreach (var direction in (string[])["ingress", "egress"])
        {
            var peers = direction == "ingress" ? "from" : "to";
            var r = -1;
            foreach (var rule in spec.Objects(direction))
            {
                r++;
                var p = -1;
                foreach (var peer in rule.Objects(peers)) Peer(peer, $"spec.{direction}[{r}].{peers}[{++p}]", to);
            }
        }
        var types = spec.Texts("policyTypes");
        for (var i = 0; i < types.Length; i++) to.OneOf($"spec.policyTypes[{i}]", types[i], "Egress", "Ingress");
    }

    private static void Peer(JsonObject peer, string at, Complaints to)
    {
        AffinityValidation.LabelSelector(peer.Map("podSelector"), at + ".podSelector", to);
        AffinityValidation.LabelSelector(peer.Map("namespaceSelector"), at + ".namespaceSelector", to);
        if (peer.Count == 0) to.Required(at, "must specify a peer");
        else if (peer["ipBlock"] is not null && peer.Count > 1)
            to.Forbidden(at, "may not specify both ipBlock and another peer");
    }

    private static void Percentage(JsonNode? value, string path, Complaints to)
    {
        WorkloadValidation.IntOrPercent(value, path, to);
        if (value.AsText() is [.., '%'] text && int.TryParse(text.AsSpan(0, text.Length - 1), out var percent)
            && percent > 100)
            to.Invalid(path, text, "must not be greater than 100%");
    }
}
