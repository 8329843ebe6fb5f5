using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Kubernetes' number-or-percentage fields.</summary>
internal static class IntOrPercent
{
    /// <summary>The number of <paramref name="total"/> that the field means.</summary>
    public static int Resolve(JsonNode? field, int total, bool roundUp)
    {
        if (field is not JsonValue value) return 0;
        if (!value.TryGetValue(out string? text)) return new JsonObject { ["n"] = value.DeepClone() }.Integer("n") ?? 0;
        if (!int.TryParse(text.TrimEnd('%'), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number))
            return 0;
        if (!text.EndsWith('%')) return number;
        var exact = number * (long)total;
        return (int)(roundUp ? (exact + 99) / 100 : exact / 100);
    }

    public static bool IsPercent(JsonNode? field) =>
        field is JsonValue value && value.TryGetValue(out string? text) && text.EndsWith('%');
}
