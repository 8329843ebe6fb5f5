using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Plans;

namespace Spillway.Cli.Commands;

/// <summary>Shows what <c>up</c> would build and rent, with the reason for each line.</summary>
internal static class PlanCommand
{
    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var machine = new Option<string?>("--machine")
        {
            Description = "Only the steps that make this machine a node: every check, file and command, and its undo",
            HelpName = "NAME",
        };
        var output = OutputOption.Create();
        var command = new ExampleCommand("plan", "Show what up would build and rent, with the reason for each line")
        {
            Examples =
            [
                ("spillway plan examples/inaccel-fpga-burst", "everything, with reasons and prices"),
                ("spillway plan examples/real-hosts --machine gpu-box", "what is done on one machine, command by command"),
                ("spillway plan examples/inaccel-fpga-burst -o json | jq '.changes'", "what differs from what is up"),
            ],
        };
        command.Add(file);
        command.Add(machine);
        command.Add(state);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            var earlier = folder.ReadPlan();
            var plan = Of(input, earlier);
            if (parsed.GetValue(machine) is { } name)
            {
                PrintSteps(name, OverlayPlanner.Plan(input.Cluster, PlanHistory.Of(plan).OverlayAddresses), terminal);
                return (int)ExitCode.Done;
            }

            var changes = PlanDiff.Between(earlier, plan);
            OutputOption.Write(terminal, parsed.GetValue(output), Json(input.Cluster, plan, changes), () =>
            {
                terminal.Out.Write(PlanPrinter.Print(plan));
                if (earlier is null) return;
                terminal.Out.WriteLine();
                terminal.Out.Write(PlanPrinter.Print(changes));
            });
            return (int)ExitCode.Done;
        });
        return command;
    }

    /// <summary>The plan of a cluster file, with addresses kept as an earlier plan gave them.</summary>
    public static ClusterPlan Of(ClusterInput input, ClusterPlan? earlier) =>
        ClusterPlanner.Plan(input.Model, PlanHistory.Of(earlier), [.. input.Read.Diagnostics]);

    private static JsonObject Steps(OverlayPlan network)
    {
        var machines = new JsonObject();
        foreach (var node in network.Nodes)
        {
            if (NodeSteps.For(node, network) is { Count: > 0 } steps)
                machines[node.Name] = new JsonArray([.. steps.Select(step => (JsonNode)step.ToJson())]);
        }

        return machines;
    }

    private static void PrintSteps(string name, OverlayPlan network, Terminal terminal)
    {
        var node = network.Find(name)
            ?? throw new CommandFailure(ExitCode.No, $"there is no machine '{name}' in the file");
        terminal.Out.Write(NodeScript.Print(NodeSteps.For(node, network)));
    }

    private static JsonObject Json(Cluster cluster, ClusterPlan plan, IReadOnlyList<PlanChange> changes)
    {
        var json = plan.ToJson();
        var network = OverlayPlanner.Plan(cluster, PlanHistory.Of(plan).OverlayAddresses);
        json["ways"] = NetworkItems.Ways(network);
        json["steps"] = Steps(network);
        json["changes"] = new JsonArray([.. changes.Select(change => (JsonNode)PlanDiff.ToJson(change))]);
        return json;
    }
}
