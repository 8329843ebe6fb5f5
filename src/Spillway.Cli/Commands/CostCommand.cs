using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;
using Spillway.Core.Costs;

namespace Spillway.Cli.Commands;

/// <summary>Prints what was spent, from the ledger.</summary>
internal static class CostCommand
{
    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var by = new Option<string>("--by")
        {
            Description = "Break the bill down by pod, node or pool",
            DefaultValueFactory = _ => "pool",
        };
        by.AcceptOnlyFromAmong("pod", "node", "pool");
        var output = OutputOption.Create();
        var command = new ExampleCommand("cost", "Show what was spent, and what the machines of the team's own saved")
        {
            Examples =
            [
                ("spillway cost examples/inaccel-fpga-burst", "the bill by pool"),
                ("spillway cost examples/inaccel-fpga-burst --by pod -o json", "by pod, for a script"),
            ],
        };
        command.Add(file);
        command.Add(state);
        command.Add(by);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            var report = LiveReport.Read(folder, input.Cluster.Name, TimeProvider.System);
            var lines = Lines(report, parsed.GetRequiredValue(by));
            OutputOption.Write(
                terminal, parsed.GetValue(output), Json(report, lines), () => Table(report, lines, terminal));
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static IReadOnlyList<(string Name, TimeSpan Time, Money Cost)> Lines(RunReport report, string by) =>
        by switch
    {
        "pod" => [.. report.Pods.Select(pod => (pod.Key.ToString(), pod.Ran(report.Now), pod.Cost(report.Now)))],
        "node" => [.. report.Nodes.Select(node => (node.Name, Stood(node, report), Cost(node, report)))],
        _ => [.. report.Nodes
            .GroupBy(node => node.IsRented ? node.Pool : "owned machines")
            .Select(group => (
                group.Key,
                group.Aggregate(TimeSpan.Zero, (sum, node) => sum + Stood(node, report)),
                group.Aggregate(Money.Zero, (sum, node) => sum + Cost(node, report))))],
    };

    private static TimeSpan Stood(Controllers.Costs.NodeEntry node, RunReport report) =>
        (node.RemovedAt ?? report.Now) - node.LaunchedAt;

    private static Money Cost(Controllers.Costs.NodeEntry node, RunReport report) =>
        node.Cost(DateTimeOffset.MinValue, report.Now);

    private static JsonObject Json(RunReport report, IEnumerable<(string Name, TimeSpan Time, Money Cost)> lines) =>
        new()
    {
        ["cluster"] = report.Cluster,
        ["lines"] = new JsonArray([.. lines.Select(line => (JsonNode)new JsonObject
        {
            ["name"] = line.Name,
            ["hours"] = Math.Round(line.Time.TotalHours, 6),
            ["cost"] = line.Cost.ToJson(),
        })]),
        ["cost"] = RunReport.CostJson(report.Cost),
    };

    private static void Table(
        RunReport report, IEnumerable<(string Name, TimeSpan Time, Money Cost)> lines, Terminal terminal)
    {
        var table = new TextTable("NAME", "TIME", "COST");
        foreach (var (name, time, cost) in lines) table.Add(name, ReportTables.Text(time), ReportTables.Text(cost));
        table.Write(terminal);
        ReportTables.Bill(report.Cost, terminal);
    }
}
