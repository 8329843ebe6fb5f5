using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Machines;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Commands;

/// <summary>Starts a cluster and follows it.</summary>
internal static class UpCommand
{
    private static readonly (string, string)[] s_examples =
    [
        ("spillway up examples/inaccel-fpga-burst --exit-when-idle", "play a scene and end"),
        ("spillway up examples/inaccel-fpga-burst", "keep it until Ctrl-C; its first lines say how to use kubectl"),
        ("spillway up cluster.yaml --speed 60 --listen 127.0.0.1:0", "a minute a second, on a free port"),
        ("spillway up cluster.yaml --without scheduler,controllers",
            "for a kube-scheduler and a kube-controller-manager of your own"),
    ];

    public static Command Build(Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var seed = SharedOptions.Seed();
        var exitWhenIdle = new Option<bool>("--exit-when-idle")
        {
            Description = "End when no job runs or can still start and the cloud is empty",
        };
        var listen = new Option<string>("--listen")
        {
            Description = "Where the API is served; port 0 takes a free one and prints it",
            DefaultValueFactory = _ => "127.0.0.1:6443",
            HelpName = "ADDRESS:PORT",
        };
        var speed = new Option<double>("--speed")
        {
            Description = "Seconds of cluster time in a second of wall time",
            DefaultValueFactory = _ => 1,
            HelpName = "N",
        };
        var without = new Option<ControlPlanePart[]>("--without")
        {
            Description = "Leave out a part of the control plane, so that a real one can take over: "
                + "scheduler, controllers",
            CustomParser = ReadParts,
            AllowMultipleArgumentsPerToken = false,
            HelpName = "PART,...",
        };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Show what the cluster's parts log" };
        var command = new ExampleCommand("up", "Start the cluster, submit the folder's workload, and follow what happens")
        {
            Examples = s_examples,
        };
        foreach (var option in new Option[] { state, seed, exitWhenIdle, listen, speed, without, verbose })
            command.Add(option);
        command.Add(file);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (!IPEndPoint.TryParse(parsed.GetRequiredValue(listen), out var endpoint))
                throw new CommandFailure(ExitCode.Usage, "--listen needs an address and a port such as 127.0.0.1:6443");
            if (parsed.GetValue(speed) is not (> 0 and <= 100_000))
                throw new CommandFailure(ExitCode.Usage, "--speed needs a number above 0, such as 60");
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            if (MachineRoom.IsFor(input.Cluster))
                return (int)await new MachinesUp(input, folder, path, terminal).RunAsync(cancellationToken);
            RefuseWhatIsNotEmbedded(input.Cluster);
            var run = new UpRun(input, folder, terminal)
            {
                Listen = endpoint,
                Speed = parsed.GetValue(speed),
                Seed = parsed.GetValue(seed),
                ExitWhenIdle = parsed.GetValue(exitWhenIdle),
                Verbose = parsed.GetValue(verbose),
                Without = (parsed.GetValue(without) ?? []).ToHashSet(),
            };
            return (int)await run.RunAsync(cancellationToken);
        });
        return command;
    }

    private static ControlPlanePart[] ReadParts(ArgumentResult result)
    {
        var parts = new List<ControlPlanePart>();
        foreach (var name in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            if (!int.TryParse(name, out _) && Enum.TryParse<ControlPlanePart>(name, ignoreCase: true, out var part))
                parts.Add(part);
            else result.AddError($"--without knows scheduler and controllers, not '{name}'");
        }
        return [.. parts];
    }

    private static void RefuseWhatIsNotEmbedded(Cluster cluster)
    {
        if (cluster.Kubernetes.Distribution != Distribution.Embedded)
        {
            throw new CommandFailure(
                ExitCode.No,
                $"{cluster.Kubernetes.Places["distribution"]}: a cluster that exists already is not started from here; "
                + "'spillway rehearse' plays the file as it is");
        }
        if (cluster.Pools.FirstOrDefault(pool => pool.Cloud is not PoolCloud.Simulated) is { } real)
        {
            throw new CommandFailure(
                ExitCode.No,
                $"{real.Places["cloud"]}: pool {real.Name}: this version rents from the simulated cloud only; "
                + "write cloud: {simulated: {region: ...}}, or use 'spillway rehearse'");
        }
    }
}
