using System.CommandLine;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Machines;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;
using Spillway.Controllers.Objects;
using Spillway.Kubernetes;

namespace Spillway.Cli.Commands;

/// <summary>Ends a cluster: gives back every rented node, proves that nothing bills, and shows the bill.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var delete =
            new Option<bool>("--delete-state") { Description = "Delete the state folder, ledger included, at the end" };
        var command = new ExampleCommand("down", "End a running up, give back every rented node, and show the bill")
        {
            Examples =
            [
                ("spillway down examples/inaccel-fpga-burst", "nothing bills afterwards; the state stays"),
                ("spillway down examples/inaccel-fpga-burst --delete-state", "and nothing is left of it"),
            ],
        };
        command.Add(file);
        command.Add(state);
        command.Add(delete);
        var yes = new Option<bool>("--yes") { Description = "Needed for real machines: their cluster ends, with its data" };
        command.Add(yes);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            var code = ExitCode.Done;
            if (!MachineRoom.IsFor(input.Cluster))
                await DownAsync(input, folder, terminal, cancellationToken);
            else if (parsed.GetValue(yes))
                code = await new MachinesDown(input, folder, path, terminal).RunAsync(cancellationToken);
            else
                throw new CommandFailure(ExitCode.No, "this ends a cluster of real machines, with all its data: say --yes");
            if (code != ExitCode.Done) return (int)code;
            if (parsed.GetValue(delete))
            {
                Directory.Delete(folder.Path, recursive: true);
                terminal.Error.WriteLine($"deleted {folder.Path}");
            }
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static async Task DownAsync(
        ClusterInput input, StateFolder folder, Terminal terminal, CancellationToken cancellationToken)
    {
        if (folder.ReadSession() is not { } session)
            throw new CommandFailure(ExitCode.No, $"{folder.Path}: this cluster was never started; there is nothing to take down");
        if (session.IsRunning) await StopAsync(session, terminal, cancellationToken);
        var time = TimeProvider.System;
        var options = new LocalClusterOptions(input.Model, time, NullLogger.Instance) { State = folder };
        await using var cluster = await LocalCluster.StartAsync(options, cancellationToken);
        var given = await cluster.Embedded.InvokeAsync(() => GiveBackAsync(cluster, time, cancellationToken));
        var now = time.GetUtcNow();
        folder.Write(session with { Process = 0, StoppedAt = now });
        terminal.Out.WriteLine(
            $"{input.Cluster.Name} is down; {ClusterInput.Count(given, "rented node")} given back, nothing bills");
        ReportTables.Bill(cluster.Ledger.Summary(now), terminal);
    }

    private static async Task StopAsync(Session session, Terminal terminal, CancellationToken cancellationToken)
    {
        terminal.Error.WriteLine($"stopping the running up (process {session.Process})");
        using var process = Process.GetProcessById(session.Process);
        using var kill = Process.Start("kill", ["-TERM", $"{session.Process}"]);
        await kill.WaitForExitAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
    }

    // Deleting a claim is the order to give its node back; the claim goes when its machine is proven to be gone.
    private static async Task<int> GiveBackAsync(
        LocalCluster cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        var pools = cluster.Client.ListAllAsync(SpillwayResources.Pools, ListQuery.All, cancellationToken);
        await foreach (var pool in pools) await PauseAsync(cluster.Client, pool, cancellationToken);
        var given = 0;
        var until = time.GetUtcNow() + Patience;
        while (true)
        {
            var left = 0;
            await foreach (var claim in cluster.Client.ListAllAsync(
                SpillwayResources.NodeClaims, ListQuery.All, cancellationToken))
            {
                left++;
                if (claim.IsTerminating) continue;
                given++;
                await cluster.Client.DeleteAsync(
                    SpillwayResources.NodeClaims, claim.Key, new DeleteOptions(), cancellationToken);
            }
            var machines = await cluster.Embedded.Cloud.ListAsync(cancellationToken);
            if (left == 0 && machines.Count == 0) return given;
            if (time.GetUtcNow() > until)
                throw new CommandFailure(
                    ExitCode.Outside, $"{machines.Count} rented machines are still there: {string.Join(", ", machines.Select(m => m.MachineId))}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    private static async Task PauseAsync(KubernetesClient client, PoolObject pool, CancellationToken cancellationToken)
    {
        var patch = KubernetesPatch.Merge(new System.Text.Json.Nodes.JsonObject
        {
            ["spec"] = new System.Text.Json.Nodes.JsonObject { ["paused"] = true },
        });
        await client.PatchAsync(SpillwayResources.Pools, pool.Key, patch, cancellationToken);
    }
}
