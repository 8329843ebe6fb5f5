using System.Text.Json.Nodes;

namespace Spillway.Core.Plans;

/// <summary>What the cluster is to be, thing by thing, each with its reason: printed, stored, and compared.</summary>
public sealed record ClusterPlan(string Cluster, IReadOnlyList<PlanItem> Items, IReadOnlyList<string> Warnings)
{
    public PlanItem? Find(string kind, string name) =>
        Items.FirstOrDefault(item => item.Kind == kind && item.Name == name);

    public IEnumerable<PlanItem> OfKind(string kind) => Items.Where(item => item.Kind == kind);

    public JsonObject ToJson() => new()
    {
        ["cluster"] = Cluster,
        ["items"] = new JsonArray([.. Items.Select(item => (JsonNode)item.ToJson())]),
        ["warnings"] = new JsonArray([.. Warnings.Select(warning => (JsonNode)warning)]),
    };

    /// <summary>Reads what <see cref="ToJson"/> wrote; null when it is something else.</summary>
    public static ClusterPlan? FromJson(JsonNode? json)
    {
        if (json is not JsonObject root || (string?)root["cluster"] is not { } cluster
            || root["items"] is not JsonArray items)
            return null;
        var warnings = root["warnings"] as JsonArray ?? [];
        return new ClusterPlan(cluster, [.. items.Select(PlanItem.FromJson).OfType<PlanItem>()],
            [.. warnings.Select(warning => (string?)warning ?? "")]);
    }
}

/// <summary>One thing of the plan.</summary>
/// <param name="Kind">One of <see cref="PlanKinds"/>.</param>
/// <param name="Why">What in the file asks for it, in plain words.</param>
public sealed record PlanItem(string Kind, string Name, string Why, IReadOnlyList<PlanFact> Facts)
{
    public string? this[string key] => Facts.FirstOrDefault(fact => fact.Key == key)?.Value;

    public JsonObject ToJson()
    {
        var facts = new JsonObject();
        foreach (var fact in Facts)
            facts[fact.Key] = fact.Value;
        return new JsonObject { ["kind"] = Kind, ["name"] = Name, ["why"] = Why, ["facts"] = facts };
    }

    public static PlanItem? FromJson(JsonNode? json) =>
        json is JsonObject item && (string?)item["kind"] is { } kind && (string?)item["name"] is { } name
            ? new PlanItem(kind, name, (string?)item["why"] ?? "",
                [.. (item["facts"] as JsonObject ?? []).Select(
                    fact => new PlanFact(fact.Key, (string?)fact.Value ?? ""))])
            : null;
}

/// <param name="Key">Unique within its item: <c>role</c>, <c>label lab/gpu</c>, <c>offer 1</c>.</param>
public sealed record PlanFact(string Key, string Value);

public static class PlanKinds
{
    public const string ControlPlane = "control plane";
    public const string Overlay = "overlay";
    public const string Network = "network";
    public const string Steps = "steps";
    public const string Machine = "machine";
    public const string Pool = "pool";
    public const string Accelerator = "accelerator";
    public const string Policy = "policy";
    public const string Controller = "controller";
}
