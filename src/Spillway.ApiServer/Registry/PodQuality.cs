using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>A pod's quality-of-service class, from its containers' requests and limits.</summary>
internal static class PodQuality
{
    private static readonly string[] s_counted = ["cpu", "memory"];

    public static string Of(JsonObject pod)
    {
        var spec = pod.Map("spec") ?? [];
        bool any = false, guaranteed = true;
        foreach (var container in (
            IEnumerable<JsonObject>)[.. spec.Objects("containers"), .. spec.Objects("initContainers")])
        {
            var resources = container.Map("resources");
            foreach (var name in s_counted)
            {
                var limit = Amount(resources?.Map("limits"), name);
                var request = Amount(resources?.Map("requests"), name);
                any |= limit is not null || request is not null;
                guaranteed &= limit is { } most && (request is null || request.Value.CompareTo(most) == 0);
            }
        }
        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    /// <summary>Zero asks for nothing.</summary>
    private static Quantity? Amount(JsonObject? amounts, string name) =>
        amounts?[name] is { } value && Quantity.TryParse(value.AsText() ?? value.ToJsonString(), out var amount)
            && !amount.IsZero
            ? amount
            : null;
}
