using System.Text.Json;
using Spillway.Core.Accelerators;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;

namespace Spillway.Controllers.State;

/// <summary>A node as the controllers see it.</summary>
internal sealed record ObservedNode(NodeRecord Record, IReadOnlyDictionary<string, string> Annotations)
{
    public string Name => Record.Name;

    public string Pool => Record.Labels[NodeLabels.Pool] ?? "";

    public string Site => Record.Labels[NodeLabels.Site] ?? "";

    public HourlyPrice Price =>
        HourlyPrice.TryParse(Annotations.GetValueOrDefault(NodeLabels.PriceAnnotation), out var price)
            ? price : HourlyPrice.Zero;

    public IReadOnlyList<DeviceGroup> Devices =>
        NodeDevices.Parse(Annotations.GetValueOrDefault(NodeDevices.Annotation));

    /// <summary>False when the node's agent has fallen silent: its Ready condition is Unknown.</summary>
    public bool Reachable { get; private init; } = true;

    public static ObservedNode Read(ReadOnlyMemory<byte> utf8Json)
    {
        var record = NodeReader.Read(utf8Json.Span);
        using var document = JsonDocument.Parse(utf8Json);
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        if (document.RootElement.TryGetProperty("metadata", out var metadata)
            && metadata.TryGetProperty("annotations", out var written))
        {
            foreach (var one in written.EnumerateObject()) annotations[one.Name] = one.Value.GetString() ?? "";
        }

        return new ObservedNode(record, annotations) { Reachable = !IsSilent(document.RootElement) };
    }

    private static bool IsSilent(JsonElement root)
    {
        if (!root.TryGetProperty("status", out var status) || !status.TryGetProperty("conditions", out var conditions))
            return false;
        foreach (var condition in conditions.EnumerateArray())
        {
            if (condition.GetProperty("type").GetString() == "Ready")
                return condition.GetProperty("status").GetString() == "Unknown";
        }

        return false;
    }
}
