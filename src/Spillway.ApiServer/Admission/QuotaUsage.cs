using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>What one object counts against a quota, by quota resource name.</summary>
internal static class QuotaUsage
{
    /// <summary>Resources that had quotas before <c>count/…</c> existed.</summary>
    private static readonly string[] PlainCounts =
        ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets",
            "services"];

    public static SortedDictionary<string, Quantity> Of(string group, string resource, JsonObject item)
    {
        var used = new SortedDictionary<string, Quantity>(StringComparer.Ordinal)
        {
            [group.Length == 0 ? "count/" + resource : $"count/{resource}.{group}"] = Quantity.Of(1),
        };
        if (group.Length > 0) return used;
        if (PlainCounts.Contains(resource) && resource != "pods") used[resource] = Quantity.Of(1);
        switch (resource)
        {
            case "pods":
                AddPod(used, item);
                break;
            case "services":
                AddService(used, item.Map("spec") ?? []);
                break;
            case "persistentvolumeclaims":
                AddClaim(used, item.Map("spec") ?? []);
                break;
        }

        return used;
    }

    /// <summary>A finished pod only counts as an object.</summary>
    private static void AddPod(SortedDictionary<string, Quantity> used, JsonObject pod)
    {
        if (pod.Map("status")?.Text("phase") is "Succeeded" or "Failed") return;
        used["pods"] = Quantity.Of(1);
        var spec = pod.Map("spec") ?? [];
        foreach (var (name, value) in PodResources.Sum(spec, "requests"))
        {
            if (name is "cpu" or "memory" or "ephemeral-storage"
                || name.StartsWith("hugepages-", StringComparison.Ordinal))
                used[name] = value;
            used["requests." + name] = value;
        }

        foreach (var (name, value) in PodResources.Sum(spec, "limits"))
        {
            if (name is "cpu" or "memory" or "ephemeral-storage") used["limits." + name] = value;
        }
    }

    private static void AddService(SortedDictionary<string, Quantity> used, JsonObject spec)
    {
        var ports = spec.List("ports")?.Count ?? 0;
        switch (spec.Text("type"))
        {
            case "NodePort":
                used["services.nodeports"] = Quantity.Of(ports);
                break;
            case "LoadBalancer":
                used["services.loadbalancers"] = Quantity.Of(1);
                var asked = spec["allocateLoadBalancerNodePorts"]?.ToJsonString() != "false"
                    ? ports
                    : spec.Objects("ports").Count(p => p.Number("nodePort") > 0);
                used["services.nodeports"] = Quantity.Of(asked);
                break;
        }
    }

    private static void AddClaim(SortedDictionary<string, Quantity> used, JsonObject spec)
    {
        var name = spec.Text("storageClassName") ?? "";
        if (name.Length > 0) used[name + ".storageclass.storage.k8s.io/persistentvolumeclaims"] = Quantity.Of(1);
        var requests = PodResources.Read(spec.Map("resources")?.Map("requests"));
        if (!requests.TryGetValue("storage", out var storage)) return;
        used["requests.storage"] = storage;
        if (name.Length > 0) used[name + ".storageclass.storage.k8s.io/requests.storage"] = storage;
    }

    /// <summary>True when a quota's scopes let it count the object.</summary>
    public static bool InScope(JsonObject quota, string group, string resource, JsonObject item)
    {
        var spec = quota.Map("spec") ?? [];
        if (spec.List("scopes") is not { Count: > 0 } && spec.Map("scopeSelector") is null) return true;
        if (group.Length > 0 || resource != "pods") return false;
        foreach (var scope in spec.Texts("scopes"))
        {
            if (!Matches(scope, "Exists", [], item)) return false;
        }

        foreach (var term in spec.Map("scopeSelector")?.Objects("matchExpressions") ?? [])
        {
            if (!Matches(term.Text("scopeName") ?? "", term.Text("operator")
                ?? "", term.Texts("values"), item)) return false;
        }

        return true;
    }

    private static bool Matches(string scope, string sign, string[] values, JsonObject pod)
    {
        var spec = pod.Map("spec") ?? [];
        return scope switch
        {
            "Terminating" => spec.Number("activeDeadlineSeconds") is >= 0,
            "NotTerminating" => spec.Number("activeDeadlineSeconds") is null,
            "BestEffort" => IsBestEffort(spec),
            "NotBestEffort" => !IsBestEffort(spec),
            "PriorityClass" => MatchesClass(spec.Text("priorityClassName") ?? "", sign, values),
            "CrossNamespacePodAffinity" => CrossesNamespaces(spec),
            _ => false,
        };
    }

    private static bool MatchesClass(string name, string sign, string[] values) => sign switch
    {
        "In" => values.Contains(name),
        "NotIn" => !values.Contains(name),
        "DoesNotExist" => name.Length == 0,
        _ => name.Length > 0,
    };

    private static bool IsBestEffort(JsonObject spec) =>
        PodResources.Sum(spec, "requests").Count == 0 && PodResources.Sum(spec, "limits").Count == 0;

    private static bool CrossesNamespaces(JsonObject spec)
    {
        foreach (var kind in new[] { "podAffinity", "podAntiAffinity" })
        {
            if (spec.Map("affinity")?.Map(kind) is not { } affinity) continue;
            var terms = affinity.Objects("requiredDuringSchedulingIgnoredDuringExecution").Concat(
                affinity.Objects("preferredDuringSchedulingIgnoredDuringExecution")
                    .Select(t => t.Map("podAffinityTerm") ?? []));
            if (terms.Any(t => t.List("namespaces") is { Count: > 0 }
                || t.Map("namespaceSelector") is not null)) return true;
        }

        return false;
    }
}
