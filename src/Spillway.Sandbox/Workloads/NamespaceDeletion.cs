using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Empties namespaces that are being deleted, by discovery, and then lets them go.</summary>
internal sealed class NamespaceDeletion : IWorkloadController
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    private readonly WorkloadContext _context;
    private readonly ApiDiscovery _discovery;
    private readonly Informer<Namespace> _namespaces;
    private readonly Controller<ObjectKey> _loop;

    public NamespaceDeletion(WorkloadContext context)
    {
        _context = context;
        _discovery = new ApiDiscovery(context.Client);
        _namespaces = context.Informers.Get(Resources.Namespaces);
        _loop = new Controller<ObjectKey>("namespace", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_namespaces, static change => change.After?.IsTerminating == true ? [change.Key] : []);
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var ns = await _context.Client.GetAsync(Resources.Namespaces, key, cancellationToken);
        if (ns is null || !ns.IsTerminating || !ns.SpecFinalizers.Contains("kubernetes")) return Reconciled.Done;
        var (resources, silent) = await _discovery.DeletableAsync(cancellationToken);
        var remaining = await DeleteAllAsync(key.Name, resources, cancellationToken);
        await WriteConditionsAsync(key, remaining, silent, cancellationToken);
        if (remaining.Count > 0 || silent.Count > 0) return Reconciled.After(LookAgain);
        return await FinalizeAsync(key, cancellationToken) ? Reconciled.Done : Reconciled.Retry;
    }

    /// <summary>What is left after asking for everything's deletion.</summary>
    private async Task<List<Remaining>> DeleteAllAsync(
        string ns, List<KubernetesResource> resources, CancellationToken cancellationToken)
    {
        var remaining = new List<Remaining>();
        foreach (var resource in resources)
        {
            if (!resource.Namespaced) continue;
            var query = new ListQuery { Namespace = ns };
            if ((await ListAsync(resource, query, cancellationToken)).Count == 0) continue;
            var options = new DeleteOptions { Propagation = DeletePropagation.Background };
            await _context.Client.DeleteCollectionAsync(resource, query, options, cancellationToken);
            var left = await ListAsync(resource, query, cancellationToken);
            if (left.Count > 0) remaining.Add(new Remaining(resource, left));
        }

        return remaining;
    }

    private async Task<IReadOnlyList<KubernetesObject>> ListAsync(
        KubernetesResource resource, ListQuery query, CancellationToken cancellationToken)
    {
        var untyped = KubernetesResource.Untyped(
            resource.Group, resource.Version, resource.Plural, resource.Kind, resource.Namespaced);
        return (await _context.Client.ListAsync(untyped, query, cancellationToken)).Items;
    }

    private sealed record Remaining(KubernetesResource Resource, IReadOnlyList<KubernetesObject> Items);

    private async Task WriteConditionsAsync(
        ObjectKey key, List<Remaining> remaining, List<string> silent, CancellationToken cancellationToken)
    {
        var ns = await _context.Client.GetAsync(Resources.Namespaces, key, cancellationToken);
        if (ns is null) return;
        var conditions = ns.Json.Ensure("status").EnsureArray("conditions");
        var changed = false;
        foreach (var state in Conditions(remaining, silent)) changed |= Condition.Set(conditions, state, _context.Now);
        if (changed)
            await _context.Client.UpdateAsync(Resources.Namespaces, ns, WriteOptions.OnStatus, cancellationToken);
    }

    private static List<ConditionState> Conditions(List<Remaining> remaining, List<string> silent)
    {
        var content = remaining.Select(r => $"{r.Resource.QualifiedName}. has {r.Items.Count} resource instances");
        var finalizers = remaining.SelectMany(r => r.Items).SelectMany(i => i.Finalizers)
            .GroupBy(f => f, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} in {g.Count()} resource instances").ToList();
        return
        [
            silent.Count == 0
                ? new("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered",
                    "All resources successfully discovered")
                : new("NamespaceDeletionDiscoveryFailure", "True", "DiscoveryFailed",
                    "Discovery failed for some groups, " + string.Join(", ", silent)),
            new("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions",
                "All legacy kube types successfully parsed"),
            new("NamespaceDeletionContentFailure", "False", "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization"),
            remaining.Count == 0
                ? new("NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed")
                : new("NamespaceContentRemaining", "True", "SomeResourcesRemain",
                    "Some resources are remaining: " + string.Join(", ", content)),
            finalizers.Count == 0
                ? new("NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers",
                    "All content-preserving finalizers finished")
                : new("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain",
                    "Some content in the namespace has finalizers remaining: " + string.Join(", ", finalizers)),
        ];
    }

    private async Task<bool> FinalizeAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var ns = await _context.Client.GetAsync(Resources.Namespaces, key, cancellationToken);
        if (ns is null) return true;
        ns.Json.Ensure("spec")["finalizers"] = new JsonArray([.. ns.SpecFinalizers.Where(f => f != "kubernetes")]);
        var options = new WriteOptions { Subresource = "finalize" };
        return await _context.Client.UpdateAsync(Resources.Namespaces, ns, options, cancellationToken)
            is not WriteResult<Namespace>.Conflict;
    }
}
