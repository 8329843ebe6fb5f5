using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Validation;

/// <summary>What is accepted but hardly meant: the warnings a real server sends along, in its words.</summary>
internal static class CreationWarnings
{
    private static readonly Dictionary<string, string> s_labels = new(StringComparer.Ordinal)
    {
        ["beta.kubernetes.io/arch"] = "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        ["beta.kubernetes.io/os"] = "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ["beta.kubernetes.io/instance-type"] = "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
        ["failure-domain.beta.kubernetes.io/region"] = "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        ["failure-domain.beta.kubernetes.io/zone"] = "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    };

    /// <summary>Of an object that is about to be stored.</summary>
    /// <param name="old">Null on create; then its name is judged too.</param>
    public static void Add(ResourceType type, JsonObject item, JsonObject? old, List<string> to)
    {
        var spec = item.Map("spec");
        switch ((type.Group, type.Kind))
        {
            case ("", "Pod"):
                if (old is not null) return;
                Name(item, "the Pod's hostname", to);
                Pod(spec, "spec", to);
                break;
            case ("apps", "Deployment" or "ReplicaSet" or "StatefulSet") or ("", "ReplicationController")
                or ("batch", "Job"):
                if (old is null) Name(item, "Pod names and hostnames", to);
                Template(spec, "spec", old?.Map("spec"), to);
                break;
            case ("apps", "DaemonSet"): Template(spec, "spec", old?.Map("spec"), to); break;
            case ("batch", "CronJob"):
                if (old is null) Name(item, "Pod names and hostnames", to);
                Template(spec?.Map("jobTemplate")?.Map("spec"), "spec.jobTemplate.spec",
                    old?.Map("spec")?.Map("jobTemplate")?.Map("spec"), to);
                break;
            case ("", "Service"): Service(spec ?? [], to); break;
            case ("", "PersistentVolume"):
                if (spec?.Text("persistentVolumeReclaimPolicy") == "Recycle")
                    to.Add("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.");
                break;
            case ("networking.k8s.io", "Ingress"):
                if (item.Map("metadata")?.Map("annotations")?.ContainsKey("kubernetes.io/ingress.class") == true
                    && old is null)
                    to.Add("annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead");
                break;
        }
    }

    private static void Name(JsonObject item, string use, List<string> to)
    {
        string[] wrong = [.. Names.DnsLabel(item.Map("metadata")?.Text("name") ?? "")];
        if (wrong.Length > 0)
            to.Add($"metadata.name: this is used in {use}, which can result in surprising behavior; "
                + $"a DNS label is recommended: [{string.Join(' ', wrong)}]");
    }

    private static void Template(JsonObject? spec, string path, JsonObject? old, List<string> to)
    {
        // Who left the template as it was has heard it before.
        if (spec?.Map("template") is not { } template || JsonNode.DeepEquals(template, old?["template"])) return;
        Pod(template.Map("spec"), path + ".template.spec", to);
    }

    private static void Pod(JsonObject? spec, string path, List<string> to)
    {
        if (spec is null) return;
        foreach (var (label, _) in spec.Map("nodeSelector") ?? [])
            if (s_labels.TryGetValue(label, out var since)) to.Add($"{path}.nodeSelector[{label}]: {since}");
        Spread(spec, path, to);
        if (spec.Number("terminationGracePeriodSeconds") is < 0)
            to.Add(path + ".terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1");
        foreach (var list in (string[])["initContainers", "containers"])
        {
            var i = 0;
            foreach (var container in spec.Objects(list)) Container(container, $"{path}.{list}[{i++}]", to);
        }
    }

    private static void Spread(JsonObject spec, string path, List<string> to)
    {
        var i = -1;
        foreach (var constraint in spec.Objects("topologySpreadConstraints"))
        {
            i++;
            if (constraint.Map("labelSelector") is null)
                to.Add($"{path}.topologySpreadConstraints[{i}].labelSelector: a null labelSelector results in matching no pod");
        }
    }

    private static void Container(JsonObject container, string at, List<string> to)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var i = -1;
        foreach (var variable in container.Objects("env"))
        {
            i++;
            if (!seen.Add(variable.Text("name") ?? ""))
                to.Add($"{at}.env[{i}]: hides previous definition of \"{variable.Text("name")}\", which may be dropped when using apply");
        }
        foreach (var kind in (string[])["limits", "requests"])
        {
            foreach (var name in (string[])["ephemeral-storage", "memory"])
            {
                if (container.Map("resources")?.Map(kind)?.Text(name) is { } amount && amount.EndsWith('m'))
                    to.Add($"{at}.resources.{kind}[{name}]: fractional byte value \"{amount}\" is invalid, must be an integer");
            }
        }
    }

    private static void Service(JsonObject spec, List<string> to)
    {
        if (spec.Text("clusterIP") != "None") return;
        if (spec.Text("loadBalancerIP") is { Length: > 0 })
            to.Add("spec.loadBalancerIP is ignored for headless services");
        if (spec.List("externalIPs") is { Count: > 0 }) to.Add("spec.externalIPs is ignored for headless services");
        if (spec.Text("sessionAffinity") is { Length: > 0 } and not "None")
            to.Add("spec.SessionAffinity is ignored for headless services");
    }
}
