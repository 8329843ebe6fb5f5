using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Deletes what its owners have left behind, and carries out foreground and orphaning deletions. It watches every
/// deletable resource, those of custom resource definitions as well.
/// </summary>
internal sealed class GarbageCollection : IWorkloadController
{
    private readonly WorkloadContext _context;
    private readonly ApiDiscovery _discovery;
    private readonly Lock _gate = new();
    private readonly OwnerGraph _graph = new();
    private readonly Dictionary<(string Group, string Kind), KubernetesResource> _kinds = [];
    private readonly HashSet<string> _absent = new(StringComparer.Ordinal);
    private readonly Controller<string> _items;
    private readonly Controller<string> _watches;

    public GarbageCollection(WorkloadContext context)
    {
        _context = context;
        _discovery = new ApiDiscovery(context.Client);
        _items = new Controller<string>("garbage-collector", context.Time, context.Logger, CollectAsync);
        _watches = new Controller<string>("garbage-collector-watches", context.Time, context.Logger, DiscoverAsync);
    }

    public void Start()
    {
        var definitions = _context.Informers.Get(Resources.CustomResourceDefinitions);
        _watches.Watch(definitions, static change =>
            change.After?.IsEstablished == true && change.Before?.IsEstablished != true ? ["all"] : []);
        _watches.Queue.Add("all");
        _watches.Start(workers: 1);
        _items.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _watches.DisposeAsync();
        await _items.DisposeAsync();
    }

    private async Task<Reconciled> DiscoverAsync(string key, CancellationToken cancellationToken)
    {
        var (resources, silent) = await _discovery.DeletableAsync(cancellationToken);
        foreach (var resource in resources)
        {
            lock (_gate) _kinds[(resource.Group, resource.Kind)] = resource;

            // Events own nothing and are owned by nothing, and there are many of them.
            if (resource.Plural == "events") continue;
            Follow(resource);
        }

        return silent.Count > 0 ? Reconciled.After(TimeSpan.FromSeconds(30)) : Reconciled.Done;
    }

    private readonly HashSet<KubernetesResource> _followed = [];

    private void Follow(KubernetesResource resource)
    {
        if (!_followed.Add(resource)) return;
        var informer = _context.Informers.Get(resource, bytes => OwnedObject.Decode(resource, bytes));
        informer.OnChange(See);
    }

    private void See(InformerChange<OwnedObject> change)
    {
        lock (_gate)
        {
            var uid = change.Current.Uid;
            if (change.Before is { } before && before.Uid != uid) Forget(before);
            if (change.Kind == ChangeKind.Removed)
            {
                Forget(change.Current);
                return;
            }

            _graph.Put(change.Current);
            _absent.Remove(uid);
            if (NeedsLook(change.Current)) _items.Queue.Add(uid);
            foreach (var owner in change.Current.Owners)
            {
                // An owner that waits for its dependents may be done with this one's change.
                if (_graph.Find(owner.Uid)?.WaitsForDependents == true) _items.Queue.Add(owner.Uid);
            }
        }
    }

    private void Forget(OwnedObject gone)
    {
        _graph.Remove(gone.Uid);
        _absent.Add(gone.Uid);
        if (_absent.Count > 10_000) _absent.Clear();
        foreach (var dependent in _graph.DependentsOf(gone.Uid)) _items.Queue.Add(dependent.Uid);
        foreach (var owner in gone.Owners)
        {
            if (_graph.Find(owner.Uid)?.WaitsForDependents == true) _items.Queue.Add(owner.Uid);
        }
    }

    private bool NeedsLook(OwnedObject item)
    {
        if (item.WaitsForDependents || item.OrphansDependents) return true;
        foreach (var owner in item.Owners)
        {
            if (_graph.Find(owner.Uid) is not { WaitsForDependents: false }) return true;
        }

        return false;
    }

    private async Task<Reconciled> CollectAsync(string uid, CancellationToken cancellationToken)
    {
        OwnedObject? item;
        lock (_gate) item = _graph.Find(uid);
        if (item is null) return Reconciled.Done;
        if (item.OrphansDependents) return await OrphanAsync(item, cancellationToken);
        if (item.WaitsForDependents) return await LeaveInFrontAsync(item, cancellationToken);
        return item.IsTerminating || item.Owners.Count == 0
            ? Reconciled.Done
            : await CollectOwnedAsync(item, cancellationToken);
    }

    private async Task<Reconciled> CollectOwnedAsync(OwnedObject item, CancellationToken cancellationToken)
    {
        var solid = new List<OwnerReference>();
        var waiting = false;
        foreach (var owner in item.Owners)
        {
            switch (await StateAsync(item, owner, cancellationToken))
            {
                case OwnerState.Absent:
                    break;
                case OwnerState.WaitsForDependents:
                    waiting = true;
                    break;
                default:
                    solid.Add(owner);
                    break;
            }
        }

        if (solid.Count == item.Owners.Count) return Reconciled.Done;
        if (solid.Count > 0) return await KeepOwnersAsync(item, solid, cancellationToken);
        return await DeleteAsync(item, waiting && HasDependents(item), cancellationToken);
    }

    private bool HasDependents(OwnedObject item)
    {
        lock (_gate) return _graph.DependentsOf(item.Uid).Count > 0;
    }

    private enum OwnerState { Solid, Absent, WaitsForDependents }

    private async Task<OwnerState> StateAsync(
        OwnedObject item, OwnerReference owner, CancellationToken cancellationToken)
    {
        KubernetesResource? resource;
        lock (_gate)
        {
            if (_absent.Contains(owner.Uid)) return OwnerState.Absent;
            if (_graph.Find(owner.Uid) is { } known)
                return known.WaitsForDependents ? OwnerState.WaitsForDependents : OwnerState.Solid;
            _kinds.TryGetValue((owner.Group, owner.Kind), out resource);
        }

        // A kind nobody serves may come back with its definition: only a served kind can prove an owner's absence.
        if (resource is null) return OwnerState.Solid;
        var untyped = KubernetesResource.Untyped(
            resource.Group, resource.Version, resource.Plural, resource.Kind, resource.Namespaced);
        var key = resource.Namespaced ? new ObjectKey(item.Key.Namespace, owner.Name) : ObjectKey.Cluster(owner.Name);
        if (resource.Namespaced && item.Key.Namespace.Length == 0) return OwnerState.Absent;
        var there = await _context.Client.GetAsync(untyped, key, cancellationToken);
        if (there?.Uid == owner.Uid) return OwnerState.Solid;
        lock (_gate) _absent.Add(owner.Uid);
        return OwnerState.Absent;
    }

    private async Task<Reconciled> DeleteAsync(OwnedObject item, bool foreground, CancellationToken cancellationToken)
    {
        var propagation = item.Finalizers.Contains("orphan") ? DeletePropagation.Orphan
            : foreground || item.Finalizers.Contains("foregroundDeletion") ? DeletePropagation.Foreground
            : DeletePropagation.Background;
        var options = new DeleteOptions { Uid = item.Uid, Propagation = propagation };
        var result = await _context.Client.DeleteAsync(Untyped(item), item.Key, options, cancellationToken);
        return result is WriteResult<KubernetesObject>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }

    /// <summary>Waits until every dependent that blocks is gone, then lets the object go.</summary>
    private async Task<Reconciled> LeaveInFrontAsync(OwnedObject item, CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnedObject> dependents;
        lock (_gate) dependents = _graph.DependentsOf(item.Uid);
        var blocked = false;
        foreach (var dependent in dependents)
        {
            if (dependent.Owners.Any(o => o.Uid == item.Uid && o.BlocksDeletion)) blocked = true;
            if (!dependent.IsTerminating) _items.Queue.Add(dependent.Uid);
        }

        return blocked ? Reconciled.Done : await DropFinalizerAsync(item, "foregroundDeletion", cancellationToken);
    }

    private async Task<Reconciled> OrphanAsync(OwnedObject item, CancellationToken cancellationToken)
    {
        IReadOnlyList<OwnedObject> dependents;
        lock (_gate) dependents = _graph.DependentsOf(item.Uid);
        foreach (var dependent in dependents)
        {
            var rest = dependent.Owners.Where(o => o.Uid != item.Uid).ToList();
            if (await KeepOwnersAsync(dependent, rest, cancellationToken) is Reconciled.Stale) return Reconciled.Retry;
        }

        return await DropFinalizerAsync(item, "orphan", cancellationToken);
    }

    private async Task<Reconciled> KeepOwnersAsync(
        OwnedObject item, List<OwnerReference> owners, CancellationToken cancellationToken)
    {
        var references = new JsonArray([.. owners.Select(o => o.Json.Copied())]);
        var change = new JsonObject { ["uid"] = item.Uid, ["ownerReferences"] = references };
        return await PatchAsync(item, change, cancellationToken);
    }

    private async Task<Reconciled> DropFinalizerAsync(
        OwnedObject item, string finalizer, CancellationToken cancellationToken)
    {
        var there = await _context.Client.GetAsync(Untyped(item), item.Key, cancellationToken);
        if (there is null || there.Uid != item.Uid || !there.Finalizers.Contains(finalizer)) return Reconciled.Done;
        var change = new JsonObject
        {
            ["resourceVersion"] = there.ResourceVersion,
            ["finalizers"] = new JsonArray([.. there.Finalizers.Where(f => f != finalizer)]),
        };
        return await PatchAsync(item, change, cancellationToken);
    }

    private async Task<Reconciled> PatchAsync(
        OwnedObject item, JsonObject metadata, CancellationToken cancellationToken)
    {
        var patch = KubernetesPatch.Merge(new JsonObject { ["metadata"] = metadata });
        var result = await _context.Client.PatchAsync(Untyped(item), item.Key, patch, cancellationToken);
        return result is WriteResult<KubernetesObject>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }

    private static KubernetesResource<KubernetesObject> Untyped(OwnedObject item) => KubernetesResource.Untyped(
        item.Resource.Group, item.Resource.Version, item.Resource.Plural, item.Resource.Kind, item.Resource.Namespaced);
}
