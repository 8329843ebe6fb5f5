using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile.Shapes;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Checks;

internal static class MachineChecks
{
    private static readonly string[] SetByKubernetes = [NodeLabels.Hostname, NodeLabels.Arch, NodeLabels.Os];

    public static void Run(Cluster cluster, Problems problems)
    {
        var kubernetes = cluster.Kubernetes;
        var installs = kubernetes.Distribution is Distribution.Kubeadm or Distribution.Rke2 or Distribution.K3s;
        if (installs && cluster.Machines.All(machine => machine.Role != MachineRole.ControlPlane))
            problems.Error(DiagnosticCodes.NoControlPlane, kubernetes.Places["distribution"],
                "no machine is to run the control plane", "give one machine 'role: control-plane'");
        foreach (var machine in cluster.Machines)
        {
            CheckDevices(machine.Devices, problems);
            CheckLabels(machine.Labels, SetByKubernetes, machine.Places["labels"], problems);
            CheckCost(machine, problems);
            if (installs && machine.Ssh is null)
                problems.Error(DiagnosticCodes.NoWayIn, machine.Places.Start,
                    $"nothing says how to reach {machine.Name}", "add ssh: user@host");
            if (machine.ExclusiveCpus && machine.ReservedCpus is null)
                problems.Error(DiagnosticCodes.NoReservedCpus, machine.Places["exclusiveCpus"],
                    $"{machine.Name} is to give out whole CPUs, and none are kept for the system",
                    "add reservedCpus: 0-1");
            if (kubernetes.Distribution == Distribution.Embedded)
                CheckCapacity(machine, problems);
        }

        CheckAddressesAreDistinct(cluster, problems);
    }

    public static void CheckDevices(IReadOnlyList<DeviceClaim> devices, Problems problems)
    {
        foreach (var device in devices)
        {
            if (device.Resource is not null || DeviceModels.TryFind(device.Model, out _))
                continue;
            var names = DeviceModels.All.Select(model => model.Model).ToList();
            var ending = "-" + device.Model.ToLowerInvariant();
            var close = names.Find(name => name.EndsWith(ending, StringComparison.Ordinal))
                ?? Spelling.Closest(device.Model, names);
            problems.Error(DiagnosticCodes.UnknownDevice, device.Places["model"],
                $"the device model '{device.Model}' is not known",
                close is null ? "say its resource: vendor/name" : $"did you mean '{close}'?");
        }
    }

    public static void CheckLabels(
        IReadOnlyDictionary<string, string> labels, string[] reserved, SourcePlace place, Problems problems)
    {
        foreach (var key in labels.Keys)
        {
            if (reserved.Contains(key) || key.StartsWith("spillway.dev/", StringComparison.Ordinal))
                problems.Error(DiagnosticCodes.ReservedLabel, place, $"the label '{key}' is set by itself",
                    "use a key of your own, such as lab/gpu");
        }
    }

    private static void CheckCapacity(Machine machine, Problems problems)
    {
        if (machine.Places.IsUnreadable("capacity"))
            return;
        foreach (var resource in new[] { ResourceList.Cpu, ResourceList.Memory })
        {
            if (machine.Capacity[resource].IsZero)
                problems.Error(DiagnosticCodes.NoCapacity, machine.Places["capacity"],
                    $"nothing says how much {resource} {machine.Name} has",
                    "add capacity: {cpu: 8, memory: 32Gi}");
        }
    }

    private static void CheckCost(Machine machine, Problems problems)
    {
        if (machine.Cost is not { } cost || machine.Places.IsUnreadable("cost"))
            return;
        if (cost.Places.Has("lifetime") && cost.Purchase is null)
            problems.Warning(DiagnosticCodes.UnusedSetting, cost.Places["lifetime"],
                "a lifetime without a purchase changes nothing", "add purchase: 14000 USD");
        if (cost.Power is not null && cost.Electricity is null)
            problems.Warning(DiagnosticCodes.UnusedSetting, cost.Places["power"],
                "power without a price of electricity changes nothing", "add electricity: 0.25 USD/kWh");
        if (cost.Electricity is not null && cost.Power is null && cost.IdlePower is null)
            problems.Warning(DiagnosticCodes.UnusedSetting, cost.Places["electricity"],
                "a price of electricity without power changes nothing", "add power: 600W");
        if (cost.IdlePower is { } idle && cost.Power is { } busy && idle.Watts > busy.Watts)
            problems.Error(DiagnosticCodes.OutOfRange, cost.Places["idlePower"],
                $"idle power {idle} is above the power under load, {busy}");
    }

    private static void CheckAddressesAreDistinct(Cluster cluster, Problems problems)
    {
        var seen = new Dictionary<(string, string), Machine>();
        foreach (var machine in cluster.Machines)
        {
            if (machine.Address is not { } address)
                continue;
            var key = (machine.Site, address.ToString());
            if (!seen.TryAdd(key, machine))
                problems.Error(DiagnosticCodes.AddressMisplaced, machine.Places["address"],
                    $"{machine.Name} and {seen[key].Name} have the same address {address} at site '{machine.Site}'");
        }
    }
}
