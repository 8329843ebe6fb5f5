using Spillway.Core.ClusterFile;

namespace Spillway.Core.Accelerators;

/// <summary>
/// How many of each logical accelerator the devices of a node can hold. A device holds one accelerator at a time, and
/// several instances of it; so accelerators on the same devices, and pods that ask for the devices themselves,
/// exclude each other device by device.
/// </summary>
public static class LogicalAccelerators
{
    /// <summary>What an empty node offers, by resource name: every device, and every accelerator as if it were alone.</summary>
    public static IReadOnlyDictionary<string, long> Capacity(
        IReadOnlyList<DeviceGroup> devices, IReadOnlyList<Accelerator> accelerators) =>
        Allocatable(devices, accelerators, NothingUsed);

    /// <summary>
    /// What the node may promise now, by resource name, for its devices and for each accelerator that at least one of
    /// them can hold: what is used already plus what the free devices could still hold.
    /// </summary>
    /// <param name="used">What running and bound pods ask for, by resource name; other resources are ignored.</param>
    public static IReadOnlyDictionary<string, long> Allocatable(
        IReadOnlyList<DeviceGroup> devices,
        IReadOnlyList<Accelerator> accelerators,
        IReadOnlyDictionary<string, long> used)
    {
        var free = new int[devices.Count];
        for (var i = 0; i < free.Length; i++)
            free[i] = devices[i].Count;

        var result = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var accelerator in accelerators)
        {
            if (devices.Any(group => accelerator.PerDevice(group.Model) > 0))
                result[accelerator.Resource] = Occupy(accelerator, devices, free, used);
        }

        OccupyDirectly(devices, accelerators, free, used);
        foreach (var accelerator in accelerators)
        {
            if (!result.ContainsKey(accelerator.Resource))
                continue;
            for (var i = 0; i < free.Length; i++)
                result[accelerator.Resource] += (long)free[i] * accelerator.PerDevice(devices[i].Model);
        }

        for (var i = 0; i < free.Length; i++)
        {
            var resource = devices[i].Resource;
            if (!result.ContainsKey(resource))
                result[resource] = used.GetValueOrDefault(resource);
            result[resource] += free[i];
        }

        return result;
    }

    /// <summary>How many devices of a model a request fills, or null where the model cannot hold the accelerator.</summary>
    public static long? DevicesNeeded(Accelerator accelerator, string model, long requested)
    {
        var perDevice = accelerator.PerDevice(model);
        return perDevice == 0 ? null : (requested + perDevice - 1) / perDevice;
    }

    private static readonly IReadOnlyDictionary<string, long> NothingUsed = new Dictionary<string, long>();

    // Takes the devices an accelerator's instances sit on: the models that hold most first, so that fewest are taken.
    // Returns what is used plus what still fits on the devices taken.
    private static long Occupy(
        Accelerator accelerator,
        IReadOnlyList<DeviceGroup> devices,
        int[] free,
        IReadOnlyDictionary<string, long> used)
    {
        var wanted = used.GetValueOrDefault(accelerator.Resource);
        var left = wanted;
        while (left > 0)
        {
            var best = -1;
            for (var i = 0; i < free.Length; i++)
            {
                var perDevice = free[i] == 0 ? 0 : accelerator.PerDevice(devices[i].Model);
                if (perDevice > 0 && (best < 0 || perDevice > accelerator.PerDevice(devices[best].Model)))
                    best = i;
            }

            if (best < 0)
                return wanted;
            free[best]--;
            left -= accelerator.PerDevice(devices[best].Model);
        }

        return wanted - left;
    }

    // Pods that ask for the device itself: devices that hold no accelerator go first, then those that hold least.
    private static void OccupyDirectly(
        IReadOnlyList<DeviceGroup> devices,
        IReadOnlyList<Accelerator> accelerators,
        int[] free,
        IReadOnlyDictionary<string, long> used)
    {
        foreach (var resource in devices.Select(group => group.Resource).Distinct())
        {
            for (var left = used.GetValueOrDefault(resource); left > 0; left--)
            {
                var best = -1;
                for (var i = 0; i < free.Length; i++)
                {
                    if (free[i] > 0 && devices[i].Resource == resource
                        && (best < 0 || Held(i) < Held(best)))
                        best = i;
                }

                if (best < 0)
                    break;
                free[best]--;
            }
        }

        int Held(int device) => accelerators.Sum(accelerator => accelerator.PerDevice(devices[device].Model));
    }
}
