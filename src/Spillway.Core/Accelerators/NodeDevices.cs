using System.Globalization;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Accelerators;

/// <summary>Devices of one model in one node.</summary>
/// <param name="Resource">The extended resource its device plugin advertises.</param>
public sealed record DeviceGroup(string Model, string Resource, int Count);

/// <summary>
/// The devices of a node, and how a Node object carries them: the annotation <c>spillway.dev/devices</c> holds
/// <c>xilinx-u250@xilinx/u250=1,xilinx-u280@xilinx/u280=1</c>, since two models may share one resource name.
/// </summary>
public static class NodeDevices
{
    public const string Annotation = "spillway.dev/devices";

    /// <summary>What a file's claims mean; claims of one model add up. Unknown models need their resource said.</summary>
    public static IReadOnlyList<DeviceGroup> Resolve(IReadOnlyList<DeviceClaim> claims)
    {
        var groups = new List<DeviceGroup>();
        foreach (var claim in claims)
        {
            var resource = claim.Resource
                ?? (DeviceModels.TryFind(claim.Model, out var model) ? model.Resource : null)
                ?? throw new ArgumentException($"Device model '{claim.Model}' has no resource name.");
            var index = groups.FindIndex(group => group.Model == claim.Model && group.Resource == resource);
            if (index < 0)
                groups.Add(new DeviceGroup(claim.Model, resource, claim.Count));
            else
                groups[index] = groups[index] with { Count = groups[index].Count + claim.Count };
        }

        return groups;
    }

    public static string Print(IReadOnlyList<DeviceGroup> devices) =>
        string.Join(',', devices.Select(group => $"{group.Model}@{group.Resource}={group.Count}"));

    /// <summary>Reads the annotation; parts that are not of its form are left out, as others may write it too.</summary>
    public static IReadOnlyList<DeviceGroup> Parse(string? annotation)
    {
        var groups = new List<DeviceGroup>();
        foreach (var part in (annotation ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('@');
            var equals = part.LastIndexOf('=');
            if (at <= 0 || equals <= at + 1)
                continue;
            if (int.TryParse(part.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count > 0)
                groups.Add(new DeviceGroup(part[..at], part[(at + 1)..equals], count));
        }

        return groups;
    }
}
