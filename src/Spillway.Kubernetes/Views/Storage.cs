using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public sealed class PersistentVolume(JsonObject json) : KubernetesObject(json)
{
    public string Phase => Json.Text("status", "phase") ?? "Pending";

    public string StorageClassName => Json.Text("spec", "storageClassName") ?? "";

    public string ReclaimPolicy => Json.Text("spec", "persistentVolumeReclaimPolicy") ?? "Retain";

    public string? Capacity => Json.Text("spec", "capacity", "storage");

    public IEnumerable<string> AccessModes => Json.TextsAt("spec", "accessModes");

    public string VolumeMode => Json.Text("spec", "volumeMode") ?? "Filesystem";

    /// <summary>The claim it is bound to or kept for, or null.</summary>
    public ObjectKey? Claim => Json.ObjectAt("spec", "claimRef") is { } claim
        ? new ObjectKey(claim.Text("namespace") ?? "", claim.Text("name") ?? "")
        : null;
}

public sealed class PersistentVolumeClaim(JsonObject json) : KubernetesObject(json)
{
    public string Phase => Json.Text("status", "phase") ?? "Pending";

    /// <summary>Null for the default class, empty for none.</summary>
    public string? StorageClassName => Json.Text("spec", "storageClassName");

    public string VolumeName => Json.Text("spec", "volumeName") ?? "";

    public string? Request => Json.Text("spec", "resources", "requests", "storage");

    public IEnumerable<string> AccessModes => Json.TextsAt("spec", "accessModes");

    public string VolumeMode => Json.Text("spec", "volumeMode") ?? "Filesystem";
}

public sealed class StorageClass(JsonObject json) : KubernetesObject(json)
{
    public string Provisioner => Json.Text("provisioner") ?? "";

    public string ReclaimPolicy => Json.Text("reclaimPolicy") ?? "Delete";

    public bool WaitsForConsumer => Json.Text("volumeBindingMode") == "WaitForFirstConsumer";

    public bool IsDefault => Annotation("storageclass.kubernetes.io/is-default-class") == "true";
}
