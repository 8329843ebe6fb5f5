using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Defaulting;

/// <summary>Defaults of pods and of pod templates, which differ in three places.</summary>
internal static class PodDefaults
{
    private const int ReadableMode = 420;

    public static void Pod(JsonObject pod)
    {
        if (pod.Map("spec") is not { } spec) return;
        spec.Default("enableServiceLinks", true);
        foreach (var list in (string[])["containers", "initContainers"])
            foreach (var container in spec.Objects(list)) RequestsFromLimits(container);
        if (spec.Map("resources") is { } whole) RequestsFromLimits(whole, spec);
        if (spec.Flag("hostNetwork")) HostPorts(spec);
        Spec(spec);
    }

    public static void Template(JsonObject? template)
    {
        if (template?.Map("spec") is { } spec) Spec(spec);
    }

    public static void Spec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        if (spec["securityContext"] is null) spec["securityContext"] = new JsonObject();
        ServiceAccount(spec);
        foreach (var container in spec.Objects("containers")) Container(container);
        foreach (var container in spec.Objects("initContainers")) Container(container);
        foreach (var container in spec.Objects("ephemeralContainers")) Container(container);
        foreach (var volume in spec.Objects("volumes")) Volume(volume);
    }

    // Two names of one field: the old one is still written for old readers.
    private static void ServiceAccount(JsonObject spec)
    {
        var name = spec.Text("serviceAccountName") is { Length: > 0 } given ? given : spec.Text("serviceAccount");
        if (string.IsNullOrEmpty(name)) return;
        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
    }

    private static void Container(JsonObject container)
    {
        container.Default("imagePullPolicy", PullPolicy(container.Text("image") ?? ""));
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        foreach (var port in container.Objects("ports")) port.Default("protocol", "TCP");
        foreach (var variable in container.Objects("env"))
            variable.Map("valueFrom")?.Map("fieldRef")?.Default("apiVersion", "v1");
        foreach (var name in (string[])["livenessProbe", "readinessProbe", "startupProbe"]) Probe(container.Map(name));
        if (container.Map("lifecycle") is not { } lifecycle) return;
        HttpGet(lifecycle.Map("postStart")?.Map("httpGet"));
        HttpGet(lifecycle.Map("preStop")?.Map("httpGet"));
    }

    private static void Probe(JsonObject? probe)
    {
        if (probe is null) return;
        probe.Default("timeoutSeconds", 1);
        probe.Default("periodSeconds", 10);
        probe.Default("successThreshold", 1);
        probe.Default("failureThreshold", 3);
        HttpGet(probe.Map("httpGet"));
        if (probe.Map("grpc") is { } grpc && grpc["service"] is null) grpc["service"] = "";
    }

    private static void HttpGet(JsonObject? action)
    {
        action?.Default("path", "/");
        action?.Default("scheme", "HTTP");
    }

    // "latest", also when it is only implied, changes under its name: always ask the registry.
    private static string PullPolicy(string image)
    {
        if (image.Contains('@')) return "IfNotPresent";
        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.IndexOf(':');
        return colon < 0 || name[(colon + 1)..] == "latest" ? "Always" : "IfNotPresent";
    }

    private static void RequestsFromLimits(JsonObject container)
    {
        if (container.Map("resources") is { } resources) RequestsFromLimits(resources);
    }

    private static void RequestsFromLimits(JsonObject resources, JsonObject? pod = null)
    {
        if (resources.Map("limits") is not { Count: > 0 } limits) return;
        var requests = resources.Map("requests") is { } given ? given : [];
        foreach (var (name, amount) in limits)
        {
            if (requests.ContainsKey(name)) continue;
            // A pod's own cpu and memory requests come from its containers when those have any.
            if (pod is not null
                && pod.Objects("containers").Any(c => c.Map("resources")?.Map("requests")?[name] is not null)) continue;
            requests[name] = amount?.DeepClone();
        }
        if (requests.Parent is null && requests.Count > 0) resources["requests"] = requests;
    }

    private static void HostPorts(JsonObject spec)
    {
        foreach (var list in (string[])["containers", "initContainers"])
            foreach (var container in spec.Objects(list))
                foreach (var port in container.Objects("ports"))
                    if (port.Number("hostPort") is null or 0 && port["containerPort"] is { } same)
                        port["hostPort"] = same.DeepClone();
    }

    private static void Volume(JsonObject volume)
    {
        if (volume.Count == 1 && volume.ContainsKey("name")) volume["emptyDir"] = new JsonObject();
        foreach (var (kind, node) in volume.ToList())
        {
            if (node is not JsonObject source) continue;
            switch (kind)
            {
                case "secret" or "configMap": source.Default("defaultMode", ReadableMode); break;
                case "downwardAPI":
                    source.Default("defaultMode", ReadableMode);
                    DownwardItems(source);
                    break;
                case "projected":
                    source.Default("defaultMode", ReadableMode);
                    foreach (var part in source.Objects("sources"))
                    {
                        part.Map("serviceAccountToken")?.Default("expirationSeconds", 3600);
                        if (part.Map("downwardAPI") is { } downward) DownwardItems(downward);
                    }
                    break;
                case "hostPath" when source["type"] is null: source["type"] = ""; break;
                case "iscsi": source.Default("iscsiInterface", "default"); break;
                case "ephemeral":
                    if (source.Map("volumeClaimTemplate")?.Map("spec") is { } claim)
                        claim.Default("volumeMode", "Filesystem");
                    break;
                case "image": source.Default("pullPolicy", PullPolicy(source.Text("reference") ?? "")); break;
                case "rbd" or "azureDisk" or "scaleIO": CoreDefaults.VolumeSource(kind, source); break;
            }
        }
    }

    private static void DownwardItems(JsonObject source)
    {
        foreach (var item in source.Objects("items")) item.Map("fieldRef")?.Default("apiVersion", "v1");
    }
}
