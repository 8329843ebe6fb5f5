using System.Text.Json.Nodes;
using Spillway.Core.Quantities;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Binds claims to volumes: to a fitting one that is there, or to one made by the claim's StorageClass. Volumes of a
/// class are simulated here: every provisioner exists and answers at once.
/// </summary>
internal sealed class VolumeBinding : IWorkloadController
{
    private const string SelectedNode = "volume.kubernetes.io/selected-node";
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    private readonly WorkloadContext _context;
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly Informer<PersistentVolume> _volumes;
    private readonly Informer<StorageClass> _classes;
    private readonly OwnWrites<PersistentVolume> _writes;
    private readonly EventRecorder _events;
    private readonly Controller<ObjectKey> _claimLoop;
    private readonly Controller<string> _volumeLoop;

    public VolumeBinding(WorkloadContext context)
    {
        _context = context;
        _claims = context.Informers.Get(Resources.PersistentVolumeClaims);
        _volumes = context.Informers.Get(Resources.PersistentVolumes);
        _classes = context.Informers.Get(Resources.StorageClasses);
        _writes = new OwnWrites<PersistentVolume>(_volumes);
        _events = context.Recorder("persistentvolume-controller");
        _claimLoop = new Controller<ObjectKey>("persistentvolume-binder", context.Time, context.Logger, BindAsync);
        _volumeLoop = new Controller<string>("persistentvolume", context.Time, context.Logger, ReclaimAsync);
    }

    public void Start()
    {
        _claimLoop.Watch(_claims, static change => change.Kind == ChangeKind.Removed ? [] : [change.Key]);
        _claimLoop.Watch(_classes, _ => Unbound());
        _claimLoop.Watch(_volumes, change => change.Kind == ChangeKind.Removed ? [] : Unbound());
        _claimLoop.Watch(_context.Pods, static change =>
            change.Kind == ChangeKind.Removed || change.Before?.NodeName == change.Current.NodeName
                ? [] : ClaimsOf(change.Current));
        _volumeLoop.Watch(_volumes, static change => change.Kind == ChangeKind.Removed ? [] : [change.Key.Name]);
        _volumeLoop.Watch(_claims, change => change.Current.VolumeName is { Length: > 0 } name ? [name] : []);
        _claimLoop.Start(workers: 1);
        _volumeLoop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _claimLoop.DisposeAsync();
        await _volumeLoop.DisposeAsync();
        await _events.DisposeAsync();
    }

    public static IEnumerable<ObjectKey> ClaimsOf(Pod pod)
    {
        foreach (var volume in pod.Volumes)
        {
            if (volume.Text("persistentVolumeClaim", "claimName") is { } name)
                yield return new ObjectKey(pod.Namespace, name);
            else if (volume.ObjectAt("ephemeral") is not null)
                yield return new ObjectKey(pod.Namespace, $"{pod.Name}-{volume.Text("name")}");
        }
    }

    private List<ObjectKey> Unbound() => [.. _claims.List().Where(c => c.Phase != "Bound").Select(c => c.Key)];

    private async Task<Reconciled> BindAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_claims.TryGet(key, out var claim) || claim.IsTerminating || claim.Phase == "Bound")
            return Reconciled.Done;
        if (!_writes.AreSeen(key)) return OwnWrites<PersistentVolume>.LookAgain;
        if (Matching(claim) is { } volume) return await BindAsync(claim, volume, cancellationToken);
        if (claim.VolumeName.Length > 0) return Reconciled.Done;
        if (Class(claim) is not { } storage)
        {
            _events.Record(claim, "Normal", "FailedBinding",
                "no persistent volumes available for this claim and no storage class is set");
            return Reconciled.Done;
        }

        if (storage.Provisioner == "kubernetes.io/no-provisioner") return Reconciled.Done;
        if (storage.WaitsForConsumer && claim.Annotation(SelectedNode) is null && !HasPlacedConsumer(claim))
        {
            _events.Record(
                claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
            return Reconciled.Done;
        }

        var made = await _context.Client.CreateAsync(
            Resources.PersistentVolumes, Provision(claim, storage), cancellationToken);
        if (made.Value is not { } provisioned) return Reconciled.Retry;
        _writes.Wrote(key, provisioned);
        _events.Record(claim, "Normal", "ProvisioningSucceeded", $"Successfully provisioned volume {provisioned.Name}");
        return await BindAsync(claim, provisioned, cancellationToken);
    }

    private bool HasPlacedConsumer(PersistentVolumeClaim claim)
    {
        foreach (var pod in _context.Pods.List())
        {
            if (pod.Namespace == claim.Namespace && pod.NodeName.Length > 0 && ClaimsOf(pod).Contains(claim.Key))
                return true;
        }

        return false;
    }

    private StorageClass? Class(PersistentVolumeClaim claim)
    {
        if (claim.StorageClassName is { } name) return name.Length == 0 ? null : _classes.Get(ObjectKey.Cluster(name));
        return _classes.List().Where(c => c.Annotation(DefaultClass) == "true")
            .OrderByDescending(c => c.CreatedAt).ThenBy(c => c.Name, StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>The volume meant for the claim, or the smallest free one that holds it.</summary>
    private PersistentVolume? Matching(PersistentVolumeClaim claim)
    {
        var name = claim.StorageClassName ?? Class(claim)?.Name ?? "";
        var selector = claim.Json.ObjectAt("spec", "selector") is { } json
            ? LabelSelector.Read(json) : LabelSelector.Everything;
        PersistentVolume? best = null;
        foreach (var volume in _volumes.List())
        {
            if (volume.IsTerminating || (claim.VolumeName.Length > 0 && volume.Name != claim.VolumeName)) continue;
            if (volume.Claim is { } taken)
            {
                if (taken == claim.Key && volume.Json.Text("spec", "claimRef", "uid") is null or ""
                    || IsFor(volume, claim)) return volume;
                continue;
            }

            if (volume.Phase is "Released" or "Failed" || volume.StorageClassName != name
                || volume.VolumeMode != claim.VolumeMode) continue;
            if (!selector.Matches(volume.Labels) || claim.AccessModes.Except(volume.AccessModes).Any()) continue;
            if (Size(volume.Capacity) < Size(claim.Request)) continue;
            if (best is null || Size(volume.Capacity) < Size(best.Capacity)) best = volume;
        }

        return best;
    }

    private static bool IsFor(PersistentVolume volume, PersistentVolumeClaim claim) =>
        volume.Claim == claim.Key && volume.Json.Text("spec", "claimRef", "uid") == claim.Uid;

    private static Quantity Size(string? text) => Quantity.TryParse(text, out var size) ? size : Quantity.Zero;

    private async Task<Reconciled> BindAsync(
        PersistentVolumeClaim claim, PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (!IsFor(volume, claim))
        {
            var taken = Resources.PersistentVolumes.Copy(volume);
            taken.Json.Ensure("spec")["claimRef"] = Reference(claim);
            taken.Metadata.Ensure("annotations")["pv.kubernetes.io/bound-by-controller"] = "yes";
            var result = await _context.Client.UpdateAsync(Resources.PersistentVolumes, taken, cancellationToken);
            if (result.Value is not { } stored) return Reconciled.Retry;
            _writes.Wrote(claim.Key, stored);
            volume = stored;
        }

        if (!await SetPhaseAsync(volume, "Bound", cancellationToken)) return Reconciled.Retry;
        var bound = Resources.PersistentVolumeClaims.Copy(claim);
        bound.Json.Ensure("spec")["volumeName"] = volume.Name;
        bound.Metadata.Ensure("annotations")["pv.kubernetes.io/bind-completed"] = "yes";
        bound.Metadata.Ensure("annotations")["pv.kubernetes.io/bound-by-controller"] = "yes";
        var written = await _context.Client.UpdateAsync(Resources.PersistentVolumeClaims, bound, cancellationToken);
        if (written.Value is not { } stated) return Reconciled.Retry;
        var status = stated.Json.Ensure("status");
        status["phase"] = "Bound";
        status["accessModes"] = volume.Json.At("spec", "accessModes")?.DeepClone();
        status["capacity"] = volume.Json.At("spec", "capacity")?.DeepClone();
        var result2 = await _context.Client.UpdateAsync(
            Resources.PersistentVolumeClaims, stated, WriteOptions.OnStatus, cancellationToken);
        return result2 is WriteResult<PersistentVolumeClaim>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }

    private static PersistentVolume Provision(PersistentVolumeClaim claim, StorageClass storage)
    {
        var volume = Resources.PersistentVolumes.New(ObjectKey.Cluster("pvc-" + claim.Uid));
        volume.Metadata.Ensure("annotations")["pv.kubernetes.io/provisioned-by"] = storage.Provisioner;
        volume.Json["spec"] = new JsonObject
        {
            ["capacity"] = new JsonObject { ["storage"] = claim.Request ?? "1Gi" },
            ["accessModes"] = claim.Json.At("spec", "accessModes")?.DeepClone() ?? new JsonArray("ReadWriteOnce"),
            ["persistentVolumeReclaimPolicy"] = storage.ReclaimPolicy,
            ["storageClassName"] = storage.Name,
            ["volumeMode"] = claim.VolumeMode,
            ["claimRef"] = Reference(claim),
            ["csi"] = new JsonObject { ["driver"] = storage.Provisioner, ["volumeHandle"] = "pvc-" + claim.Uid },
        };
        return volume;
    }

    private static JsonObject Reference(PersistentVolumeClaim claim) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "PersistentVolumeClaim", ["namespace"] = claim.Namespace,
        ["name"] = claim.Name, ["uid"] = claim.Uid,
    };

    /// <summary>Keeps a volume's phase, and takes it back when its claim is gone.</summary>
    private async Task<Reconciled> ReclaimAsync(string name, CancellationToken cancellationToken)
    {
        if (!_volumes.TryGet(ObjectKey.Cluster(name), out var volume) || volume.IsTerminating) return Reconciled.Done;
        if (volume.Claim is not { } key || volume.Json.Text("spec", "claimRef", "uid") is not { Length: > 0 } uid)
            return await SetPhaseAsync(volume, "Available", cancellationToken) ? Reconciled.Done : Reconciled.Retry;
        var claim = await _context.Client.GetAsync(Resources.PersistentVolumeClaims, key, cancellationToken);
        if (claim?.Uid == uid) return Reconciled.Done;
        if (!await SetPhaseAsync(volume, "Released", cancellationToken)) return Reconciled.Retry;
        if (volume.ReclaimPolicy != "Delete") return Reconciled.Done;
        var options = new DeleteOptions { Uid = volume.Uid };
        await _context.Client.DeleteAsync(Resources.PersistentVolumes, volume.Key, options, cancellationToken);
        return Reconciled.Done;
    }

    private async Task<bool> SetPhaseAsync(PersistentVolume volume, string phase, CancellationToken cancellationToken)
    {
        if (volume.Json.Text("status", "phase") == phase) return true;
        var change = new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } };
        var result = await _context.Client.PatchAsync(
            Resources.PersistentVolumes, volume.Key, KubernetesPatch.Merge(change), WriteOptions.OnStatus,
                cancellationToken);
        return result is not WriteResult<PersistentVolume>.Conflict;
    }
}
