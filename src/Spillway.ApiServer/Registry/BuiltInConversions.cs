using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>Between the versions of those built-in kinds that have several: events and autoscalers.</summary>
internal static class BuiltInConversions
{
    private const string Kept = "autoscaling.alpha.kubernetes.io/";

    // An event of the core group, and the same of events.k8s.io.
    private static readonly (string Core, string New)[] s_event =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ];

    /// <summary>Changes the object in place.</summary>
    public static void Convert(JsonObject item, ResourceType to)
    {
        var from = item.Text("apiVersion");
        if (from == to.ApiVersion) return;
        item["apiVersion"] = to.ApiVersion;
        switch (to.Kind)
        {
            case "Event":
                foreach (var (core, other) in s_event)
                {
                    if (to.Group.Length == 0) Rename(item, other, core);
                    else Rename(item, core, other);
                }
                break;
            case "HorizontalPodAutoscaler" when to.Version == "v1": Simplify(item); break;
            case "HorizontalPodAutoscaler" when from == "autoscaling/v1": Extend(item); break;
        }
        Canonical.Form(to, item);
    }

    private static void Rename(JsonObject item, string from, string to)
    {
        if (!item.Remove(from, out var value)) return;
        if (value is not null) item[to] = value;
    }

    // The first version knows one target, for the processor; the rest is kept in annotations.
    private static void Simplify(JsonObject item)
    {
        if (item.Map("spec") is { } spec)
        {
            var metrics = Taken(spec, "metrics");
            if (TakeProcessor(metrics, "target") is { } target)
                spec["targetCPUUtilizationPercentage"] = target["averageUtilization"]?.DeepClone();
            Keep(item, "metrics", metrics);
            if (spec.Remove("behavior", out var behavior)) Keep(item, "behavior", behavior);
        }
        if (item.Map("status") is not { } status) return;
        var current = Taken(status, "currentMetrics");
        if (TakeProcessor(current, "current") is { } used)
            status["currentCPUUtilizationPercentage"] = used["averageUtilization"]?.DeepClone();
        Keep(item, "current-metrics", current);
        if (status.Remove("conditions", out var conditions)) Keep(item, "conditions", conditions);
    }

    private static void Extend(JsonObject item)
    {
        var spec = item.Ensure("spec");
        var metrics = Restored(item, "metrics") as JsonArray ?? [];
        if (spec.Remove("targetCPUUtilizationPercentage", out var target) && target is not null)
            metrics.Insert(0, Processor("target", target, withType: true));
        if (metrics.Count > 0) spec["metrics"] = metrics;
        if (Restored(item, "behavior") is { } behavior) spec["behavior"] = behavior;
        var status = item.Ensure("status");
        var current = Restored(item, "current-metrics") as JsonArray ?? [];
        if (status.Remove("currentCPUUtilizationPercentage", out var used) && used is not null)
            current.Insert(0, Processor("current", used, withType: false));
        if (current.Count > 0) status["currentMetrics"] = current;
        if (Restored(item, "conditions") is { } conditions) status["conditions"] = conditions;
    }

    private static JsonArray Taken(JsonObject from, string name) =>
        from.Remove(name, out var value) && value is JsonArray list ? list : [];

    private static JsonObject? TakeProcessor(JsonArray metrics, string part)
    {
        foreach (var metric in metrics.OfType<JsonObject>())
        {
            if (metric.Map("resource") is not { } resource || resource.Text("name") != "cpu"
                || resource.Map(part) is not { } value || value["averageUtilization"] is null) continue;
            metrics.Remove(metric);
            return value;
        }
        return null;
    }

    private static JsonObject Processor(string part, JsonNode percent, bool withType)
    {
        var value = new JsonObject { ["averageUtilization"] = percent };
        if (withType) value["type"] = "Utilization";
        return new JsonObject
        {
            ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [part] = value },
        };
    }

    private static void Keep(JsonObject item, string name, JsonNode? value)
    {
        if (value is null or JsonArray { Count: 0 }) return;
        item.Ensure("metadata").Ensure("annotations")[Kept + name] = value.ToJsonString(Json.Relaxed);
    }

    private static JsonNode? Restored(JsonObject item, string name)
    {
        if (item.Map("metadata")?.Map("annotations") is not { } annotations
            || annotations.Text(Kept + name) is not { } text) return null;
        annotations.Remove(Kept + name);
        if (annotations.Count == 0) item.Map("metadata")!.Remove("annotations");
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Somebody's own words under that name: as the real server, they count for nothing.
            return null;
        }
    }
}
