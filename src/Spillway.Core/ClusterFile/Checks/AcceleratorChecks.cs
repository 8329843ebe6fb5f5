using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile.Shapes;

namespace Spillway.Core.ClusterFile.Checks;

internal static class AcceleratorChecks
{
    public static void Run(ClusterModel model, Problems problems)
    {
        var cluster = model.Cluster;
        var present = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var device in cluster.Machines.SelectMany(machine => machine.Devices)
            .Concat(cluster.Pools.SelectMany(pool => pool.Devices)))
            present.Add(device.Model);
        foreach (var pool in cluster.Pools.Where(pool => pool.Devices.Count == 0))
        {
            foreach (var type in pool.InstanceTypes.Select(Costs.InstanceCatalog.FindType))
            {
                if (type?.Accelerator is not null
                    && DeviceModels.ForCatalog(type.Accelerator, type.AcceleratorMemoryGib) is { } known)
                    present.Add(known.Model);
            }
        }

        foreach (var accelerator in model.Accelerators)
            CheckProvides(accelerator, present, problems);
    }

    public static void Duplicates(IReadOnlyList<Accelerator> accelerators, Problems problems)
    {
        var names = new Dictionary<string, SourcePlace>(StringComparer.Ordinal);
        var resources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var accelerator in accelerators)
        {
            if (!names.TryAdd(accelerator.Name, accelerator.Places.Start))
                problems.Error(DiagnosticCodes.DuplicateName, accelerator.Places.Start,
                    $"there are two accelerators named '{accelerator.Name}'; the first is at {names[accelerator.Name]}",
                    "rename one of them");
            else if (!resources.TryAdd(accelerator.Resource, accelerator.Name))
                problems.Error(DiagnosticCodes.DuplicateName, accelerator.Places["resource"],
                    $"the resource {accelerator.Resource} is already that of {resources[accelerator.Resource]}");
            if (accelerator.Provides.Count == 0 && !accelerator.Places.IsUnreadable("provides"))
                problems.Error(DiagnosticCodes.MissingKey, accelerator.Places["provides"],
                    $"nothing says which device can hold {accelerator.Name}",
                    "add provides: [{device: xilinx-u250, perDevice: 4}]");
        }
    }

    private static void CheckProvides(Accelerator accelerator, SortedSet<string> present, Problems problems)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var provider in accelerator.Provides)
        {
            if (!seen.Add(provider.Device))
                problems.Error(DiagnosticCodes.DuplicateName, provider.Places["device"],
                    $"the device {provider.Device} is given twice in {accelerator.Name}");
            if (present.Contains(provider.Device) || DeviceModels.TryFind(provider.Device, out _))
                continue;
            var close = Spelling.Closest(provider.Device,
                DeviceModels.All.Select(model => model.Model).Concat(present));
            problems.Error(DiagnosticCodes.UnknownDevice, provider.Places["device"],
                $"the device model '{provider.Device}' is not known",
                close is null ? "it needs a machine or pool with such a device" : $"did you mean '{close}'?");
        }

        if (accelerator.Provides.Count > 0 && !accelerator.Provides.Any(provider => present.Contains(provider.Device)))
            problems.Warning(DiagnosticCodes.UnusableAccelerator, accelerator.Places["provides"],
                $"no machine or pool has a device that can hold {accelerator.Name}: "
                + string.Join(", ", accelerator.Provides.Select(provider => provider.Device)));
    }
}
