using System.Globalization;
using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.Plans;

/// <summary>
/// What a node will look like before it exists. Its name, <c>kubernetes.io/hostname</c> and addresses come when it does.
/// </summary>
public sealed record NodeTemplate
{
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required IReadOnlyDictionary<string, string> Annotations { get; init; }
    public required IReadOnlyList<Taint> Taints { get; init; }

    /// <summary>Devices and logical accelerators included.</summary>
    public required ResourceList Capacity { get; init; }

    /// <summary>What pods may ask for on an empty node: capacity less what the system keeps.</summary>
    public required ResourceList Allocatable { get; init; }

    public required IReadOnlyList<DeviceGroup> Devices { get; init; }

    /// <summary>What it costs an hour; null where nothing is known.</summary>
    public required HourlyPrice? Price { get; init; }
}

/// <summary>
/// The one place that says what a node is made of: the plan, the burst planner (for nodes that do not exist yet), the
/// machines' objects and the simulated clouds all ask here, so a node is never different from what was decided by.
/// </summary>
/// <remarks>
/// What the system keeps. An owned machine, or a pool with a <c>capacity</c>, offers what the file says less the
/// kubelet's default eviction threshold (100 MiB of memory, 10 % of the disk). A rented node whose size comes from the
/// price table loses 5 % of its nominal memory to firmware and kernel (chosen: Karpenter assumes 7.5 %, machines show
/// about 3 %), then EKS' and GKE's reserve: 6 % of the first CPU, 1 % of the second, 0.5 % of the next two, 0.25 % of
/// the rest; 255 MiB and 11 MiB a pod.
/// </remarks>
public static class NodeTemplates
{
    public const int DefaultPods = 110;
    private const long EvictionMib = 100;
    private const int VirtualisationLossPercent = 5;
    private const long DefaultDiskGib = 100;

    private static readonly Taint ControlPlaneTaint =
        new("node-role.kubernetes.io/control-plane", "", TaintEffect.NoSchedule);

    public static NodeTemplate ForMachine(Machine machine, ClusterModel model)
    {
        var devices = NodeDevices.Resolve(machine.Devices);
        var labels = CommonLabels(machine.Arch, devices);
        labels[NodeLabels.Site] = machine.Site;
        if (machine.Role == MachineRole.ControlPlane)
            labels[NodeLabels.ControlPlane] = "";
        Add(labels, machine.Labels);

        var taints = machine.Taints ?? (machine.Role == MachineRole.ControlPlane ? [ControlPlaneTaint] : []);
        var capacity = Complete(machine.Capacity);
        return Build(labels, taints, capacity, Evictable(capacity), devices, OwnedCosts.Busy(machine), model);
    }

    /// <param name="instanceType">One of <see cref="PoolOffers.InstanceTypesOf"/>.</param>
    /// <param name="zone">One of <see cref="PoolOffers.ZonesOf"/>; empty where the cloud chooses.</param>
    public static NodeTemplate ForPool(
        Pool pool, string instanceType, string zone, PurchaseOption purchase, ClusterModel model)
    {
        var type = InstanceCatalog.FindType(instanceType);
        var devices = DevicesOf(pool, type);
        var labels = CommonLabels(type?.Arch ?? "amd64", devices);
        labels[NodeLabels.InstanceType] = instanceType;
        labels[NodeLabels.Pool] = pool.Name;
        labels[NodeLabels.Site] = pool.Cloud.Region.Length > 0 ? pool.Cloud.Region : "cloud";
        labels[NodeLabels.Purchase] = labels[NodeLabels.CapacityType] = NodeLabels.Print(purchase);
        if (pool.Cloud.Region.Length > 0)
            labels[NodeLabels.Region] = pool.Cloud.Region;
        if (zone.Length > 0)
            labels[NodeLabels.Zone] = zone;
        Add(labels, pool.Labels);

        var (capacity, allocatable) = Size(pool, type);
        var price = PoolOffers.PriceOf(pool, instanceType, purchase);
        return Build(labels, pool.Taints, capacity, allocatable, devices, price, model);
    }

    private static (ResourceList Capacity, ResourceList Allocatable) Size(Pool pool, InstanceType? type)
    {
        if (type is null)
        {
            var declared = Complete(pool.Capacity);
            return (declared, Evictable(declared));
        }

        // Arm cores of the clouds have one thread each: there is no sibling to take offline.
        var cpus = pool.Smt || type.Arch == "arm64" ? type.Vcpus : Math.Max(1, (type.Vcpus + 1) / 2);
        var memoryMib = (long)type.MemoryMib * (100 - VirtualisationLossPercent) / 100;
        var capacity = Complete(new ResourceList(new Dictionary<string, Quantity>
        {
            [ResourceList.Cpu] = Quantity.FromWhole(cpus),
            [ResourceList.Memory] = Quantity.FromMebibytes(memoryMib),
        }));
        var reservedMib = 255 + 11L * DefaultPods + EvictionMib;
        var allocatable = capacity
            .With(ResourceList.Cpu, Quantity.FromMilli(cpus * 1000L - ReservedCpuMilli(cpus)))
            .With(ResourceList.Memory, Quantity.FromMebibytes(Math.Max(memoryMib - reservedMib, memoryMib / 2)))
            .With(ResourceList.EphemeralStorage, LessTenth(capacity[ResourceList.EphemeralStorage]));

        // An override counts as said: it is what the node's kubelet reports.
        return (capacity.Overlay(pool.Capacity), Evictable(pool.Capacity) is { Count: > 0 } overridden
            ? allocatable.Overlay(overridden)
            : allocatable);
    }

    private static int ReservedCpuMilli(int cpus)
    {
        var tenths = 600 + (cpus > 1 ? 100 : 0) + 50 * Math.Clamp(cpus - 2, 0, 2) + 25 * Math.Max(cpus - 4, 0);
        return (tenths + 9) / 10;
    }

    private static ResourceList Complete(ResourceList declared)
    {
        var defaults = new ResourceList(new Dictionary<string, Quantity>
        {
            [ResourceList.Pods] = Quantity.FromWhole(DefaultPods),
            [ResourceList.EphemeralStorage] = Quantity.FromMebibytes(DefaultDiskGib * 1024),
        });
        return defaults.Overlay(declared);
    }

    private static ResourceList Evictable(ResourceList capacity)
    {
        var allocatable = capacity;
        if (capacity.TryGetValue(ResourceList.Memory, out var memory))
        {
            var kept = memory - Quantity.FromMebibytes(EvictionMib);
            allocatable = allocatable.With(ResourceList.Memory, kept.IsNegative ? Quantity.Zero : kept);
        }

        if (capacity.TryGetValue(ResourceList.EphemeralStorage, out var disk))
            allocatable = allocatable.With(ResourceList.EphemeralStorage, LessTenth(disk));
        return allocatable;
    }

    private static Quantity LessTenth(Quantity amount) => Quantity.FromBytes(amount.Value / 10 * 9);

    private static IReadOnlyList<DeviceGroup> DevicesOf(Pool pool, InstanceType? type)
    {
        if (pool.Devices.Count > 0)
            return NodeDevices.Resolve(pool.Devices);
        if (type?.Accelerator is null)
            return [];
        var model = DeviceModels.ForCatalog(type.Accelerator, type.AcceleratorMemoryGib);
        return model is null ? [] : [new DeviceGroup(model.Model, model.Resource, type.AcceleratorCount)];
    }

    private static NodeTemplate Build(
        SortedDictionary<string, string> labels,
        IReadOnlyList<Taint> taints,
        ResourceList capacity,
        ResourceList allocatable,
        IReadOnlyList<DeviceGroup> devices,
        HourlyPrice? price,
        ClusterModel model)
    {
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (devices.Count > 0)
            annotations[NodeDevices.Annotation] = NodeDevices.Print(devices);
        if (price is { } known)
            annotations[NodeLabels.PriceAnnotation] = known.ToString();

        var extended = new ResourceList(LogicalAccelerators.Capacity(devices, model.Accelerators)
            .Select(pair => KeyValuePair.Create(pair.Key, Quantity.FromWhole(pair.Value))));
        return new NodeTemplate
        {
            Labels = labels,
            Annotations = annotations,
            Taints = taints,
            Capacity = capacity.Overlay(extended),
            Allocatable = allocatable.Overlay(extended),
            Devices = devices,
            Price = price,
        };
    }

    private static SortedDictionary<string, string> CommonLabels(string arch, IReadOnlyList<DeviceGroup> devices)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [NodeLabels.Arch] = arch,
            [NodeLabels.Os] = "linux",
        };

        // As NVIDIA's feature discovery labels a node: by the product of its first GPU.
        foreach (var group in devices)
        {
            if (!DeviceModels.TryFind(group.Model, out var model) || model.ProductLabel is null)
                continue;
            labels[DeviceModels.NvidiaProductLabel] = model.ProductLabel;
            labels["nvidia.com/gpu.count"] = group.Count.ToString(CultureInfo.InvariantCulture);
            labels["nvidia.com/gpu.memory"] = (model.MemoryGib * 1024).ToString(CultureInfo.InvariantCulture);
            break;
        }

        return labels;
    }

    private static void Add(SortedDictionary<string, string> labels, IReadOnlyDictionary<string, string> more)
    {
        foreach (var (key, value) in more)
            labels[key] = value;
    }
}
