using Spillway.Controllers.Objects;
using Spillway.Controllers.Pools;
using Spillway.Controllers.State;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Costs;

/// <summary>Writes what ran where into the ledger, many changes at a time.</summary>
internal sealed class Bookkeeper(ControllerContext context, ClusterState state, OfferDesk offers)
{
    public const string Everything = "ledger";

    /// <summary>How long changes are gathered before they are written together.</summary>
    public static readonly TimeSpan BatchWindow = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly CloudQuotes _quotes = new(context.Model);
    private readonly Dictionary<string, PodEntry> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeEntry> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<PodKey, string> _whys = [];

    public void Note(InformerChange<ObservedPod> change)
    {
        var pod = change.Current;
        context.Sizes?.Note(pod.Record);
        lock (_gate)
        {
            if (!pod.Record.IsBound && pod.Why.Length > 0) _whys[pod.Key] = pod.Why;
            var entry = ToEntry(pod);

            // A pod that is deleted while it runs ends now, whatever its last status said.
            if (change.Kind == ChangeKind.Removed)
            {
                entry = entry with
                {
                    FinishedAt = entry.StartedAt is null ? entry.FinishedAt : entry.FinishedAt ?? context.Now,
                    Phase = pod.Record.IsFinished ? entry.Phase : "Deleted",
                };
                _whys.Remove(pod.Key);
            }

            _pods[pod.Record.Uid] = entry;
        }
    }

    public void Note(InformerChange<ObservedNode> change)
    {
        var node = change.Current;
        context.Sizes?.Note(node.Name, node.Record.Allocatable);
        if (node.Pool.Length > 0) return;
        var entry = Entries.Owned(node);
        if (change.Kind == ChangeKind.Removed) entry = entry with { RemovedAt = context.Now };
        lock (_gate) _nodes[entry.Id] = entry;
    }

    public Task<Reconciled> FlushAsync()
    {
        List<NodeEntry> nodes;
        List<PodEntry> pods;
        lock (_gate)
        {
            (nodes, pods) = ([.. _nodes.Values], [.. _pods.Values]);
            _nodes.Clear();
            _pods.Clear();
        }

        context.Ledger.Record(nodes, pods);
        return Task.FromResult(Reconciled.Done);
    }

    private PodEntry ToEntry(ObservedPod pod)
    {
        var record = pod.Record;
        var entry = new PodEntry(record.Uid, record.Key, record.CreatedAt)
        {
            StartedAt = pod.StartedAt,
            FinishedAt = pod.FinishedAt,
            Phase = record.Phase.ToString(),
            Why = pod.Why,
        };
        if (!record.IsBound) return entry;
        var cloud = Entries.CloudPrice(record, offers.Known()) ?? _quotes.PerHour(record.Requirements.Requests);
        entry = entry with { Node = record.NodeName, CloudPrice = cloud };
        if (state.Claims.Get(ObjectKey.Cluster(record.NodeName)) is { } claim) return OnRented(entry, record, claim);
        return state.Nodes.Get(ObjectKey.Cluster(record.NodeName)) is { } node ? OnOwned(entry, record, node) : entry;
    }

    private PodEntry OnRented(PodEntry entry, PodRecord pod, NodeClaim claim)
    {
        var node = state.Nodes.Get(ObjectKey.Cluster(claim.Name));
        var isFor = claim.Pods.Contains(pod.Key.ToString());
        return entry with
        {
            NodeId = claim.Uid,
            Pool = claim.Pool,
            Site = node?.Site ?? "",
            Price = claim.Price * (node is null
                ? 1 : Entries.Share(pod.Requirements.Requests, node.Record.Allocatable)),
            Why = isFor ? $"{claim.Name} was rented for it: {claim.Why}"
                : $"{claim.Name} had room and was rented already ({claim.Price})",
        };
    }

    private PodEntry OnOwned(PodEntry entry, PodRecord pod, ObservedNode node)
    {
        var before = _whys.GetValueOrDefault(pod.Key, "");
        var here = Here(pod, node.Name);
        return entry with
        {
            NodeId = Entries.OwnedId(node.Name),
            Site = node.Site,
            Price = node.Price * Entries.Share(pod.Requirements.Requests, node.Record.Allocatable),
            Why = here.Length > 0 && before.Length > 0 ? $"{here}; before, it waited: {before}" : here,
        };
    }

    // Empty once the pod has ended, for then the model knows it no more: the ledger keeps the words it has.
    private string Here(PodRecord pod, string node)
    {
        lock (state.Gate) return state.Model.WhyHere(pod.Key, node);
    }
}
