using System.Text.Json.Nodes;
using Spillway.Cli.Output;
using Spillway.Cli.Rehearsals;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile.Variations;

namespace Spillway.Cli.Reports;

/// <summary>What one what-if came to.</summary>
internal sealed record VariationResult(
    ClusterVariation Variation, RunSummary Summary, CostSummary Cost, TimeSpan Virtual)
{
    /// <summary>True when it was stopped from outside: the figures are what had happened until then.</summary>
    public bool Interrupted { get; init; }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["name"] = Variation.Name,
            ["changes"] = new JsonArray([.. Variation.Changes.Select(change => (JsonNode)new JsonObject
            {
                ["path"] = change.Path,
                ["value"] = change.Value,
            })]),
            ["virtualSeconds"] = Math.Round(Virtual.TotalSeconds, 3),
            ["cost"] = RunReport.CostJson(Cost),
            ["summary"] = Summary.ToJson(),
        };
        if (Interrupted) json["interrupted"] = true;
        return json;
    }
}

/// <summary>What-ifs beside each other, the file as it is first.</summary>
internal static class VariationTable
{
    private const string AsItIs = "the file as it is";

    public static void Write(RehearsalResult result, Terminal terminal)
    {
        if (result.Variations.Count == 0) return;
        var cost = result.Report.Cost;
        var table = new TextTable(
            "WHAT IF", "COST", "CLOUD", "MEAN WAIT", "P95 WAIT", "FINISHED", "UNPLACED", "RENTED", "COST AGAINST THE FILE");
        Add(table, AsItIs, result.Summary, cost, "");
        foreach (var variation in result.Variations)
        {
            var more = variation.Cost.Total.Amount - cost.Total.Amount;
            Add(table, variation.Variation.Name + (variation.Interrupted ? " (interrupted)" : ""), variation.Summary,
                variation.Cost, $"{(more < 0 ? "" : "+")}{more:0.0000}");
        }
        table.Write(terminal);
    }

    private static void Add(TextTable table, string name, RunSummary summary, CostSummary cost, string against) =>
        table.Add(
            name, ReportTables.Text(cost.Total), ReportTables.Text(cost.Cloud),
            ReportTables.Text(TimeSpan.FromSeconds(summary.MeanWaitSeconds)),
            ReportTables.Text(TimeSpan.FromSeconds(summary.P95WaitSeconds)),
            $"{summary.Finished}", $"{summary.Unplaced}", $"{summary.RentedNodes}", against);
}
