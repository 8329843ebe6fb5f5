using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Counts a namespace's quotas again when a quota or something it may count has changed. The counting itself is the API
/// server's, which also refuses by it: there is one rule for what an object uses.
/// </summary>
internal sealed class QuotaStatus : IWorkloadController
{
    private readonly Func<string, CancellationToken, ValueTask> _refresh;
    private readonly Informer<ResourceQuota> _quotas;
    private readonly List<Action> _watches = [];
    private readonly Controller<string> _loop;

    public QuotaStatus(WorkloadContext context, Func<string, CancellationToken, ValueTask> refresh)
    {
        _refresh = refresh;
        _quotas = context.Informers.Get(Resources.ResourceQuotas);
        _loop = new Controller<string>("resourcequota", context.Time, context.Logger, ReconcileAsync);
        Follow(context.Pods, static c => c.Kind == ChangeKind.Removed || c.Current.IsFinished);
        Follow(context.Informers.Get(Resources.PersistentVolumeClaims), static c => c.Kind == ChangeKind.Removed);
        Follow(context.Informers.Get(Resources.Services), static c => c.Kind == ChangeKind.Removed);
        Follow(context.Informers.Get(Resources.ConfigMaps), static c => c.Kind == ChangeKind.Removed);
        Follow(context.Informers.Get(Resources.Jobs), static c => c.Kind == ChangeKind.Removed);
        Follow(context.Informers.Get(Resources.Deployments), static c => c.Kind == ChangeKind.Removed);
        Follow(context.Informers.Get(Resources.ReplicaSets), static c => c.Kind == ChangeKind.Removed);
    }

    public void Start()
    {
        _loop.Watch(_quotas, static change => change.Kind == ChangeKind.Removed ? [] : [change.Key.Namespace]);
        foreach (var watch in _watches) watch();
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private void Follow<T>(Informer<T> informer, Func<InformerChange<T>, bool> matters) where T : KubernetesObject =>
        _watches.Add(() => _loop.Watch(informer, change =>
            matters(change) && HasQuota(change.Key.Namespace) ? [change.Key.Namespace] : []));

    private bool HasQuota(string ns)
    {
        foreach (var quota in _quotas.List())
        {
            if (quota.Namespace == ns) return true;
        }

        return false;
    }

    private async Task<Reconciled> ReconcileAsync(string ns, CancellationToken cancellationToken)
    {
        await _refresh(ns, cancellationToken);
        return Reconciled.Done;
    }
}
