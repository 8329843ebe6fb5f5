using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Holds deleted claims while a pod uses them, and deleted volumes while they are bound; then lets them go.</summary>
internal sealed class VolumeProtection : IWorkloadController
{
    private const string ClaimFinalizer = "kubernetes.io/pvc-protection";
    private const string VolumeFinalizer = "kubernetes.io/pv-protection";

    private readonly WorkloadContext _context;
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly Informer<PersistentVolume> _volumes;
    private readonly Controller<ObjectKey> _claimLoop;
    private readonly Controller<ObjectKey> _volumeLoop;

    public VolumeProtection(WorkloadContext context)
    {
        _context = context;
        _claims = context.Informers.Get(Resources.PersistentVolumeClaims);
        _volumes = context.Informers.Get(Resources.PersistentVolumes);
        _claimLoop = new Controller<ObjectKey>("pvc-protection", context.Time, context.Logger, ReleaseClaimAsync);
        _volumeLoop = new Controller<ObjectKey>("pv-protection", context.Time, context.Logger, ReleaseVolumeAsync);
    }

    public void Start()
    {
        _claimLoop.Watch(_claims, static change => change.After?.IsTerminating == true ? [change.Key] : []);
        _claimLoop.Watch(_context.Pods, static change =>
            change.Kind == ChangeKind.Removed || change.Current.IsFinished
                ? VolumeBinding.ClaimsOf(change.Current) : []);
        _volumeLoop.Watch(_volumes, static change => change.After?.IsTerminating == true ? [change.Key] : []);
        _claimLoop.Start(workers: 1);
        _volumeLoop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _claimLoop.DisposeAsync();
        await _volumeLoop.DisposeAsync();
    }

    private async Task<Reconciled> ReleaseClaimAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_claims.TryGet(key, out var claim) || !claim.IsTerminating) return Reconciled.Done;
        foreach (var pod in _context.Pods.List())
        {
            if (pod.Namespace == key.Namespace && !pod.IsFinished && VolumeBinding.ClaimsOf(pod).Contains(key))
                return Reconciled.Done;
        }

        return await DropAsync(Resources.PersistentVolumeClaims, claim, ClaimFinalizer, cancellationToken);
    }

    private async Task<Reconciled> ReleaseVolumeAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_volumes.TryGet(key, out var volume) || !volume.IsTerminating || volume.Phase == "Bound")
            return Reconciled.Done;
        return await DropAsync(Resources.PersistentVolumes, volume, VolumeFinalizer, cancellationToken);
    }

    private async Task<Reconciled> DropAsync<T>(
        KubernetesResource<T> resource, T item, string finalizer, CancellationToken cancellationToken)
        where T : KubernetesObject
    {
        if (!item.Finalizers.Contains(finalizer)) return Reconciled.Done;
        var change = new JsonObject
        {
            ["resourceVersion"] = item.ResourceVersion,
            ["finalizers"] = new JsonArray([.. item.Finalizers.Where(f => f != finalizer)]),
        };
        var patch = KubernetesPatch.Merge(new JsonObject { ["metadata"] = change });
        var result = await _context.Client.PatchAsync(resource, item.Key, patch, cancellationToken);
        return result is WriteResult<T>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }
}
