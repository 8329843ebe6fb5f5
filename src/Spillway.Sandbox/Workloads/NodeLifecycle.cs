using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// Watches heartbeats: a node whose Lease is not renewed is Unknown. Its conditions become taints, so that the scheduler
/// keeps away and, after what each pod tolerates, its pods are evicted.
/// </summary>
internal sealed class NodeLifecycle : IWorkloadController
{
    public const string Unreachable = "node.kubernetes.io/unreachable";
    public const string NotReady = "node.kubernetes.io/not-ready";
    private const string LeaseNamespace = "kube-node-lease";

    // kube-controller-manager looks every five seconds.
    private static readonly TimeSpan SecondLook = TimeSpan.FromSeconds(5);

    private static readonly (string Condition, string Status, string Taint)[] NoScheduleTaints =
    [
        ("Ready", "False", NotReady),
        ("Ready", "Unknown", Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ];

    private readonly WorkloadContext _context;
    private readonly TimeSpan _grace;
    private readonly Informer<Node> _nodes;
    private readonly Informer<Lease> _leases;
    private readonly EventRecorder _events;
    private readonly Lock _gate = new();

    /// <summary>The last sign of life of each node, by this process's clock: the node's own may be wrong.</summary>
    private readonly Dictionary<string, DateTimeOffset> _heardAt = new(StringComparer.Ordinal);

    /// <summary>Nodes found silent once. A machine that slept wakes to clocks that all say so, before any kubelet spoke.</summary>
    private readonly HashSet<string> _suspected = new(StringComparer.Ordinal);
    private readonly Controller<string> _loop;

    public NodeLifecycle(WorkloadContext context, TimeSpan grace)
    {
        _context = context;
        _grace = grace;
        _nodes = context.Informers.Get(Resources.Nodes);
        _leases = context.Informers.Get(Resources.Leases);
        _events = context.Recorder("node-controller");
        _loop = new Controller<string>("node-lifecycle", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_nodes, static change => [change.Key.Name]);
        _loop.Need(_leases);
        _leases.OnChange(Hear);
        _nodes.OnChange(Hear);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private void Hear(InformerChange<Lease> change)
    {
        if (change.Key.Namespace != LeaseNamespace || change.After is not { } lease) return;

        // After a restart the renewal itself tells how old the sign is; a time in the future tells nothing.
        var now = _context.Now;
        var first = change.Kind == ChangeKind.Added && lease.RenewedAt is { } at && at < now;
        lock (_gate) _heardAt[change.Key.Name] = first ? lease.RenewedAt!.Value : now;

        // A renewal of a node known to be well needs no pass: its next one is due by the clock.
        if (!(_nodes.TryGet(ObjectKey.Cluster(change.Key.Name), out var node) && node.IsReady))
            _loop.Queue.Add(change.Key.Name);
    }

    private void Hear(InformerChange<Node> change)
    {
        if (change.Kind != ChangeKind.Updated || change.After!.FindCondition("Ready") is not { } ready) return;

        // Only a kubelet says True or False; Unknown is this loop's own word and no sign of life.
        var before = change.Before!.FindCondition("Ready");
        var posted = ready.Json.Text("lastHeartbeatTime") != before?.Json.Text("lastHeartbeatTime")
            || ready.Status != before?.Status;
        if (!posted || ready.Status == "Unknown") return;
        lock (_gate) _heardAt[change.Key.Name] = _context.Now;
    }

    private async Task<Reconciled> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (!_nodes.TryGet(ObjectKey.Cluster(name), out var node))
        {
            lock (_gate) _heardAt.Remove(name);
            return Reconciled.Done;
        }

        var silence = Silence(node);
        if (IsFirstSuspicion(node, silence)) return Reconciled.After(SecondLook);
        if (silence >= _grace && await MarkUnknownAsync(node, cancellationToken) is { } marked) node = marked;
        if (await TaintAsync(node, cancellationToken) is Reconciled.Stale) return Reconciled.Retry;
        if (!node.IsReady) await MarkPodsAsync(node, cancellationToken);
        return silence < _grace ? Reconciled.After(_grace - silence) : Reconciled.Done;
    }

    /// <summary>How long nothing was heard of the node; a node never heard of has the whole grace from now on.</summary>
    private TimeSpan Silence(Node node)
    {
        lock (_gate)
        {
            if (_heardAt.TryGetValue(node.Name, out var heard)) return _context.Now - heard;
            _heardAt[node.Name] = _context.Now;
            return TimeSpan.Zero;
        }
    }

    private bool IsFirstSuspicion(Node node, TimeSpan silence)
    {
        lock (_gate)
        {
            if (silence < _grace)
            {
                _suspected.Remove(node.Name);
                return false;
            }

            return node.IsReady && _suspected.Add(node.Name);
        }
    }

    private async Task<Node?> MarkUnknownAsync(Node node, CancellationToken cancellationToken)
    {
        var changed = Resources.Nodes.Copy(node);
        var conditions = changed.Json.Ensure("status").EnsureArray("conditions");
        var any = false;
        foreach (var type in (ReadOnlySpan<string>)["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"])
        {
            var known = node.FindCondition(type);
            if (known?.Status == "Unknown") continue;
            var state = known is null
                ? new ConditionState(type, "Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.")
                : new ConditionState(type, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.");
            any |= Condition.Set(conditions, state, _context.Now);
        }

        if (!any) return null;
        var result =
            await _context.Client.UpdateAsync(Resources.Nodes, changed, WriteOptions.OnStatus, cancellationToken);
        if (result.Value is not null)
            _events.Record(node, "Normal", "NodeNotReady", $"Node {node.Name} status is now: NodeNotReady");
        return result.Value;
    }

    private async Task<Reconciled> TaintAsync(Node node, CancellationToken cancellationToken)
    {
        var now = _context.Now;
        var taints = node.Taints.ToList();
        var changed = false;
        foreach (var (condition, status, taint) in NoScheduleTaints)
            changed |= Set(taints, new Taint(taint, "", "NoSchedule") { AddedAt = now },
                node.FindCondition(condition)?.Status == status);
        changed |= Set(taints, new Taint("node.kubernetes.io/unschedulable", "", "NoSchedule") { AddedAt = now },
            node.IsUnschedulable);
        var ready = node.FindCondition("Ready")?.Status;
        changed |= Set(taints, new Taint(NotReady, "", "NoExecute") { AddedAt = now }, ready == "False");
        changed |= Set(taints, new Taint(Unreachable, "", "NoExecute") { AddedAt = now }, ready == "Unknown");
        if (!changed) return Reconciled.Done;
        var spec = new JsonObject
        {
            ["taints"] = taints.Count == 0 ? null : new JsonArray([.. taints.Select(t => t.ToJson())]),
        };
        var patch = KubernetesPatch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.ResourceVersion }, ["spec"] = spec,
        });
        var result = await _context.Client.PatchAsync(Resources.Nodes, node.Key, patch, cancellationToken);
        return result is WriteResult<Node>.Conflict ? Reconciled.Retry : Reconciled.Done;
    }

    private static bool Set(List<Taint> taints, Taint wanted, bool present)
    {
        var at = taints.FindIndex(t => t.Key == wanted.Key && t.Effect == wanted.Effect);
        if (at >= 0 == present) return false;
        if (present) taints.Add(wanted);
        else taints.RemoveAt(at);
        return true;
    }

    // Nobody on the node can say that its pods are not ready: services must stop sending to them.
    private async Task MarkPodsAsync(Node node, CancellationToken cancellationToken)
    {
        foreach (var pod in _context.PodsByNode.Find(node.Name))
        {
            if (!pod.IsReady) continue;
            var changed = Resources.Pods.Copy(pod);
            var conditions = changed.Json.Ensure("status").EnsureArray("conditions");
            Condition.Set(conditions, new ConditionState("Ready", "False"), _context.Now);
            await _context.Client.UpdateAsync(Resources.Pods, changed, WriteOptions.OnStatus, cancellationToken);
        }
    }
}
