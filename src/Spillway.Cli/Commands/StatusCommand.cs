using System.CommandLine;
using System.Text.Json.Nodes;
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
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it again every second until Ctrl-C" };
        var output = OutputOption.Create();
        var command = new ExampleCommand("status", "Show what runs where, what waits and why, and the bill so far")
        {
            Examples =
            [
                ("spillway status examples/inaccel-fpga-burst", "the cluster of a folder"),
                ("spillway status examples/inaccel-fpga-burst --watch", "follow it on the screen"),
                ("spillway status -o json | jq '.pods[] | select(.phase == \"Pending\") | .why'", "why pods wait"),
            ],
        };
        command.Add(file);
        command.Add(state);
        command.Add(watch);
        command.Add(output);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            do
            {
                if (parsed.GetValue(watch)) terminal.Home();
                Show(folder, input.Cluster.Name, parsed.GetValue(output), terminal);
            }
            while (parsed.GetValue(watch) && await PauseAsync(cancellationToken));
            return (int)ExitCode.Done;
        });
        return command;
    }

    /// <summary>False when Ctrl-C came, which is how a watch ends.</summary>
    private static async Task<bool> PauseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
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
            terminal.Out.WriteLine(running
                ? $"{cluster} is running; kubectl --kubeconfig {folder.Kubeconfig} get nodes,pods"
                : $"{cluster} is stopped; this is how it was left");
            ReportTables.Write(report, terminal);
        });
    }
}
