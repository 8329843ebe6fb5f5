using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>How a lack of devices reads: by the devices, which people count, not by the accelerators alone.</summary>
internal static class DeviceWords
{
    /// <summary>Why an offer's node has too little of a resource.</summary>
    public static string Shortage(
        Offer offer, string resource, long amount, long there, IReadOnlyList<Accelerator> accelerators)
    {
        var need = ResourceAmounts.FormatAmount(resource, amount);
        var has = there == 0 ? "none" : ResourceAmounts.FormatAmount(resource, there);
        var accelerator = accelerators.FirstOrDefault(one => one.Resource == resource);
        if (accelerator is null) return $"a node of {offer.InstanceType} has {has} of the {need} {resource} it needs";
        var holding = offer.Template.Devices.FirstOrDefault(group => accelerator.PerDevice(group.Model) > 0);
        if (holding is null)
        {
            return offer.Template.Devices.Count == 0
                ? $"a node of {offer.InstanceType} has no device that can hold {accelerator.Name}"
                : $"a node of {offer.InstanceType} has {Devices(offer)}, which cannot hold {accelerator.Name}";
        }

        var perDevice = accelerator.PerDevice(holding.Model);
        return $"a node of {offer.InstanceType} has {holding.Count} × {holding.Model} ({has} of the {need} × "
            + $"{accelerator.Name} it needs, {perDevice} a device)";
    }

    public static string Devices(Offer offer) =>
        string.Join(" and ", offer.Template.Devices.Select(group => $"{group.Count} × {group.Model}"));
}
