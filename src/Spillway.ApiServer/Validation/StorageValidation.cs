using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks volumes, claims and storage classes.</summary>
internal static class StorageValidation
{
    private static readonly string[] s_modes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

    private const string ClaimShape = "PersistentVolumeClaimSpec", VolumeShape = "PersistentVolumeSource";

    private static readonly HashSet<string> s_notSources = new(StringComparer.Ordinal)
    {
        "capacity", "claimRef", "nodeAffinity",
    };

    public static void PersistentVolume(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        Modes(spec, to);
        if (spec.Map("capacity") is not { Count: > 0 } capacity) to.Required("spec.capacity");
        else
        {
            if (!capacity.ContainsKey("storage") || capacity.Count > 1)
                to.Errors.Add(FieldError.NotSupported("spec.capacity", capacity.DeepClone(), ["storage"]));
            Positive(capacity["storage"], "spec.capacity[storage]", to);
        }
        if (spec.Text("persistentVolumeReclaimPolicy") is { Length: > 0 } policy)
            to.OneOf("spec.persistentVolumeReclaimPolicy", policy, "Delete", "Recycle", "Retain");
        var sources = spec.Count(p => p.Value is JsonObject && !s_notSources.Contains(p.Key));
        if (sources == 0) to.Required("spec", "must specify a volume type");
        if (sources > 1) to.Forbidden("spec", "may not specify more than 1 volume type");
        if (spec.Map("nodeAffinity")?.Map("required") is { } affinity)
            AffinityValidation.NodeSelector(affinity, "spec.nodeAffinity.required", to);
        if (spec.Map("local") is not null && spec.Map("nodeAffinity") is null)
            to.Required("spec.nodeAffinity", "Local volume requires node affinity");
        if (old?.Map("spec") is not { } before) return;
        if (!JsonNode.DeepEquals(Source(spec), Source(before)))
        {
            var (was, now) = (InternalForm.Of(VolumeShape, before), InternalForm.Of(VolumeShape, spec));
            to.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation\n"
                + InternalForm.Difference(was, now));
        }
    }

    public static void PersistentVolumeClaim(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        Modes(spec, to);
        AffinityValidation.LabelSelector(spec.Map("selector"), "spec.selector", to);
        if (spec.Map("resources")?.Map("requests")?["storage"] is not { } storage)
            to.Required("spec.resources[storage]");
        else Positive(storage, "spec.resources[storage]", to);
        if (spec.Text("storageClassName") is { Length: > 0 } name)
            to.Invalid("spec.storageClassName", name, Names.DnsSubdomain(name));
        if (spec.Text("volumeMode") is { } mode) to.OneOf("spec.volumeMode", mode, "Block", "Filesystem");
        if (old is not null) ClaimChange(item, old, to);
    }

    public static void StorageClass(JsonObject item, JsonObject? old, Complaints to)
    {
        if (item.Text("provisioner") is not { Length: > 0 } provisioner) to.Required("provisioner");
        else to.Invalid("provisioner", provisioner, Names.QualifiedName(provisioner.ToLowerInvariant()));
        to.OneOf("reclaimPolicy", item.Text("reclaimPolicy") ?? "", "Delete", "Retain");
        to.OneOf("volumeBindingMode", item.Text("volumeBindingMode") ?? "", "Immediate", "WaitForFirstConsumer");
        if (old is null) return;
        if (!JsonNode.DeepEquals(item["parameters"], old["parameters"]))
            to.Forbidden("parameters", "updates to parameters are forbidden.");
        if (item.Text("provisioner") != old.Text("provisioner"))
            to.Forbidden("provisioner", "updates to provisioner are forbidden.");
        if (item.Text("reclaimPolicy") != old.Text("reclaimPolicy"))
            to.Forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden.");
        to.Immutable("volumeBindingMode", item["volumeBindingMode"], old["volumeBindingMode"]);
    }

    private static void Modes(JsonObject spec, Complaints to)
    {
        var modes = spec.Texts("accessModes");
        if (modes.Length == 0) to.Required("spec.accessModes", "at least 1 access mode is required");
        foreach (var mode in modes) to.OneOf("spec.accessModes", mode, s_modes);
        if (modes.Contains("ReadWriteOncePod") && modes.Length > 1)
            to.Forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes");
    }

    private static void Positive(JsonNode? node, string path, Complaints to)
    {
        if (Quantity.TryParse(node?.ToString() ?? "", out var amount) && amount.Sign <= 0)
            to.Invalid(path, node!.ToString(), "must be greater than zero");
    }

    private static JsonObject Source(JsonObject spec)
    {
        var source = new JsonObject();
        foreach (var (name, value) in spec)
            if (value is JsonObject && !s_notSources.Contains(name)) source[name] = value.DeepClone();
        return source;
    }

    // A claim is bound by the server, may grow while it is bound, and stays as it is otherwise.
    private static void ClaimChange(JsonObject item, JsonObject old, Complaints to)
    {
        var (now, before) = (item.Ensure("spec").DeepClone().AsObject(), old.Ensure("spec").DeepClone().AsObject());
        var (size, had) = (Storage(now), Storage(before));
        if (before.Text("volumeName") is null or "") before["volumeName"] = now["volumeName"]?.DeepClone();
        if (before["storageClassName"] is null) now.Remove("storageClassName");
        now["volumeAttributesClassName"] = before["volumeAttributesClassName"]?.DeepClone();
        if (item.Map("status")?.Text("phase") == "Bound" && now.Map("resources")?.Map("requests") is { } requests)
            requests["storage"] = before.Map("resources")?.Map("requests")?["storage"]?.DeepClone();
        var (shown, kept) = (InternalForm.Of(ClaimShape, now), InternalForm.Of(ClaimShape, before));
        if (!JsonNode.DeepEquals(shown, kept))
        {
            to.Forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName "
                + "for bound claims\n" + InternalForm.Difference(kept, shown));
        }
        var capacity = Amount(old.Map("status")?.Map("capacity"));
        if (size < had && !(capacity < size))
            to.Forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
    }

    private static Quantity? Storage(JsonObject spec) => Amount(spec.Map("resources")?.Map("requests"));

    private static Quantity? Amount(JsonObject? amounts) =>
        Quantity.TryParse(amounts?.Text("storage") ?? "", out var amount) ? amount : null;
}
