using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>Lines of volumes, claims and storage classes.</summary>
internal static class StorageCells
{
    private const string OldClass = "volume.beta.kubernetes.io/storage-class";

    public static object?[] Volume(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var claim = spec?.Map("claimRef");
        return
        [
            Cells.Name(item), spec?.Map("capacity")?["storage"]?.ToString() ?? "", Cells.AccessModes(spec),
            spec?.Text("persistentVolumeReclaimPolicy") ?? "", Phase(item, status),
            claim is null ? "" : $"{claim.Text("namespace")}/{claim.Text("name")}", Class(item, spec),
            spec?.Text("volumeAttributesClassName") ?? Cells.Unset, status?.Text("reason") ?? "", Cells.Age(item, now),
            spec?.Text("volumeMode") ?? Cells.Unset,
        ];
    }

    public static object?[] Claim(JsonObject item, DateTimeOffset now)
    {
        var (spec, status) = (item.Map("spec"), item.Map("status"));
        var bound = spec?.Text("volumeName") is { Length: > 0 };
        return
        [
            Cells.Name(item), Phase(item, status), spec?.Text("volumeName") ?? "",
            bound ? status?.Map("capacity")?["storage"]?.ToString() ?? "" : "", bound ? Cells.AccessModes(status) : "",
            Class(item, spec), spec?.Text("volumeAttributesClassName") ?? Cells.Unset, Cells.Age(item, now),
            spec?.Text("volumeMode") ?? Cells.Unset,
        ];
    }

    public static object?[] StorageClass(JsonObject item, DateTimeOffset now)
    {
        var name = Cells.Name(item);
        if (item.Map("metadata")?.Map("annotations")?.Text("storageclass.kubernetes.io/is-default-class") == "true")
            name += " (default)";
        return
        [
            name, item.Text("provisioner") ?? "", item.Text("reclaimPolicy") ?? "Delete",
            item.Text("volumeBindingMode") ?? "Immediate", item.Flag("allowVolumeExpansion"), Cells.Age(item, now),
        ];
    }

    public static object?[] Attachment(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec");
        return
        [
            Cells.Name(item), spec?.Text("attacher") ?? "", spec?.Map("source")?.Text("persistentVolumeName") ?? "",
            spec?.Text("nodeName") ?? "", item.Map("status")?.Flag("attached") == true, Cells.Age(item, now),
        ];
    }

    public static object?[] CsiNode(JsonObject item, DateTimeOffset now) =>
        [Cells.Name(item), item.Map("spec")?.Objects("drivers").Count() ?? 0, Cells.Age(item, now)];

    public static object?[] CsiDriver(JsonObject item, DateTimeOffset now)
    {
        var spec = item.Map("spec") ?? [];
        var tokens = spec.Objects("tokenRequests").Select(t => t.Text("audience")).ToList();
        var modes = spec.Texts("volumeLifecycleModes");
        return
        [
            Cells.Name(item), spec["attachRequired"] is null
                || spec.Flag("attachRequired"), spec.Flag("podInfoOnMount"),
            spec.Flag("storageCapacity"), tokens.Count == 0 ? Cells.Unset : string.Join(',', tokens),
            spec.Flag("requiresRepublish"), modes.Length == 0
                ? Cells.None : string.Join(',', modes), Cells.Age(item, now),
        ];
    }

    private static string Phase(JsonObject item, JsonObject? status) =>
        item.Map("metadata")?.ContainsKey("deletionTimestamp") == true ? "Terminating" : status?.Text("phase") ?? "";

    private static string Class(JsonObject item, JsonObject? spec) =>
        item.Map("metadata")?.Map("annotations")?.Text(OldClass) ?? spec?.Text("storageClassName") ?? "";
}
