using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks configuration, namespaces, nodes, quotas and limits.</summary>
internal static class CoreValidation
{
    private const int MaxBytes = 1024 * 1024;

    public static void ConfigMap(JsonObject item, JsonObject? old, Complaints to)
    {
        var size = 0L;
        var binary = item.Map("binaryData") ?? [];
        foreach (var (key, value) in item.Map("data") ?? [])
        {
            to.Invalid($"data[{key}]", key, Names.ConfigKey(key));
            if (binary.ContainsKey(key)) to.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            size += System.Text.Encoding.UTF8.GetByteCount(value.AsText() ?? "");
        }
        foreach (var (key, value) in binary)
        {
            to.Invalid($"binaryData[{key}]", key, Names.ConfigKey(key));
            size += Decoded(value);
        }
        if (size > MaxBytes) to.TooLong("", MaxBytes);
        if (old?.Flag("immutable") != true) return;
        if (!item.Flag("immutable")) to.Forbidden("immutable", "field is immutable when `immutable` is set");
        if (!JsonNode.DeepEquals(item["data"], old["data"]))
            to.Forbidden("data", "field is immutable when `immutable` is set");
        if (!JsonNode.DeepEquals(item["binaryData"], old["binaryData"]))
            to.Forbidden("binaryData", "field is immutable when `immutable` is set");
    }

    public static void Secret(JsonObject item, JsonObject? old, Complaints to)
    {
        var data = item.Map("data") ?? [];
        var size = 0L;
        foreach (var (key, value) in data)
        {
            to.Invalid($"data[{key}]", key, Names.ConfigKey(key));
            size += Decoded(value);
        }
        if (size > MaxBytes) to.TooLong("data", MaxBytes);
        Typed(item, data, to);
        if (old is null) return;
        to.Immutable("type", item["type"], old["type"]);
        if (!old.Flag("immutable")) return;
        if (!item.Flag("immutable")) to.Forbidden("immutable", "field is immutable when `immutable` is set");
        if (!JsonNode.DeepEquals(item["data"], old["data"]))
            to.Forbidden("data", "field is immutable when `immutable` is set");
    }

    public static void Namespace(JsonObject item, JsonObject? old, Complaints to)
    {
        var i = -1;
        foreach (var name in item.Map("spec")?.Texts("finalizers") ?? [])
        {
            i++;
            if (!name.Contains('/') && name != "kubernetes" && name != "orphan")
                to.Invalid("spec.finalizers", name, "name is neither a standard finalizer name nor is it fully qualified");
        }
    }

    public static void Node(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var taint in spec.Objects("taints"))
        {
            var at = $"spec.taints[{++i}]";
            var (key, value, effect) = (taint.Text("key") ?? "", taint.Text("value") ?? "", taint.Text("effect") ?? "");
            to.Invalid(at + ".key", key, Names.QualifiedName(key));
            to.Invalid(at + ".value", value, Names.LabelValue(value));
            if (effect.Length == 0) to.Required(at + ".effect");
            else to.OneOf(at + ".effect", effect, "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (!seen.Add(key + ":" + effect))
                to.Errors.Add(new FieldError("FieldValueDuplicate",
                    $"Duplicate value: {taint.ToJsonString(Json.Relaxed)}: taints must be unique by key and effect pair", at));
        }
        foreach (var list in (string[])["capacity", "allocatable"])
            if (item.Map("status")?.Map(list) is { } amounts) ContainerValidation.Amounts(amounts, "status." + list, to);
        var (now, before) = (spec.Text("providerID") ?? "", old?.Map("spec")?.Text("providerID") ?? "");
        if (before.Length > 0 && now != before)
            to.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
    }

    public static void ResourceQuota(JsonObject item, JsonObject? old, Complaints to)
    {
        foreach (var (name, amount) in item.Map("spec")?.Map("hard") ?? [])
        {
            var path = $"spec.hard[{name}]";
            to.Invalid(path, name, Names.QualifiedName(name));
            if (!name.Contains('/') && !IsQuotaName(name))
                to.Invalid(path, name, "must be a standard resource for quota");
            ContainerValidation.Amount(name, amount, path, to);
        }
        string[] scopes = ["BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating",
            "PriorityClass", "Terminating", "VolumeAttributesClass"];
        foreach (var scope in item.Map("spec")?.Texts("scopes") ?? [])
            if (!scopes.Contains(scope))
                to.Invalid("spec.scopes", item["spec"]!["scopes"]!.DeepClone(), "unsupported scope");
        if (old is not null) to.Immutable("spec.scopes", item.Map("spec")?["scopes"], old.Map("spec")?["scopes"]);
    }

    public static void LimitRange(JsonObject item, JsonObject? old, Complaints to)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var limit in item.Map("spec")?.Objects("limits") ?? [])
        {
            var at = $"spec.limits[{++i}]";
            var type = limit.Text("type") ?? "";
            if (!seen.Add(type)) to.Duplicate(at + ".type", type);
            if (type is not ("Container" or "Pod" or "PersistentVolumeClaim"))
                to.Invalid(at + ".type", type, Names.QualifiedName(type));
            if (type == "Pod")
                foreach (var field in (string[])["default", "defaultRequest"])
                    if (limit.Map(field) is { Count: > 0 } given)
                        to.Forbidden($"{at}.{field}", "may not be specified when `type` is 'Pod'");
            Ordered(limit, at, to);
        }
    }

    private static void Ordered(JsonObject limit, string at, Complaints to)
    {
        string[] names = [.. ((string[])["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"])
            .SelectMany(f => limit.Map(f)?.Select(p => p.Key) ?? []).Distinct(StringComparer.Ordinal)];
        foreach (var name in names)
        {
            Bound(limit, name, "min", "max", $"{at}.min[{name}]", "min value {0} is greater than max value {1}", to);
            Bound(limit, name, "min", "defaultRequest", $"{at}.defaultRequest[{name}]",
                "min value {0} is greater than default request value {1}", to);
            Bound(limit, name, "defaultRequest", "max", $"{at}.defaultRequest[{name}]",
                "default request value {0} is greater than max value {1}", to);
            Bound(limit, name, "defaultRequest", "default", $"{at}.defaultRequest[{name}]", "default request value {0} is greater than default limit value {1}", to);
            Bound(limit, name, "min", "default", $"{at}.default[{name}]",
                "min value {0} is greater than default value {1}", to);
            Bound(limit, name, "default", "max", $"{at}.default[{name}]",
                "default value {0} is greater than max value {1}", to);
        }
    }

    private static void Bound(
        JsonObject limit, string name, string less, string more, string path, string text, Complaints to)
    {
        if (!Quantity.TryParse(limit.Map(less)?.Text(name) ?? "", out var low)
            || !Quantity.TryParse(limit.Map(more)?.Text(name) ?? "", out var high) || low <= high) return;
        var shown = path.Contains("." + less + "[", StringComparison.Ordinal) ? low : high;
        to.Invalid(path, shown.ToString(), string.Format(text, low, high));
    }

    private static bool IsQuotaName(string name) =>
        name is "cpu" or "memory" or "ephemeral-storage" or "pods" or "resourcequotas" or "services" or "secrets"
            or "configmaps" or "replicationcontrollers" or "persistentvolumeclaims" or "requests.cpu"
            or "requests.memory" or "requests.storage"
            or "requests.ephemeral-storage" or "limits.cpu" or "limits.memory" or "limits.ephemeral-storage"
            or "services.nodeports" or "services.loadbalancers"
        || name.StartsWith("hugepages-", StringComparison.Ordinal)
            || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    private static void Typed(JsonObject item, JsonObject data, Complaints to)
    {
        string[] required = item.Text("type") switch
        {
            "kubernetes.io/dockercfg" => [".dockercfg"],
            "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
            "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
            "kubernetes.io/tls" => ["tls.crt", "tls.key"],
            _ => [],
        };
        foreach (var key in required)
            if (!data.ContainsKey(key)) to.Required($"data[{key}]");
        if (item.Text("type") == "kubernetes.io/basic-auth" && !data.ContainsKey("username")
            && !data.ContainsKey("password"))
        {
            to.Required("data[username]");
            to.Required("data[password]");
        }
        if (item.Text("type") == "kubernetes.io/service-account-token"
            && item.Map("metadata")?.Map("annotations")?.Text(
                "kubernetes.io/service-account.name") is not { Length: > 0 })
            to.Required("metadata.annotations[kubernetes.io/service-account.name]");
    }

    private static long Decoded(JsonNode? value)
    {
        var text = value.AsText() ?? "";
        var padding = text.EndsWith("==", StringComparison.Ordinal) ? 2 : text.EndsWith('=') ? 1 : 0;
        return text.Length / 4 * 3 - padding;
    }
}
