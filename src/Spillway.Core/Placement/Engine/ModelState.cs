using System.Runtime.InteropServices;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// Nodes, pods and all that is counted about them, changed only by the few operations here. While a what-if is open each
/// operation leaves its undoing in the journal, so that a rollback is exact and costs no more than what was tried.
/// </summary>
internal sealed class ModelState
{
    private readonly Dictionary<PodKey, PodEntry> pods = [];
    private readonly Dictionary<string, List<PodEntry>> strays = new(StringComparer.Ordinal);
    private readonly List<PodEntry> pending = [];
    private readonly Dictionary<int, int> priorities = [];
    private readonly List<JournalEntry> journal = [];
    private int openWhatIfs;

    public ModelState()
    {
        Nodes = new NodeTable();
        Classes = new ClassTable(Nodes);
        Volumes = new VolumeIndex(Nodes);
    }

    private enum Change
    {
        NodeAdded,
        NodeRemoved,
        NodeResized,
        PodAdded,
        PodRemoved,
        PodMoved,
        PodNominated,
    }

    public NodeTable Nodes { get; }

    public ClassTable Classes { get; }

    /// <summary>How many pods hold a promise of room.</summary>
    public int Nominations { get; private set; }

    public VolumeIndex Volumes { get; }

    public GangTable Gangs { get; } = new();

    public IReadOnlyDictionary<PodKey, PodEntry> Pods => pods;

    /// <summary>Pods without a node that are neither finished nor going away, in no particular order.</summary>
    public List<PodEntry> Pending => pending;

    /// <summary>Grows with every change; equal versions mean nothing has changed in between.</summary>
    public long Version { get; private set; }

    public bool InWhatIf => openWhatIfs > 0;

    /// <summary>Whether any placed pod could be a victim of one with this priority.</summary>
    public bool HasPodsBelow(int priority)
    {
        foreach (var (other, count) in priorities)
        {
            if (other < priority && count > 0) return true;
        }
        return false;
    }

    public int BeginWhatIf()
    {
        openWhatIfs++;
        return journal.Count;
    }

    /// <summary>Takes back everything since the mark, latest first.</summary>
    public void Rollback(int mark)
    {
        var depth = openWhatIfs;
        openWhatIfs = 0;
        for (var i = journal.Count - 1; i >= mark; i--) Undo(journal[i]);
        journal.RemoveRange(mark, journal.Count - mark);
        openWhatIfs = depth - 1;
    }

    /// <summary>Keeps what was done since the mark.</summary>
    public void Keep()
    {
        openWhatIfs--;
        if (openWhatIfs == 0) journal.Clear();
    }

    public void SetNode(NodeRecord node)
    {
        var slot = Nodes.Find(node.Name);
        if (slot < 0)
        {
            AddNode(node, wantedSlot: -1);
            return;
        }
        var known = Nodes.Records[slot]!;
        if (known == node) return;
        if (known.Labels.Equals(node.Labels) && known.Taints.Equals(node.Taints)
            && known.Unschedulable == node.Unschedulable)
        {
            Resize(slot, node);
            return;
        }
        RemoveNode(slot);
        AddNode(node, wantedSlot: -1);
    }

    public void RemoveNode(int slot)
    {
        var node = Nodes.Records[slot]!;
        var moved = new List<PodEntry>();
        while (Nodes.FirstPod[slot] is { } pod)
        {
            Leave(pod);
            moved.Add(pod);
        }
        Classes.RemoveNode(slot);
        Nodes.Remove(slot);
        foreach (var pod in moved) Enter(pod);
        Record(new JournalEntry(Change.NodeRemoved, Node: node, Slot: slot));
    }

    /// <param name="record">The pod.</param>
    /// <param name="devices">The GPUs it is known to have; 0 leaves it to the record or to the table.</param>
    public void AddPod(PodRecord record, ulong devices = 0)
    {
        var entry = new PodEntry(record, Classes.ClassOf(record), Classes.LabelsOf(record))
        {
            NodeName = record.NodeName,
            NominatedNode = record.IsBound ? "" : record.NominatedNode,
            Devices = !record.IsBound ? 0 : devices != 0 ? devices : GpuShares.Devices(record.Annotations),
        };
        Insert(entry);
    }

    public void RemovePod(PodEntry entry)
    {
        Leave(entry);
        Unlist(entry);
        Denominate(entry);
        Classes.RemovePod(entry);
        pods.Remove(entry.Key);
        Gangs.Remove(entry);
        Record(new JournalEntry(Change.PodRemoved, Pod: entry));

        // A journal may bring pods back, and they hold on to their classes.
        if (openWhatIfs == 0 && journal.Count == 0) Classes.SweepWhenDue();
    }

    /// <summary>Puts a pod on a node, or with an empty name takes it off.</summary>
    public void Move(PodEntry entry, string node, bool assumed, ulong devices = 0)
    {
        Record(new JournalEntry(
            Change.PodMoved, Pod: entry, Name: entry.NodeName, Flag: entry.Assumed, Devices: entry.Devices));
        Leave(entry);
        Unlist(entry);
        entry.NodeName = node;
        entry.Devices = devices;
        entry.Assumed = assumed;
        Enter(entry);
        List(entry);
    }

    public void Nominate(PodEntry entry, string node)
    {
        if (entry.NominatedNode == node) return;
        Record(new JournalEntry(Change.PodNominated, Pod: entry, Name: entry.NominatedNode));
        Denominate(entry);
        entry.NominatedNode = node;
        EnterNomination(entry);
    }

    private void AddNode(NodeRecord node, int wantedSlot)
    {
        var slot = Nodes.Add(node, wantedSlot);
        Classes.AddNode(slot);
        if (strays.Remove(node.Name, out var waiting))
        {
            foreach (var pod in waiting) Enter(pod);
        }
        Nodes.Nominated[slot] = null;
        if (Nominations > 0) RestoreNominations(node.Name);
        Record(new JournalEntry(Change.NodeAdded, Name: node.Name));
    }

    private void Resize(int slot, NodeRecord node)
    {
        Record(new JournalEntry(Change.NodeResized, Node: Nodes.Records[slot], Slot: slot));
        Nodes.Resize(slot, node);
    }

    private void Insert(PodEntry entry)
    {
        pods.Add(entry.Key, entry);
        Gangs.Add(entry);
        Classes.AddPod(entry);
        Enter(entry);
        List(entry);
        EnterNomination(entry);
        Record(new JournalEntry(Change.PodAdded, Pod: entry));
    }

    /// <summary>The pod takes its room on its node; a pod of an unknown node waits for the node to appear.</summary>
    private void Enter(PodEntry entry)
    {
        if (entry.NodeName.Length == 0 || entry.Record.IsFinished) return;
        var slot = Nodes.Find(entry.NodeName);
        if (slot < 0)
        {
            if (!strays.TryGetValue(entry.NodeName, out var waiting)) strays.Add(entry.NodeName, waiting = []);
            waiting.Add(entry);
            return;
        }
        entry.Slot = slot;
        entry.NextOnNode = Nodes.FirstPod[slot];
        if (Nodes.FirstPod[slot] is { } first) first.PreviousOnNode = entry;
        Nodes.FirstPod[slot] = entry;
        // GPUs first: the choice among them is made for the node as it is, and the change is logged by what follows.
        if (entry.Class.UsesGpus) entry.Devices = Nodes.Devices.Take(slot, entry.Class, entry.Devices);
        Nodes.Use(slot, entry.Class, 1);
        ClassTable.Attach(entry, slot, 1);
        CountPriority(entry.Priority, 1);
        if (entry.Class.HasVolumes) Volumes.Attach(entry, 1);
    }

    private void Leave(PodEntry entry)
    {
        if (entry.Slot < 0)
        {
            if (entry.NodeName.Length > 0 && strays.TryGetValue(entry.NodeName, out var waiting)
                && waiting.Remove(entry) && waiting.Count == 0)
                strays.Remove(entry.NodeName);
            return;
        }
        var slot = entry.Slot;
        ClassTable.Attach(entry, slot, -1);
        CountPriority(entry.Priority, -1);
        if (entry.Class.HasVolumes) Volumes.Attach(entry, -1);
        if (entry.Class.UsesGpus) Nodes.Devices.Give(slot, entry.Class, entry.Devices);
        Nodes.Use(slot, entry.Class, -1);
        if (entry.PreviousOnNode is { } previous) previous.NextOnNode = entry.NextOnNode;
        else Nodes.FirstPod[slot] = entry.NextOnNode;
        if (entry.NextOnNode is { } next) next.PreviousOnNode = entry.PreviousOnNode;
        entry.NextOnNode = entry.PreviousOnNode = null;
        entry.Slot = -1;
    }

    private void CountPriority(int priority, int change)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(priorities, priority, out _);
        count += change;
    }

    private void List(PodEntry entry)
    {
        if (entry.NodeName.Length > 0 || entry.Record.IsFinished || entry.Record.Terminating) return;
        entry.PendingIndex = pending.Count;
        pending.Add(entry);
    }

    private void Unlist(PodEntry entry)
    {
        if (entry.PendingIndex < 0) return;
        var last = pending[^1];
        pending[entry.PendingIndex] = last;
        last.PendingIndex = entry.PendingIndex;
        pending.RemoveAt(pending.Count - 1);
        entry.PendingIndex = -1;
    }

    private void EnterNomination(PodEntry entry)
    {
        if (entry.NominatedNode.Length == 0) return;
        Nominations++;
        Promise(entry);
    }

    private void Denominate(PodEntry entry)
    {
        if (entry.NominatedNode.Length == 0) return;
        Nominations--;
        var slot = Nodes.Find(entry.NominatedNode);
        if (slot < 0 || Nodes.Nominated[slot] is not { } list) return;
        list.Remove(entry);
        if (list.Count == 0) Nodes.Nominated[slot] = null;
    }

    private void RestoreNominations(string node)
    {
        foreach (var pod in pods.Values)
        {
            if (pod.NominatedNode == node) Promise(pod);
        }
    }

    private void Promise(PodEntry entry)
    {
        var slot = Nodes.Find(entry.NominatedNode);
        if (slot >= 0) (Nodes.Nominated[slot] ??= []).Add(entry);
    }

    private void Record(JournalEntry entry)
    {
        Version++;
        if (openWhatIfs > 0) journal.Add(entry);
    }

    private void Undo(JournalEntry entry)
    {
        switch (entry.Change)
        {
            case Change.NodeAdded: RemoveNode(Nodes.Find(entry.Name)); break;
            case Change.NodeRemoved: AddNode(entry.Node!, entry.Slot); break;
            case Change.NodeResized: Resize(entry.Slot, entry.Node!); break;
            case Change.PodAdded: RemovePod(entry.Pod!); break;
            case Change.PodRemoved: Insert(entry.Pod!); break;
            case Change.PodMoved: Move(entry.Pod!, entry.Name, entry.Flag, entry.Devices); break;
            case Change.PodNominated: Nominate(entry.Pod!, entry.Name); break;
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    private readonly record struct JournalEntry(
        Change Change, PodEntry? Pod = null, NodeRecord? Node = null, string Name = "", int Slot = -1,
        bool Flag = false, ulong Devices = 0);
}
