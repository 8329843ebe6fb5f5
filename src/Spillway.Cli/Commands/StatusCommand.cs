using System.CommandLine;
using System.Text.Json.Nodes;
using Spectre.Console;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;

namespace Spillway.Cli.Commands;

/// <summary>Shows a cluster as it is now: what runs where, what waits and why, and today's bill.</summary>
internal static class StatusCommand
{
    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var output = OutputOption.Create();
        var command = new ExampleCommand("status", "Show what runs where, what waits and why, and the bill so far")
        {
            Examples =
            [
                ("spillway status examples/inaccel-fpga-burst", "the cluster of a folder"),
                ("spillway status -o json | jq '.pods[] | select(.phase == \"Pending\") | .why'", "why pods wait"),
            ],
        };
        command.Add(file);
        command.Add(state);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            Show(folder, input.Cluster.Name, parsed.GetValue(output), terminal);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static void Show(StateFolder folder, string cluster, OutputFormat format, Terminal terminal)
    {
        var report = LiveReport.Read(folder, cluster, TimeProvider.System);
        var running = folder.ReadSession()!.IsRunning;
        var json = new JsonObject
        {
            ["cluster"] = cluster,
            ["running"] = running,
            ["state"] = folder.Path,
            ["kubeconfig"] = running ? folder.Kubeconfig : null,
        };
        report.AddTo(json);
        OutputOption.Write(terminal, format, json, () =>
        {
            terminal.Styled().WriteLine(running
                ? $"{cluster} is running; kubectl --kubeconfig {folder.Kubeconfig} get nodes,pods"
                : $"{cluster} is stopped; this is how it was left");
            ReportTables.Write(report, terminal);
        });
    }
}
