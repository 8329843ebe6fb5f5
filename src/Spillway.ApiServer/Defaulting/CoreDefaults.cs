using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Defaulting;

/// <summary>Defaults of services, volumes, claims, limits and endpoints.</summary>
internal static class CoreDefaults
{
    public static void Service(JsonObject service)
    {
        if (service.Map("spec") is not { } spec) return;
        spec.Default("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "ClientIP")
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Default("timeoutSeconds", 10_800);
        else if (spec.Text("sessionAffinity") == "None") spec.Remove("sessionAffinityConfig");
        spec.Default("type", "ClusterIP");
        foreach (var port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is null || port["targetPort"].AsNumber() == 0 || port.Text("targetPort") == "")
                port["targetPort"] = port["port"]?.DeepClone();
        }
        var type = spec.Text("type");
        if (type is "NodePort" or "LoadBalancer") spec.Default("externalTrafficPolicy", "Cluster");
        if (type is "NodePort" or "LoadBalancer" or "ClusterIP") spec.Default("internalTrafficPolicy", "Cluster");
        if (type == "LoadBalancer") spec.Default("allocateLoadBalancerNodePorts", true);
    }

    /// <summary>Texts are only ever written: they become data, over what data says.</summary>
    public static void Secret(JsonObject secret)
    {
        secret.Default("type", "Opaque");
        foreach (var (name, value) in secret.Map("stringData") ?? [])
            secret.Ensure("data")[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.AsText() ?? ""));
        secret.Remove("stringData");
    }

    public static void PersistentVolume(JsonObject volume)
    {
        volume.Ensure("status").Default("phase", "Pending");
        if (volume.Map("spec") is not { } spec) return;
        spec.Default("persistentVolumeReclaimPolicy", "Retain");
        spec.Default("volumeMode", "Filesystem");
        foreach (var (kind, node) in spec.ToList())
        {
            if (node is not JsonObject source) continue;
            if (kind == "hostPath" && source["type"] is null) source["type"] = "";
            else VolumeSource(kind, source);
        }
    }

    public static void PersistentVolumeClaim(JsonObject claim)
    {
        claim.Ensure("status").Default("phase", "Pending");
        claim.Map("spec")?.Default("volumeMode", "Filesystem");
    }

    public static void VolumeSource(string kind, JsonObject source)
    {
        switch (kind)
        {
            case "iscsi": source.Default("iscsiInterface", "default"); break;
            case "rbd":
                source.Default("pool", "rbd");
                source.Default("user", "admin");
                source.Default("keyring", "/etc/ceph/keyring");
                break;
            case "azureDisk":
                source.Default("cachingMode", "ReadWrite");
                source.Default("kind", "Shared");
                source.Default("fsType", "ext4");
                source.Default("readOnly", false);
                break;
            case "scaleIO":
                source.Default("storageMode", "ThinProvisioned");
                source.Default("fsType", "xfs");
                break;
        }
    }

    // For containers: a default is the maximum unless said otherwise, a default request the default, else the minimum.
    public static void LimitRange(JsonObject range)
    {
        foreach (var item in range.Map("spec")?.Objects("limits") ?? [])
        {
            if (item.Text("type") != "Container") continue;
            Copy(item, "default", item.Map("max"));
            Copy(item, "defaultRequest", item.Map("default"));
            Copy(item, "defaultRequest", item.Map("min"));
        }
    }

    public static void Endpoints(JsonObject endpoints)
    {
        foreach (var subset in endpoints.Objects("subsets"))
            foreach (var port in subset.Objects("ports")) port.Default("protocol", "TCP");
    }

    public static void EndpointSlice(JsonObject slice)
    {
        foreach (var port in slice.Objects("ports"))
        {
            if (port["name"] is null) port["name"] = "";
            port.Default("protocol", "TCP");
        }
    }

    private static void Copy(JsonObject item, string to, JsonObject? from)
    {
        if (from is null) return;
        foreach (var (name, amount) in from)
        {
            var target = item.Ensure(to);
            if (!target.ContainsKey(name)) target[name] = amount?.DeepClone();
        }
    }
}
