using Spillway.Controllers.Objects;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Kubernetes;

namespace Spillway.Controllers.State;

/// <summary>
/// The cluster as the informers know it, with a placement model that follows every event: a pass starts from what is
/// there instead of building it anew.
/// </summary>
internal sealed class ClusterState
{
    private readonly Dictionary<PodKey, ObservedPod> _pending = [];
    private readonly Dictionary<PodKey, DateTimeOffset> _ends = [];
    private readonly InformerIndex<ObservedPod> _byNode;
    private readonly StorageState _storage;

    public ClusterState(InformerSet informers)
    {
        Pods = informers.Get<ObservedPod>(Resources.Pods, ObservedPod.Read);
        Nodes = informers.Get<ObservedNode>(Resources.Nodes, ObservedNode.Read);
        Namespaces = informers.Get(Resources.Namespaces);
        Claims = informers.Get(SpillwayResources.NodeClaims);
        Pools = informers.Get(SpillwayResources.Pools);
        Accelerators = informers.Get(SpillwayResources.Accelerators);
        DaemonSets = informers.Get<DaemonPod>(Resources.DaemonSets, DaemonPod.Read);
        _storage = new StorageState(informers);
        _byNode = Pods.AddIndex(pod => pod.Record.IsBound ? [pod.Record.NodeName] : []);
        Pods.OnChange(Follow);
        Nodes.OnChange(Follow);
        Namespaces.OnChange(Follow);
    }

    /// <summary>
    /// Held while the model is read or changed: at wall speed informers call from threads of their own.
    /// </summary>
    public Lock Gate { get; } = new();

    public PlacementModel Model { get; } = new();

    public Informer<ObservedPod> Pods { get; }

    public Informer<ObservedNode> Nodes { get; }

    public Informer<Namespace> Namespaces { get; }

    public Informer<NodeClaim> Claims { get; }

    public Informer<PoolObject> Pools { get; }

    public Informer<AcceleratorObject> Accelerators { get; }

    public Informer<DaemonPod> DaemonSets { get; }

    /// <summary>Pods without a node. Take the gate first.</summary>
    public IReadOnlyCollection<ObservedPod> Pending => _pending.Values;

    /// <summary>When running pods are expected to end. Take the gate first.</summary>
    public IReadOnlyDictionary<PodKey, DateTimeOffset> ExpectedEnds => _ends;

    public bool HasPending
    {
        get
        {
            lock (Gate) return _pending.Count > 0;
        }
    }

    /// <summary>Brings into the model what is read as a whole. Take the gate first.</summary>
    public void Refresh() => _storage.Refresh(Model);

    /// <summary>Disruption budgets with what they allow now.</summary>
    public IReadOnlyList<DisruptionBudgetRecord> Budgets => _storage.Budgets;

    /// <summary>
    /// A model of its own with what is known now, for long thoughts: the one that follows the events stays free for
    /// those who are in a hurry.
    /// </summary>
    public PlacementModel Copy()
    {
        var copy = new PlacementModel();
        foreach (var one in Namespaces.List()) copy.SetNamespace(one.Name, LabelMap.From(one.Labels));
        foreach (var node in Nodes.List()) copy.SetNode(node.Record);
        foreach (var pod in Pods.List())
        {
            if (!pod.Record.IsFinished) copy.SetPod(pod.Record);
        }

        _storage.Fill(copy);
        return copy;
    }

    public IReadOnlyList<ObservedPod> PodsOn(string node) => _byNode.Find(node);

    public IReadOnlyList<Accelerator> KnownAccelerators() =>
        [.. Accelerators.List().Select(one => one.ToAccelerator()).OrderBy(one => one.Name, StringComparer.Ordinal)];

    private void Follow(InformerChange<ObservedPod> change)
    {
        lock (Gate)
        {
            var pod = change.Current;
            if (change.Kind == ChangeKind.Removed || pod.Record.IsFinished)
            {
                Model.RemovePod(pod.Key);
                _pending.Remove(pod.Key);
                _ends.Remove(pod.Key);
                return;
            }

            Model.SetPod(pod.Record);
            if (pod.IsPending) _pending[pod.Key] = pod;
            else _pending.Remove(pod.Key);
            if (pod.ExpectedEnd is { } end) _ends[pod.Key] = end;
            else _ends.Remove(pod.Key);
        }
    }

    private void Follow(InformerChange<ObservedNode> change)
    {
        lock (Gate)
        {
            if (change.Kind == ChangeKind.Removed) Model.RemoveNode(change.Key.Name);
            else Model.SetNode(change.Current.Record);
        }
    }

    private void Follow(InformerChange<Namespace> change)
    {
        lock (Gate) Model.SetNamespace(change.Key.Name, LabelMap.From(change.Current.Labels));
    }
}
