using System.Runtime.Intrinsics;
using Spillway.Core.Placement.Engine.Sharing;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement.Engine;

/// <summary>
/// The nodes as columns: one dense array of longs for each resource, indexed by slot. A freed slot fits nothing, because
/// its room for pods is negative. Every change of a node's labels, taints or existence is logged, so that cached masks
/// catch up with what changed instead of starting over.
/// </summary>
internal sealed class NodeTable
{
    public const int PodsColumn = 0;
    public const int CpuColumn = 1;
    public const int MemoryColumn = 2;

    // The kubelet's default: a node that does not say how many pods it takes, takes these.
    private const long DefaultPods = 110;

    // Far beyond any machine, and small enough that sums over a node's pods cannot overflow.
    private const long Cap = 1L << 56;

    private readonly Dictionary<string, int> slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> columns = new(StringComparer.Ordinal);
    private readonly Dictionary<NodeShapeKey, NodeShape> shapes = [];
    private readonly Stack<int> freeSlots = new();
    private readonly List<string> resources = [];
    public NodeTable()
    {
        Column(ResourceAmounts.Pods);
        Column(ResourceAmounts.Cpu);
        Column(ResourceAmounts.Memory);
        Devices = new DeviceTable(this);
        Grow(64);
    }

    public int Count => slots.Count;

    /// <summary>One more than the highest slot ever used.</summary>
    public int High { get; private set; }

    public int Words => (High + 63) >> 6;

    public NodeRecord?[] Records { get; private set; } = [];

    public NodeShape?[] Shapes { get; private set; } = [];

    public List<long[]> Allocatable { get; } = [];

    public List<long[]> Free { get; } = [];

    /// <summary>What scoring reads, as doubles so that four nodes are scored at once.</summary>
    public ScoringColumns Scoring { get; } = new();

    /// <summary>The GPUs of each node one by one.</summary>
    public DeviceTable Devices { get; }

    public PodEntry?[] FirstPod { get; private set; } = [];

    /// <summary>Pods that preemption has promised room on the node and that are not bound yet.</summary>
    public List<PodEntry>?[] Nominated { get; private set; } = [];

    /// <summary>How many kinds of scarce device the node offers.</summary>
    public int[] DeviceKinds { get; private set; } = [];

    public bool[] Rented { get; private set; } = [];

    /// <summary>Nodes in name order: the order of ties and of everything that is printed.</summary>
    public NodeOrder Order { get; } = new();

    /// <summary>How many nodes carry a PreferNoSchedule taint.</summary>
    public int SoftTaints { get; private set; }

    /// <summary>Slots whose node came, went, or changed labels or taints, in order; readers remember how far they got.</summary>
    public ChangeLog StaticChanges { get; } = new();

    /// <summary>Slots whose use changed or that are in <see cref="StaticChanges"/>.</summary>
    public ChangeLog AllChanges { get; } = new();

    public IReadOnlyList<string> Resources => resources;

    public int Find(string name) => slots.TryGetValue(name, out var slot) ? slot : -1;

    public static long Capped(long amount) => Math.Clamp(amount, -Cap, Cap);

    /// <summary>The column of a resource, made on first use and filled from the nodes that are there.</summary>
    public int Column(string resource)
    {
        if (columns.TryGetValue(resource, out var column)) return column;
        column = resources.Count;
        columns.Add(resource, column);
        resources.Add(resource);
        var allocatable = new long[Records.Length];
        for (var slot = 0; slot < High; slot++)
        {
            if (Records[slot] is { } node) allocatable[slot] = Capped(node.Allocatable[resource]);
        }
        Allocatable.Add(allocatable);
        Free.Add((long[])allocatable.Clone());
        return column;
    }

    /// <summary>Takes a slot for a new node; undoing a removal asks for the slot it had.</summary>
    public int Add(NodeRecord node, int wantedSlot = -1)
    {
        var slot = wantedSlot >= 0 ? TakeSlot(wantedSlot) : freeSlots.Count > 0 ? freeSlots.Pop() : High;
        if (slot >= Records.Length) Grow(Records.Length * 2);
        if (slot >= High) High = slot + 1;
        slots.Add(node.Name, slot);
        Records[slot] = node;
        Shapes[slot] = ShapeOf(node);
        Rented[slot] = node.IsRented;
        FirstPod[slot] = null;
        for (var column = 0; column < resources.Count; column++) Free[column][slot] = 0;
        SetAllocatable(slot, node, used: false);
        Order.Add(slot, node.Name, Records);
        if (HasSoftTaint(node)) SoftTaints++;
        StaticChanges.Add(slot);
        AllChanges.Add(slot);
        return slot;
    }

    /// <summary>The node's pods must have left it.</summary>
    public void Remove(int slot)
    {
        if (HasSoftTaint(Records[slot]!)) SoftTaints--;
        slots.Remove(Records[slot]!.Name);
        Order.Remove(slot, Records[slot]!.Name, Records);
        Records[slot] = null;
        Shapes[slot] = null;
        for (var column = 0; column < resources.Count; column++)
        {
            Allocatable[column][slot] = 0;
            Free[column][slot] = 0;
        }
        Devices.Remove(slot);
        Free[PodsColumn][slot] = long.MinValue;
        freeSlots.Push(slot);
        StaticChanges.Add(slot);
        AllChanges.Add(slot);
    }

    /// <summary>Changes amounts only: labels, taints and name stay, so no mask is touched.</summary>
    public void Resize(int slot, NodeRecord node)
    {
        SetAllocatable(slot, node, used: true);
        Records[slot] = node;
        AllChanges.Add(slot);
    }

    public void Use(int slot, PodClass podClass, int sign)
    {
        var resources = podClass.ResourceColumns;
        var amounts = podClass.ResourceAmounts;
        var drawn = podClass.GpuMilli > 0 ? resources.Length - 1 : resources.Length;
        for (var i = 0; i < drawn; i++) Free[resources[i]][slot] -= sign * amounts[i];
        Scoring.Use(slot, podClass, sign);
        AllChanges.Add(slot);
    }

    /// <summary>Intersects a word of candidate slots with those that have the room a pod asks for.</summary>
    public ulong Fitting(int word, ulong candidates, PodClass podClass)
    {
        var columns = podClass.ResourceColumns;
        var amounts = podClass.ResourceAmounts;
        for (var i = 0; i < columns.Length && candidates != 0; i++)
            candidates &= AtLeast(Free[columns[i]].AsSpan(word << 6, 64), amounts[i]);
        return candidates;
    }

    public bool Fits(int slot, PodClass podClass)
    {
        var columns = podClass.ResourceColumns;
        var amounts = podClass.ResourceAmounts;
        for (var i = 0; i < columns.Length; i++)
        {
            if (Free[columns[i]][slot] < amounts[i]) return false;
        }
        return true;
    }

    private static ulong AtLeast(ReadOnlySpan<long> values, long bound)
    {
        var wanted = Vector256.Create(bound);
        ref var first = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(values);
        var mask = 0UL;
        for (var i = 0; i < 64; i += Vector256<long>.Count)
        {
            var lanes = Vector256.LoadUnsafe(ref first, (nuint)i);
            mask |= (ulong)Vector256.GreaterThanOrEqual(lanes, wanted).ExtractMostSignificantBits() << i;
        }
        return mask;
    }

    private int TakeSlot(int wanted)
    {
        // A journal undoes in reverse order, so the slot is on top of the stack.
        if (freeSlots.TryPop(out var slot) && slot == wanted) return slot;
        throw new InvalidOperationException($"Slot {wanted} is not the last one freed.");
    }

    private void SetAllocatable(int slot, NodeRecord node, bool used)
    {
        foreach (var (name, _) in node.Allocatable) Column(name);
        var devices = 0;
        for (var column = 0; column < resources.Count; column++)
        {
            var amount = Capped(node.Allocatable[resources[column]]);
            if (column == PodsColumn && !node.Allocatable.ContainsKey(ResourceAmounts.Pods)) amount = DefaultPods;
            if (amount > 0 && column > MemoryColumn && IsDevice(resources[column])) devices++;
            Free[column][slot] = used ? Free[column][slot] + amount - Allocatable[column][slot] : amount;
            Allocatable[column][slot] = amount;
        }
        DeviceKinds[slot] = devices;
        Devices.SetNode(slot, keepUse: used);
        Scoring.SetNode(
            slot, Allocatable[CpuColumn][slot], Allocatable[MemoryColumn][slot], node.IsRented, devices, keepUse: used);
    }

    internal static bool IsDevice(string resource) => resource is not (ResourceAmounts.Cpu or ResourceAmounts.Memory
            or ResourceAmounts.Pods or ResourceAmounts.EphemeralStorage)
        && !resource.StartsWith(ResourceAmounts.HugePagesPrefix, StringComparison.Ordinal)
        && !resource.StartsWith("attachable-volumes-", StringComparison.Ordinal);

    /// <summary>Drops the shapes no node has any more and numbers the others from the start.</summary>
    public void RenumberShapes()
    {
        shapes.Clear();
        for (var slot = 0; slot < High; slot++)
        {
            if (Records[slot] is { } node) Shapes[slot] = ShapeOf(node);
        }
    }

    private static bool HasSoftTaint(NodeRecord node)
    {
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == TaintEffect.PreferNoSchedule) return true;
        }
        return false;
    }

    private NodeShape ShapeOf(NodeRecord node)
    {
        var key = NodeShapeKey.Of(node);
        if (shapes.TryGetValue(key, out var shape)) return shape;
        shape = new NodeShape(shapes.Count, key);
        shapes.Add(key, shape);
        return shape;
    }

    private void Grow(int size)
    {
        var old = Records.Length;
        Records = Resized(Records);
        Shapes = Resized(Shapes);
        Scoring.Grow(size);
        Devices.Grow(size);
        Order.Grow(size);
        FirstPod = Resized(FirstPod);
        Nominated = Resized(Nominated);
        DeviceKinds = Resized(DeviceKinds);
        Rented = Resized(Rented);
        for (var column = 0; column < resources.Count; column++)
        {
            Allocatable[column] = Resized(Allocatable[column]);
            Free[column] = Resized(Free[column]);
        }
        Free[PodsColumn].AsSpan(old).Fill(long.MinValue);

        T[] Resized<T>(T[] array)
        {
            Array.Resize(ref array, size);
            return array;
        }
    }
}
