using System.Net;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks pods and pod templates.</summary>
internal static class PodValidation
{
    private const string Unchangeable =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static void Pod(JsonObject pod, JsonObject? old, Complaints to)
    {
        var spec = pod.Map("spec") ?? [];
        if (old is null)
        {
            Spec(spec, "spec", to);
            return;
        }
        Change(spec, old.Map("spec") ?? [], to);
    }

    public static void Template(JsonObject? template, string path, Complaints to)
    {
        var metadata = template?.Map("metadata");
        MetadataValidation.Labels(metadata?.Map("labels"), path + ".labels", to);
        MetadataValidation.Annotations(metadata?.Map("annotations"), path + ".annotations", to);
        Spec(template?.Map("spec") ?? [], path + ".spec", to);
        if (template?.Map("spec")?.List("ephemeralContainers") is { Count: > 0 })
            to.Forbidden(path + ".spec.ephemeralContainers", "ephemeral containers not allowed in pod template");
    }

    public static void Status(JsonObject pod, JsonObject old, Complaints to)
    {
        var nominated = pod.Map("status")?.Text("nominatedNodeName") ?? "";
        if (nominated.Length == 0 || nominated == old.Map("status")?.Text("nominatedNodeName")) return;
        if (pod.Map("spec")?.Text("nodeName") is { Length: > 0 })
            to.Forbidden("status.nominatedNodeName", "may not be set on pods that are already bound to a node");
        else to.Invalid("status.nominatedNodeName", nominated, Names.DnsSubdomain(nominated));
    }

    /// <summary>Resizing in place needs a kubelet that can: one that tells what its containers were given.</summary>
    public static void Resize(JsonObject pod, JsonObject old, Complaints to)
    {
        var (spec, before) = (pod.Map("spec") ?? [], old.Map("spec") ?? []);
        if (JsonNode.DeepEquals(spec["containers"], before["containers"])) return;
        var quality = QualityOf(before);
        if (QualityOf(spec) != quality)
            to.Invalid("spec", quality, "Pod QOS Class may not change as a result of resizing");
        var running = old.Map("status")?.Objects("containerStatuses")
            .FirstOrDefault(c => c.Map("state")?.Map("running") is not null);
        if (running is not null && running.Map("resources") is null)
            to.Forbidden("spec", "Pod running on node without support for resize");
    }

    public static void Spec(JsonObject spec, string path, Complaints to)
    {
        var volumes = VolumeValidation.Volumes(spec, path + ".volumes", to);
        ResourceClaims(spec, path, to);
        ContainerValidation.Containers(spec, path, volumes, to);
        to.OneOf(path + ".restartPolicy", spec.Text("restartPolicy") ?? "", "Always", "OnFailure", "Never");
        if (spec.Text("dnsPolicy") is not { Length: > 0 } dns) to.Required(path + ".dnsPolicy");
        else to.OneOf(path + ".dnsPolicy", dns, "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None");
        MetadataValidation.Labels(spec.Map("nodeSelector"), path + ".nodeSelector", to);
        SecurityContext(spec, path, to);
        if (spec.Map("affinity") is { } affinity) AffinityValidation.Affinity(affinity, path + ".affinity", to);
        DnsConfig(spec, path, to);
        Gates(spec, path, to);
        AffinityValidation.Spread(spec, path, to);
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
            to.Invalid(path + ".serviceAccountName", account, Names.DnsSubdomain(account));
        if (spec.Text("nodeName") is { Length: > 0 } node)
            to.Invalid(path + ".nodeName", node, Names.DnsSubdomain(node));
        if (spec.Number("activeDeadlineSeconds") is < 1 or > int.MaxValue)
            to.Invalid(path + ".activeDeadlineSeconds", spec["activeDeadlineSeconds"]!.DeepClone(),
                "must be between 1 and 2147483647, inclusive");
        if (spec.Text("hostname") is { Length: > 0 } host) to.Invalid(path + ".hostname", host, Names.DnsLabel(host));
        if (spec.Text("subdomain") is { Length: > 0 } sub) to.Invalid(path + ".subdomain", sub, Names.DnsLabel(sub));
        AffinityValidation.Tolerations(spec, path + ".tolerations", to);
        HostAliases(spec, path, to);
        if (spec.Text("priorityClassName") is { Length: > 0 } priority)
            to.Invalid(path + ".priorityClassName", priority, Names.DnsSubdomain(priority));
        if (spec.Text("runtimeClassName") is { } runtime)
            to.Invalid(path + ".runtimeClassName", runtime, Names.DnsSubdomain(runtime));
        if (spec.Text("preemptionPolicy") is { Length: > 0 } preemption)
            to.OneOf(path + ".preemptionPolicy", preemption, "PreemptLowerPriority", "Never");
        if (spec.Map("overhead") is { } overhead) ContainerValidation.Amounts(overhead, path + ".overhead", to);
        if (spec.Map("os")?.Text("name") is { } os) to.OneOf(path + ".os.name", os, "linux", "windows");
    }

    private static string QualityOf(JsonObject spec)
    {
        var (some, all) = (false, true);
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            var limits = container.Map("resources")?.Map("limits");
            var requests = container.Map("resources")?.Map("requests");
            foreach (var name in (string[])["cpu", "memory"])
            {
                some |= limits?[name] is not null || requests?[name] is not null;
                all &= limits?[name] is { } limit
                    && (requests?[name] is not { } request || JsonNode.DeepEquals(limit, request));
            }
        }
        return !some ? "BestEffort" : all ? "Guaranteed" : "Burstable";
    }

    private static void ResourceClaims(JsonObject spec, string path, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var claim in spec.Objects("resourceClaims"))
        {
            var at = $"{path}.resourceClaims[{++i}]";
            var name = claim.Text("name") ?? "";
            if (name.Length == 0) to.Required(at + ".name");
            else if (!names.Add(name)) to.Duplicate(at + ".name", name);
            else to.Invalid(at + ".name", name, Names.DnsLabel(name));
            var named = claim.Text("resourceClaimName") is not null;
            var templated = claim.Text("resourceClaimTemplateName") is not null;
            if (named && templated)
                to.Invalid(at, claim.DeepClone(), "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            if (!named && !templated)
                to.Invalid(at, claim.DeepClone(), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
        }
    }

    private static void SecurityContext(JsonObject spec, string path, Complaints to)
    {
        if (spec.Map("securityContext") is not { } context) return;
        foreach (var field in (string[])["fsGroup", "runAsUser", "runAsGroup"])
            if (context.Number(field) is < 0 or > int.MaxValue)
                to.Invalid($"{path}.securityContext.{field}", context[field]!.DeepClone(),
                    "must be between 0 and 2147483647, inclusive");
        if (spec.Flag("shareProcessNamespace") && spec.Flag("hostPID"))
            to.Invalid(path + ".shareProcessNamespace", JsonValue.Create(true),
                "ShareProcessNamespace and HostPID cannot both be enabled");
    }

    private static void DnsConfig(JsonObject spec, string path, Complaints to)
    {
        var none = spec.Text("dnsPolicy") == "None";
        var config = spec.Map("dnsConfig");
        if (none && config is null)
            to.Required(path + ".dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
        if (config is null) return;
        var servers = config.Texts("nameservers");
        if (none && servers.Length == 0)
            to.Required(path + ".dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
        if (servers.Length > 3)
            to.Invalid(path + ".dnsConfig.nameservers", config["nameservers"]!.DeepClone(),
                "must not have more than 3 nameservers");
        for (var i = 0; i < servers.Length; i++)
            if (!IPAddress.TryParse(servers[i], out _))
                to.Invalid($"{path}.dnsConfig.nameservers[{i}]", servers[i], "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }

    private static void Gates(JsonObject spec, string path, Complaints to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var gate in spec.Objects("schedulingGates"))
        {
            var at = $"{path}.schedulingGates[{++i}]";
            var name = gate.Text("name") ?? "";
            if (name.Length == 0) to.Required(at);
            else to.Invalid(at, name, Names.QualifiedName(name));
            if (!names.Add(name)) to.Duplicate(at, name);
        }
    }

    private static void HostAliases(JsonObject spec, string path, Complaints to)
    {
        var i = -1;
        foreach (var alias in spec.Objects("hostAliases"))
        {
            var at = $"{path}.hostAliases[{++i}]";
            var ip = alias.Text("ip") ?? "";
            if (!IPAddress.TryParse(ip, out _))
                to.Invalid(at + ".ip", ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            foreach (var host in alias.Texts("hostnames"))
                to.Invalid(at + ".hostnames", host, Names.DnsSubdomain(host));
        }
    }

    private static void Change(JsonObject spec, JsonObject old, Complaints to)
    {
        if (!SameNames(spec, old, "containers"))
        {
            to.Forbidden("spec.containers", "pod updates may not add or remove containers");
            return;
        }
        if (!SameNames(spec, old, "initContainers"))
        {
            to.Forbidden("spec.initContainers", "pod updates may not add or remove containers");
            return;
        }
        Images(spec, "containers", to);
        Images(spec, "initContainers", to);
        Deadline(spec, old, to);
        NewGates(spec, old, to);
        var gated = old.List("schedulingGates") is { Count: > 0 };
        if (!TolerationsKept(spec, old))
            to.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        if (gated && !SelectorKept(spec, old))
            to.Invalid("spec.nodeSelector", spec["nodeSelector"]?.DeepClone(), "only additions are allowed");
        if (JsonNode.DeepEquals(Fixed(spec, gated), Fixed(old, gated))) return;
        var difference = InternalForm.Difference(
            InternalForm.PodSpec(old), InternalForm.PodSpec(WithMutable(spec, old, gated)));
        to.Forbidden("spec", $"{Unchangeable}\n{difference}");
    }

    // The new spec as far as it may not be: what may change is as it was.
    private static JsonObject WithMutable(JsonObject spec, JsonObject old, bool gated)
    {
        var now = spec.DeepClone().AsObject();
        foreach (var list in (string[])["containers", "initContainers"])
            foreach (var (container, before) in now.Objects(list).Zip(old.Objects(list)))
                container["image"] = before["image"]?.DeepClone();
        List<string> free = ["activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers"];
        if (gated) free.AddRange(["nodeSelector", "affinity"]);
        if (spec.Number("terminationGracePeriodSeconds") is 1 or < 0) free.Add("terminationGracePeriodSeconds");
        foreach (var field in free) now[field] = old[field]?.DeepClone();
        return now;
    }

    private static bool SameNames(JsonObject spec, JsonObject old, string list) =>
        spec.Objects(list).Select(c => c.Text("name")).SequenceEqual(old.Objects(list).Select(c => c.Text("name")));

    private static void Images(JsonObject spec, string list, Complaints to)
    {
        var i = -1;
        foreach (var container in spec.Objects(list))
        {
            i++;
            if (container.Text("image") is not { Length: > 0 }) to.Required($"spec.{list}[{i}].image");
        }
    }

    private static void Deadline(JsonObject spec, JsonObject old, Complaints to)
    {
        const string path = "spec.activeDeadlineSeconds";
        var (now, before) = (spec.Number("activeDeadlineSeconds"), old.Number("activeDeadlineSeconds"));
        if (now is null && before is not null)
            to.Invalid(path, (JsonNode?)null, "must not update from a positive integer to nil value");
        else if (now > before)
            to.Invalid(path, JsonValue.Create(now), "must be less than or equal to previous value");
        else if (now is < 0) to.Invalid(path, JsonValue.Create(now), "must be greater than or equal to 0");
    }

    private static void NewGates(JsonObject spec, JsonObject old, Complaints to)
    {
        var known = old.Objects("schedulingGates").Select(g => g.Text("name")).ToHashSet(StringComparer.Ordinal);
        var i = -1;
        foreach (var gate in spec.Objects("schedulingGates"))
        {
            i++;
            if (!known.Contains(gate.Text("name")))
                to.Forbidden($"spec.schedulingGates[{i}].name", $"only deletion is allowed, but found new scheduling gate '{gate.Text("name")}'");
        }
    }

    private static bool TolerationsKept(JsonObject spec, JsonObject old)
    {
        foreach (var before in old.Objects("tolerations"))
            if (!spec.Objects("tolerations").Any(now => SameButSeconds(now, before))) return false;
        return true;
    }

    private static bool SameButSeconds(JsonObject a, JsonObject b)
    {
        foreach (var field in (string[])["key", "operator", "value", "effect"])
            if ((a.Text(field) ?? "") != (b.Text(field) ?? "")) return false;
        return true;
    }

    private static bool SelectorKept(JsonObject spec, JsonObject old)
    {
        foreach (var (key, value) in old.Map("nodeSelector") ?? [])
            if (!JsonNode.DeepEquals(spec.Map("nodeSelector")?[key], value)) return false;
        return true;
    }

    // The part of a spec that stays as it was when the pod was made.
    private static JsonObject Fixed(JsonObject spec, bool gated)
    {
        var rest = spec.DeepClone().AsObject();
        foreach (var list in (string[])["containers", "initContainers"])
            foreach (var container in rest.Objects(list)) container.Remove("image");
        rest.Remove("activeDeadlineSeconds");
        rest.Remove("tolerations");
        rest.Remove("schedulingGates");
        // What these three may become is not this check's business.
        foreach (var field in (string[])["serviceAccount", "ephemeralContainers"]) rest.Remove(field);
        if (gated)
        {
            rest.Remove("nodeSelector");
            rest.Remove("affinity");
        }
        if (spec.Number("terminationGracePeriodSeconds") is 1 or < 0) rest.Remove("terminationGracePeriodSeconds");
        return rest;
    }
}
