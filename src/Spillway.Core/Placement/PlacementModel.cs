using Spillway.Core.Placement.Engine;
using Spillway.Core.Placement.Engine.Sharing;

namespace Spillway.Core.Placement;

/// <summary>
/// Nodes and pods as the engine sees them, kept current by events. It answers where a pod goes and why it goes nowhere,
/// and tries things out and takes them back. One thread only; no clock, no I/O, and the same events give the same answers
/// in whatever order they came.
/// </summary>
public sealed partial class PlacementModel
{
    private readonly ModelState state = new();
    private readonly PodDesk desk;
    private readonly Preemptor preemptor;
    private readonly NodeChecks checks;
    private readonly Placer placer;
    private readonly ShareScorer sharing;
    private readonly Explainer explainer;
    private readonly GangPlacer gangs;

    public PlacementModel(PlacementOptions? options = null)
    {
        var chosen = options ?? PlacementOptions.Default;
        checks = new NodeChecks(state);
        sharing = new ShareScorer(state);
        placer = new Placer(state, checks, new Scorer(state, chosen, sharing), chosen.NodesToCompare);
        explainer = new Explainer(state, checks);
        preemptor = new Preemptor(state, checks, placer, explainer);
        desk = new PodDesk(state, chosen, placer, explainer, preemptor);
        gangs = new GangPlacer(state, desk);
    }

    internal ModelState State => state;

    public int NodeCount => state.Nodes.Count;

    public int PodCount => state.Pods.Count;

    /// <summary>How many kinds of pods are told apart at this moment, with those kept for a while after their pods.</summary>
    internal int ClassCount => state.Classes.ClassCount;

    /// <summary>All nodes, by name.</summary>
    public IReadOnlyList<NodeRecord> Nodes =>
        [.. state.Nodes.Records.OfType<NodeRecord>().OrderBy(node => node.Name, StringComparer.Ordinal)];

    public NodeRecord? Node(string name)
    {
        var slot = state.Nodes.Find(name);
        return slot < 0 ? null : state.Nodes.Records[slot];
    }

    public PodRecord? Pod(PodKey key) => state.Pods.TryGetValue(key, out var entry) ? entry.Record : null;

    /// <summary>The node a pod is bound to or assumed on; empty while it has none.</summary>
    public string NodeOf(PodKey key) => state.Pods.TryGetValue(key, out var entry) ? entry.NodeName : "";

    /// <summary>The pods that take room on a node, by key.</summary>
    public IReadOnlyList<PodRecord> PodsOn(string node)
    {
        var slot = state.Nodes.Find(node);
        var found = new List<PodRecord>();
        for (var pod = slot < 0 ? null : state.Nodes.FirstPod[slot]; pod is not null; pod = pod.NextOnNode)
            found.Add(pod.Record);
        found.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        return found;
    }

    /// <summary>What is left of a node's allocatable amounts; below zero where more is taken than there is.</summary>
    public ResourceAmounts FreeOn(string node)
    {
        var slot = state.Nodes.Find(node);
        if (slot < 0) return ResourceAmounts.Empty;
        var free = new List<KeyValuePair<string, long>>();
        for (var column = 0; column < state.Nodes.Resources.Count; column++)
        {
            if (column == state.Nodes.Devices.ShareColumn) continue;
            if (state.Nodes.Allocatable[column][slot] != 0 || state.Nodes.Free[column][slot] != 0)
                free.Add(KeyValuePair.Create(state.Nodes.Resources[column], state.Nodes.Free[column][slot]));
        }
        return ResourceAmounts.From(free);
    }

    /// <summary>Adds the node, or takes over its changes.</summary>
    public void SetNode(NodeRecord node) => state.SetNode(node);

    /// <summary>Pods bound to the node stay known; they take their room again when it comes back.</summary>
    public void RemoveNode(string name)
    {
        var slot = state.Nodes.Find(name);
        if (slot >= 0) state.RemoveNode(slot);
    }

    /// <summary>Adds the pod, or takes over its changes. An assumption holds until the record says where the pod is.</summary>
    public void SetPod(PodRecord pod)
    {
        var assumedOn = "";
        var devices = 0UL;
        if (state.Pods.TryGetValue(pod.Key, out var known))
        {
            if (known.Record == pod) return;
            if (known.Assumed && known.Record.Uid == pod.Uid && !pod.IsBound && !pod.IsFinished)
                assumedOn = known.NodeName;
            // A record that does not say which GPUs the pod has does not take them from it.
            if (known.NodeName == (pod.IsBound ? pod.NodeName : assumedOn) && known.Record.Uid == pod.Uid)
                devices = known.Devices;
            state.RemovePod(known);
        }
        state.AddPod(pod, devices);
        if (assumedOn.Length > 0) desk.Assume(state.Pods[pod.Key], assumedOn, devices);
    }

    public void RemovePod(PodKey key)
    {
        if (state.Pods.TryGetValue(key, out var entry)) state.RemovePod(entry);
    }

    /// <summary>A namespace's labels, for affinity terms that select namespaces.</summary>
    public void SetNamespace(string name, LabelMap labels) => state.Classes.SetNamespace(name, labels);

    /// <summary>All facts about volumes, in place of those handed over before.</summary>
    public void SetVolumes(VolumeFacts facts) => state.Volumes.Set(facts);

    /// <summary>All disruption budgets, in place of those handed over before.</summary>
    public void SetDisruptionBudgets(IReadOnlyList<DisruptionBudgetRecord> budgets) => preemptor.Budgets = budgets;

    /// <summary>Assumes a pod where it fits best, a gang's member as if it were alone; null when it fits nowhere.</summary>
    public string? AssumeAlone(PodKey key)
    {
        if (desk.TryPlace(state.Pods[key]) is not { } placed) return null;
        desk.Assume(state.Pods[key], placed.Node);
        return placed.Node;
    }

    /// <summary>Counts the pod on the node as if it were bound there.</summary>
    public void Assume(PodKey key, string node) => desk.Assume(state.Pods[key], node);

    /// <summary>Takes an assumption back; does nothing to a pod that is bound.</summary>
    public void Forget(PodKey key)
    {
        if (state.Pods.TryGetValue(key, out var entry) && entry.Assumed) state.Move(entry, "", assumed: false);
    }

    /// <summary>
    /// Opens a what-if: whatever is done to the model until the result is disposed is taken back then. They nest; the last
    /// one opened is closed first.
    /// </summary>
    public WhatIf BeginWhatIf() => new(state, state.BeginWhatIf());

    /// <summary>An open what-if.</summary>
    public sealed class WhatIf : IDisposable
    {
        private readonly ModelState state;
        private readonly int mark;
        private bool closed;

        internal WhatIf(ModelState state, int mark)
        {
            this.state = state;
            this.mark = mark;
        }

        /// <summary>Keeps what was tried.</summary>
        public void Keep()
        {
            if (closed) return;
            closed = true;
            state.Keep();
        }

        public void Dispose()
        {
            if (closed) return;
            closed = true;
            state.Rollback(mark);
        }
    }
}
