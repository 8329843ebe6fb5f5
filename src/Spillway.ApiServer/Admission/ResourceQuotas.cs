using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>
/// Resource quotas: refuses what would exceed one, and writes the new usage before the object itself is written, so that
/// two requests at once cannot both take the last of it. Deletions are counted by <see cref="RefreshAsync"/>.
/// </summary>
public sealed class ResourceQuotas
{
    private const int Attempts = 10;
    private readonly ClusterReads _cluster;

    internal ResourceQuotas(ClusterReads cluster) => _cluster = cluster;

    internal async ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Subresource.Length > 0 || request.Namespace.Length == 0 || !request.IsWrite) return;
        if (request.Object is not { } item || request.DryRun) return;
        var isUpdate = request.Operation == AdmissionOperation.Update;
        var (group, resource) = (request.Type.Group, request.Type.Resource);
        // Only services and claims can come to need more by an update.
        if (isUpdate && !(group.Length == 0 && resource is "services" or "persistentvolumeclaims")) return;
        for (var attempt = 0; ; attempt++)
        {
            if (await TryChargeAsync(request, item, cancellationToken)) return;
            if (attempt == Attempts)
                throw ApiFailure.Conflict("", "resourcequotas", "",
                    "the quota changed too often while it was charged; try again");
        }
    }

    /// <summary>Charges all quotas that count the object; false when one of them changed meanwhile.</summary>
    private async ValueTask<bool> TryChargeAsync(AdmissionRequest request, JsonObject item,
        CancellationToken cancellationToken)
    {
        var charged = new List<JsonObject>();
        foreach (var quota in _cluster.List("", "resourcequotas", request.Namespace))
        {
            if (Charge(request, quota, item) is { } next) charged.Add(next);
        }

        foreach (var next in charged)
        {
            if (!await _cluster.ReplaceStatus("", "resourcequotas", next, cancellationToken)) return false;
        }

        return true;
    }

    /// <summary>The quota with its new usage; null when it does not count the object. Throws 403 when it is exceeded.</summary>
    private JsonObject? Charge(AdmissionRequest request, JsonObject quota, JsonObject item)
    {
        var (group, resource) = (request.Type.Group, request.Type.Resource);
        if (!QuotaUsage.InScope(quota, group, resource, item)) return null;
        var name = quota.Map("metadata")?.Text("name") ?? "";
        var hard = Hard(quota);
        var delta = QuotaUsage.Of(group, resource, item);
        if (request.OldObject is { } old)
        {
            foreach (var (key, value) in QuotaUsage.Of(group, resource, old))
                delta[key] = delta.TryGetValue(key, out var now) ? now - value : Quantity.Of(0) - value;
        }

        RequireAmounts(request, name, hard, item);
        var used = Used(quota, hard);
        var exceeded = new List<string>();
        var changed = false;
        foreach (var (key, value) in delta)
        {
            if (!hard.TryGetValue(key, out var limit) || value.IsZero) continue;
            changed = true;
            var total = used.GetValueOrDefault(key) + value;
            if (value.Sign > 0 && total > limit) exceeded.Add(key);
        }

        if (exceeded.Count > 0)
        {
            throw request.Forbidden($"exceeded quota: {name}, requested: {Print(exceeded, delta)}, "
                + $"used: {Print(exceeded, used)}, limited: {Print(exceeded, hard)}");
        }

        if (!changed) return null;
        foreach (var (key, value) in delta)
        {
            if (hard.ContainsKey(key)) used[key] = used.GetValueOrDefault(key) + value;
        }

        return WithStatus(quota, used);
    }

    /// <summary>A quota on compute makes every container say what it needs.</summary>
    private static void RequireAmounts(
        AdmissionRequest request, string quota, SortedDictionary<string, Quantity> hard, JsonObject item)
    {
        if (!request.Is("", "pods") || request.Operation != AdmissionOperation.Create) return;
        var missing = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var key in hard.Keys)
        {
            if (key is not ("cpu" or "memory" or "requests.cpu" or "requests.memory"
                or "limits.cpu" or "limits.memory"))
                continue;
            var (field, name) = key.StartsWith("limits.", StringComparison.Ordinal) ? ("limits", key[7..])
                : ("requests", key.Replace("requests.", "", StringComparison.Ordinal));
            var spec = item.Map("spec") ?? [];
            foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
            {
                if (container.Map("resources")?.Map(field)?.ContainsKey(name) == true) continue;
                if (spec.Map("resources")?.Map(field)?.ContainsKey(name) == true) continue;
                if (!missing.TryGetValue(key, out var names)) missing[key] = names = [];
                names.Add(container.Text("name") ?? "");
            }
        }

        if (missing.Count == 0) return;
        var list = missing.Select(p => $"{p.Key} for: {string.Join(",", p.Value.Order(StringComparer.Ordinal))}");
        throw request.Forbidden($"failed quota: {quota}: must specify {string.Join("; ", list)}");
    }

    /// <summary>
    /// Counts a namespace's quotas afresh and writes those whose status differs: after a quota was made or changed, after
    /// an object was deleted and after a pod finished. The answer is how many were written.
    /// </summary>
    public async ValueTask<int> RefreshAsync(string space, CancellationToken cancellationToken)
    {
        var written = 0;
        foreach (var quota in _cluster.List("", "resourcequotas", space))
        {
            var next = WithStatus(quota, Count(quota, Hard(quota)));
            if (JsonNode.DeepEquals(next["status"], quota["status"])) continue;
            // Lost the race: whoever won has changed the quota, which leads to a refresh of its own.
            if (await _cluster.ReplaceStatus("", "resourcequotas", next, cancellationToken)) written++;
        }

        return written;
    }

    private SortedDictionary<string, Quantity> Used(JsonObject quota, SortedDictionary<string, Quantity> hard)
    {
        var status = quota.Map("status");
        var known = PodResources.Read(status?.Map("hard"));
        // Nothing has counted this quota yet: do it now rather than refuse.
        return hard.All(p => known.TryGetValue(p.Key, out var value) && value == p.Value)
            ? PodResources.Read(status?.Map("used"))
            : Count(quota, hard);
    }

    private SortedDictionary<string, Quantity> Count(JsonObject quota, SortedDictionary<string, Quantity> hard)
    {
        var used = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var key in hard.Keys) used[key] = Quantity.Of(0);
        var space = quota.Map("metadata")?.Text("namespace") ?? "";
        foreach (var (group, resource) in Counted(hard.Keys))
        {
            foreach (var item in _cluster.List(group, resource, space))
            {
                if (!QuotaUsage.InScope(quota, group, resource, item)) continue;
                foreach (var (key, value) in QuotaUsage.Of(group, resource, item))
                {
                    if (used.TryGetValue(key, out var had)) used[key] = had + value;
                }
            }
        }

        return used;
    }

    /// <summary>The resources that quota names are about, each once.</summary>
    private static IEnumerable<(string Group, string Resource)> Counted(IEnumerable<string> names)
    {
        var seen = new HashSet<(string, string)>();
        foreach (var name in names)
        {
            var resource = Resource(name);
            if (seen.Add(resource)) yield return resource;
        }
    }

    private static (string, string) Resource(string name)
    {
        if (name.StartsWith("count/", StringComparison.Ordinal))
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            return dot < 0 ? ("", name[6..]) : (name[(dot + 1)..], name[6..dot]);
        }

        if (name == "requests.storage" || name.Contains(".storageclass.storage.k8s.io/", StringComparison.Ordinal))
            return ("", "persistentvolumeclaims");
        if (name.StartsWith("services", StringComparison.Ordinal)) return ("", "services");
        return name is "configmaps" or "persistentvolumeclaims" or "replicationcontrollers" or "resourcequotas"
            or "secrets"
            ? ("", name)
            : ("", "pods");
    }

    private static SortedDictionary<string, Quantity> Hard(JsonObject quota) =>
        PodResources.Read(quota.Map("spec")?.Map("hard"));

    private static JsonObject WithStatus(JsonObject quota, SortedDictionary<string, Quantity> used)
    {
        var hard = new JsonObject();
        var status = new JsonObject();
        foreach (var (key, value) in Hard(quota))
        {
            hard[key] = value.ToString();
            status[key] = used.GetValueOrDefault(key).ToString();
        }

        var next = (JsonObject)quota.DeepClone();
        next["status"] = new JsonObject { ["hard"] = hard, ["used"] = status };
        return next;
    }

    private static string Print(List<string> keys, SortedDictionary<string, Quantity> values) =>
        string.Join(',', keys.Order(StringComparer.Ordinal).Select(k => $"{k}={values.GetValueOrDefault(k)}"));
}
