using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Rehearsals;

namespace Spillway.Cli.Reports;

/// <summary>
/// What happened in a cluster up to one moment, as the ledger has it: the object that <c>rehearse -o json</c> prints
/// and that <c>up</c>, <c>status</c> and <c>cost</c> draw their tables from.
/// </summary>
internal sealed record RunReport(string Cluster, DateTimeOffset Now)
{
    public required IReadOnlyList<PodEntry> Pods { get; init; }

    public required IReadOnlyList<NodeEntry> Nodes { get; init; }

    public required IReadOnlyList<DecisionEntry> Decisions { get; init; }

    public required CostSummary Cost { get; init; }

    /// <summary>Use and cost over time; null where only the ledger is known.</summary>
    public RehearsalSeries? Series { get; init; }

    public static RunReport Of(string cluster, Ledger ledger, DateTimeOffset now) => new(cluster, now)
    {
        Pods = ledger.Pods(),
        Nodes = ledger.Nodes(),
        Decisions = ledger.Decisions(),
        Cost = ledger.Summary(now),
    };

    /// <summary>The parts that every command shares; a rehearsal puts its seed and its times before them.</summary>
    public void AddTo(JsonObject json)
    {
        json["pods"] = new JsonArray([.. Pods.Select(pod => (JsonNode)PodJson(pod))]);
        json["nodes"] = new JsonArray([.. Nodes.Select(node => (JsonNode)NodeJson(node))]);
        json["decisions"] = new JsonArray([.. Decisions.Select(decision => (JsonNode)DecisionJson(decision))]);
        json["cost"] = CostJson(Cost);
    }

    /// <summary>The same, written as it is made: a report of a million pods is never in memory as a document.</summary>
    public void WriteTo(Utf8JsonWriter writer, Action flush)
    {
        Write("pods", Pods, PodJson);
        Write("nodes", Nodes, NodeJson);
        Write("decisions", Decisions, DecisionJson);
        writer.WritePropertyName("cost");
        CostJson(Cost).WriteTo(writer);
        if (Series is null) return;
        writer.WritePropertyName("series");
        SeriesJson.Of(Series).WriteTo(writer);

        void Write<T>(string name, IReadOnlyList<T> items, Func<T, JsonObject> toJson)
        {
            writer.WriteStartArray(name);
            foreach (var item in items)
            {
                toJson(item).WriteTo(writer);
                flush();
            }
            writer.WriteEndArray();
        }
    }

    public static JsonObject CostJson(CostSummary cost) => new()
    {
        ["onPrem"] = cost.OnPrem.ToJson(),
        ["cloud"] = cost.Cloud.ToJson(),
        ["total"] = cost.Total.ToJson(),
        ["allCloud"] = cost.AllCloud.ToJson(),
        ["saved"] = cost.Saved.ToJson(),
    };

    /// <summary>How long the pod waited for its node; up to now while it still waits.</summary>
    public TimeSpan Waited(PodEntry pod)
    {
        var end = pod.StartedAt ?? pod.FinishedAt ?? Now;
        return end > pod.SubmittedAt ? end - pod.SubmittedAt : TimeSpan.Zero;
    }

    private JsonObject PodJson(PodEntry pod) => new()
    {
        ["namespace"] = pod.Key.Namespace,
        ["name"] = pod.Key.Name,
        ["phase"] = pod.Phase,
        ["node"] = OrNull(pod.Node),
        ["site"] = OrNull(pod.Site),
        ["pool"] = OrNull(pod.Pool),
        ["submittedAt"] = Time(pod.SubmittedAt),
        ["startedAt"] = Time(pod.StartedAt),
        ["finishedAt"] = Time(pod.FinishedAt),
        ["waitedSeconds"] = Math.Round(Waited(pod).TotalSeconds, 3),
        ["cost"] = pod.Cost(Now).ToJson(),
        ["why"] = pod.Why,
    };

    private JsonObject NodeJson(NodeEntry node) => new()
    {
        ["name"] = node.Name,
        ["site"] = OrNull(node.Site),
        ["pool"] = OrNull(node.Pool),
        ["instanceType"] = OrNull(node.InstanceType),
        ["purchase"] = node.Purchase switch
        {
            PurchaseOption.OnDemand => "on-demand",
            PurchaseOption.Spot => "spot",
            _ => "owned",
        },
        ["launchedAt"] = Time(node.LaunchedAt),
        ["readyAt"] = Time(node.ReadyAt),
        ["removedAt"] = Time(node.RemovedAt),
        ["cost"] = node.Cost(DateTimeOffset.MinValue, Now).ToJson(),
        ["why"] = node.Why,
    };

    private static JsonObject DecisionJson(DecisionEntry decision) => new()
    {
        ["at"] = Time(decision.At),
        ["kind"] = decision.Kind,
        ["pool"] = OrNull(decision.Pool),
        ["count"] = decision.Count,
        ["pods"] = new JsonArray([.. decision.Pods.Select(pod => (JsonNode)pod.ToString())]),
        ["why"] = decision.Why,
        ["rejected"] = new JsonArray([.. decision.Rejected.Select(rejected => (JsonNode)new JsonObject
        {
            ["pool"] = rejected.Pool,
            ["why"] = rejected.Why,
        })]),
    };

    private static JsonNode? OrNull(string text) => text.Length == 0 ? null : text;

    private static JsonNode? Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFZ", CultureInfo.InvariantCulture);
}
