using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Removes pods whose node is gone, and deleted pods that no kubelet ever had.</summary>
internal sealed class PodCleanup : IWorkloadController
{
    /// <summary>A node that has only just gone may come back under its name; kube-controller-manager waits as long.</summary>
    private static readonly TimeSpan Quarantine = TimeSpan.FromSeconds(40);

    private readonly WorkloadContext _context;
    private readonly Informer<Node> _nodes;
    private readonly Dictionary<string, DateTimeOffset> _missingSince = new(StringComparer.Ordinal);
    private readonly Controller<ObjectKey> _loop;

    public PodCleanup(WorkloadContext context)
    {
        _context = context;
        _nodes = context.Informers.Get(Resources.Nodes);
        _loop = new Controller<ObjectKey>("pod-garbage-collector", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_context.Pods, change => change.After is { } pod && (IsStray(pod) || IsUnheard(pod))
            ? [pod.Key] : []);
        _loop.Watch(_nodes, change => change.Kind == ChangeKind.Removed
            ? _context.PodsByNode.Find(change.Key.Name).Select(p => p.Key)
            : []);
        _loop.Start(workers: 1);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private bool IsStray(Pod pod) =>
        pod.NodeName.Length > 0 && _nodes.HasSynced && !_nodes.TryGet(ObjectKey.Cluster(pod.NodeName), out _);

    private static bool IsUnheard(Pod pod) => pod.IsTerminating && pod.NodeName.Length == 0;

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_context.Pods.TryGet(key, out var pod)) return Reconciled.Done;
        if (IsUnheard(pod)) return await RemoveAsync(pod, cancellationToken);
        if (!IsStray(pod))
        {
            _missingSince.Remove(pod.NodeName);
            return Reconciled.Done;
        }

        var since = _missingSince.TryAdd(pod.NodeName, _context.Now) ? _context.Now : _missingSince[pod.NodeName];
        var left = since + Quarantine - _context.Now;
        if (left > TimeSpan.Zero) return Reconciled.After(left);
        if (await _context.Client.GetAsync(
            Resources.Nodes, ObjectKey.Cluster(pod.NodeName), cancellationToken) is not null)
            return Reconciled.Done;
        return await RemoveAsync(pod, cancellationToken);
    }

    private async Task<Reconciled> RemoveAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!pod.IsFinished)
        {
            var failed = Resources.Pods.Copy(pod);
            var status = failed.Json.Ensure("status");
            status["phase"] = "Failed";
            var state = new ConditionState(
                "DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists");
            if (pod.NodeName.Length > 0) Condition.Set(status.EnsureArray("conditions"), state, _context.Now);
            var result =
                await _context.Client.UpdateAsync(Resources.Pods, failed, WriteOptions.OnStatus, cancellationToken);
            if (result is WriteResult<Pod>.Conflict) return Reconciled.Retry;
        }

        var options = new DeleteOptions { Uid = pod.Uid, GracePeriodSeconds = 0 };
        await _context.Client.DeleteAsync(Resources.Pods, pod.Key, options, cancellationToken);
        return Reconciled.Done;
    }
}
