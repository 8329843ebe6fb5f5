using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Scheduling;

/// <summary>Keeps the placement model as the cluster is, and says what changed. Everything runs on the scheduler's loop.</summary>
internal sealed class ClusterFeed
{
    private readonly PlacementModel _model;
    private readonly DemandHistory _history;
    private readonly Informer<ScheduledPod> _pods;
    private readonly Informer<NodeRecord> _nodes;
    private readonly Informer<NamespaceLabels> _namespaces;
    private readonly Informer<VolumeClaimRecord> _claims;
    private readonly Informer<PersistentVolumeRecord> _volumes;
    private readonly Informer<StorageClassRecord> _classes;
    private readonly Informer<CsiNodeRecord> _csiNodes;
    private readonly Informer<DisruptionBudgetRecord> _budgets;
    private readonly Action<ClusterEvents> _happened;
    private readonly Action<InformerChange<ScheduledPod>> _podSeen;
    private bool _storageChanged = true;
    private bool _budgetsChanged = true;

    /// <param name="informers">Not yet started.</param>
    public ClusterFeed(
        PlacementModel model, InformerSet informers, Action<ClusterEvents> happened,
        Action<InformerChange<ScheduledPod>> podSeen)
    {
        _model = model;
        _history = new DemandHistory(model);
        _happened = happened;
        _podSeen = podSeen;
        _nodes = informers.Get(Resources.Nodes, static utf8 => NodeReader.Read(utf8.Span));
        _namespaces = informers.Get(Resources.Namespaces, NamespaceLabels.Decode);
        _claims = informers.Get(Resources.PersistentVolumeClaims, static utf8 => VolumeReader.ReadClaim(utf8.Span));
        _volumes = informers.Get(Resources.PersistentVolumes, static utf8 => VolumeReader.ReadVolume(utf8.Span));
        _classes = informers.Get(Resources.StorageClasses, static utf8 => VolumeReader.ReadClass(utf8.Span));
        _csiNodes = informers.Get(Resources.CsiNodes, static utf8 => VolumeReader.ReadCsiNode(utf8.Span));
        _budgets = informers.Get(Resources.PodDisruptionBudgets, static utf8 => DisruptionBudgetReader.Read(utf8.Span));
        _pods = informers.Get(Resources.Pods, ScheduledPod.Decode);

        _nodes.OnChange(OnNode);
        _namespaces.OnChange(OnNamespace);
        _claims.OnChange(_ => OnStorage());
        _volumes.OnChange(_ => OnStorage());
        _classes.OnChange(_ => OnStorage());
        _csiNodes.OnChange(_ => OnStorage());
        _budgets.OnChange(_ => _budgetsChanged = true);
        _pods.OnChange(OnPod);
    }

    public Task Synced => Task.WhenAll(
        _pods.Synced, _nodes.Synced, _namespaces.Synced, _claims.Synced, _volumes.Synced, _classes.Synced,
        _csiNodes.Synced, _budgets.Synced);

    public ScheduledPod? Find(PodKey key) => _pods.Get(new ObjectKey(key.Namespace, key.Name));

    public VolumeClaimRecord? FindClaim(ObjectKey key) => _claims.Get(key);

    public bool WaitsForConsumer(string storageClass) =>
        _classes.Get(ObjectKey.Cluster(storageClass)) is { WaitForFirstConsumer: true };

    /// <summary>Hands over what the model takes as a whole. Called before a decision; free while nothing changed.</summary>
    public void Refresh()
    {
        if (_storageChanged)
        {
            _storageChanged = false;
            _model.SetVolumes(new VolumeFacts
            {
                Claims = _claims.List(),
                Volumes = _volumes.List(),
                Classes = _classes.List(),
                CsiNodes = _csiNodes.List(),
            });
        }
        if (!_budgetsChanged) return;
        _budgetsChanged = false;
        _model.SetDisruptionBudgets(_budgets.List());
    }

    private void OnNode(InformerChange<NodeRecord> change)
    {
        if (change.After is not { } node)
        {
            _model.RemoveNode(change.Key.Name);
            return;
        }
        _model.SetNode(node);
        if (change.Before is not { } before) _happened(ClusterEvents.NodeAdded);
        else if (Matters(before, node)) _happened(ClusterEvents.NodeChanged);
    }

    // A heartbeat or a new address of a node helps nobody.
    private static bool Matters(NodeRecord before, NodeRecord after) =>
        before.Unschedulable != after.Unschedulable || before.Ready != after.Ready
        || !before.Labels.Equals(after.Labels) || !before.Taints.Equals(after.Taints)
        || !before.Allocatable.Equals(after.Allocatable);

    private void OnNamespace(InformerChange<NamespaceLabels> change)
    {
        _model.SetNamespace(change.Key.Name, change.After?.Labels ?? LabelMap.Empty);
        _happened(ClusterEvents.Namespaces);
    }

    private void OnStorage()
    {
        _storageChanged = true;
        _happened(ClusterEvents.Storage);
    }

    private void OnPod(InformerChange<ScheduledPod> change)
    {
        var key = new PodKey(change.Key.Namespace, change.Key.Name);
        var before = change.Before?.Record;
        var after = change.After?.Record;
        if (before is null && after is not null) _history.Saw(after.Requirements);
        if (after is null || after.IsFinished) _model.RemovePod(key);
        else _model.SetPod(after);

        // Whom it concerns first, so that it is out of the queue before the queue is woken.
        _podSeen(change);
        var held = before is { IsBound: true, IsFinished: false };
        var holds = after is { IsBound: true, IsFinished: false };
        if (held && (!holds || !before!.Requirements.Requests.Equals(after!.Requirements.Requests)))
            _happened(ClusterEvents.PodFreed);
        if (holds && (!held || !before!.Labels.Equals(after!.Labels))) _happened(ClusterEvents.PodPlaced);
        if (before is null && after is { IsBound: false, Requirements.Gang: not null })
            _happened(ClusterEvents.GangMember);
    }
}

/// <summary>A namespace's labels, for pod affinity terms that select namespaces.</summary>
internal sealed record NamespaceLabels(LabelMap Labels)
{
    public static NamespaceLabels Decode(ReadOnlyMemory<byte> utf8) =>
        new(LabelMap.From(JsonNode.Parse(utf8.Span).MapAt("metadata", "labels")));
}
