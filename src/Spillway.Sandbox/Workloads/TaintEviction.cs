using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Removes pods from nodes with NoExecute taints, when they bear them no longer.</summary>
internal sealed class TaintEviction : IWorkloadController
{
    private readonly WorkloadContext _context;
    private readonly Informer<Node> _nodes;
    private readonly EventRecorder _events;
    private readonly Controller<ObjectKey> _loop;

    public TaintEviction(WorkloadContext context)
    {
        _context = context;
        _nodes = context.Informers.Get(Resources.Nodes);
        _events = context.Recorder("taint-eviction-controller");
        _loop = new Controller<ObjectKey>("taint-eviction", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_context.Pods, change =>
            change.After is { NodeName.Length: > 0 } pod && pod.NodeName != change.Before?.NodeName
                ? [change.Key] : []);
        _loop.Watch(_nodes, change => TaintsChanged(change)
            ? _context.PodsByNode.Find(change.Key.Name).Select(p => p.Key)
            : []);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private static bool TaintsChanged(InformerChange<Node> change) =>
        change.After is { } after
            && !KubernetesJson.Same(change.Before?.Json.At("spec", "taints"), after.Json.At("spec", "taints"));

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_context.Pods.TryGet(key, out var pod) || pod.IsTerminating || pod.IsFinished) return Reconciled.Done;
        if (!_nodes.TryGet(ObjectKey.Cluster(pod.NodeName), out var node)) return Reconciled.Done;
        if (Due(pod, node) is not { } due) return Reconciled.Done;
        var left = due - _context.Now;
        if (left > TimeSpan.Zero) return Reconciled.After(left);
        return await EvictAsync(pod, cancellationToken);
    }

    /// <summary>When the pod has to go, or null when it may stay.</summary>
    private DateTimeOffset? Due(Pod pod, Node node)
    {
        DateTimeOffset? due = null;
        var tolerations = pod.Tolerations.ToList();
        foreach (var taint in node.Taints)
        {
            if (taint.Effect != "NoExecute") continue;
            var bearing = tolerations.Where(t => t.Tolerates(taint)).ToList();
            if (bearing.Count == 0) return _context.Now;

            // Of several tolerations of one taint the shortest counts; one without seconds bears it for ever.
            if (bearing.Min(t => t.Seconds) is not { } seconds) continue;
            var at = (taint.AddedAt ?? _context.Now).AddSeconds(Math.Max(0, seconds));
            if (!(due <= at)) due = at;
        }

        return due;
    }

    private async Task<Reconciled> EvictAsync(Pod pod, CancellationToken cancellationToken)
    {
        var marked = Resources.Pods.Copy(pod);
        var conditions = marked.Json.Ensure("status").EnsureArray("conditions");
        var state = new ConditionState(
            "DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        if (Condition.Set(conditions, state, _context.Now))
        {
            var result =
                await _context.Client.UpdateAsync(Resources.Pods, marked, WriteOptions.OnStatus, cancellationToken);
            if (result is WriteResult<Pod>.Conflict) return Reconciled.Retry;
        }

        _events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {pod.Key}");
        await _context.Client.DeleteAsync(
            Resources.Pods, pod.Key, new DeleteOptions { Uid = pod.Uid }, cancellationToken);
        return Reconciled.Done;
    }
}
