using System.CommandLine;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Machines;
using Spillway.Cli.Output;
using Spillway.Controllers.Bootstrap;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Commands;

/// <summary>Single machines of a real cluster: in, out, empty, bare again.</summary>
internal static class NodeCommand
{
    private delegate Task<ExitCode> Work(NodeRun run, CancellationToken cancellationToken);

    public static Command Build(Terminal terminal)
    {
        var command = new ExampleCommand("node", "Add, drain, reset or remove one machine of a real cluster")
        {
            Examples =
            [
                ("spillway node add examples/lab office-2", "join a machine that the file has"),
                ("spillway node remove examples/lab office-2", "drain it, take everything back, forget it"),
            ],
        };
        command.Add(Sub("add", "Join a machine of the file; the others learn of it without losing a packet",
            (run, token) => run.AddAsync(token), terminal));
        command.Add(Sub("drain", "Move its pods elsewhere and let it take no new ones",
            (run, token) => run.DrainAsync(token), terminal));
        command.Add(Sub("reset", "Take everything back that spillway put on it, and let the cluster forget it",
            (run, token) => run.ResetAsync(token), terminal));
        command.Add(Sub("remove", "Drain it, reset it, and take it out of the tunnels of the others",
            (run, token) => run.RemoveAsync(token), terminal));
        return command;
    }

    private static Command Sub(string name, string description, Work work, Terminal terminal)
    {
        var file = SharedOptions.ClusterFile();
        var state = SharedOptions.State();
        var machine = new Argument<string>("machine") { Description = "Its name in the cluster file" };
        var command = new ExampleCommand(name, description)
        {
            Examples = [($"spillway node {name} examples/lab office-2", description.Split(';', ',')[0].ToLowerInvariant())],
        };
        command.Add(file);
        command.Add(machine);
        command.Add(state);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetRequiredValue(file);
            var input = ClusterInput.Load([path], terminal);
            var wanted = parsed.GetRequiredValue(machine);
            if (!MachineRoom.IsFor(input.Cluster))
                throw new CommandFailure(ExitCode.No, "the embedded distribution has no machines");
            if (input.Cluster.FindMachine(wanted) is not { } found)
                throw new CommandFailure(ExitCode.No,
                    $"there is no machine {wanted} in the file; there are "
                    + string.Join(", ", input.Cluster.Machines.Select(one => one.Name)));
            if (name is "remove" or "reset" && found.Role == MachineRole.ControlPlane)
                throw new CommandFailure(ExitCode.No,
                    $"{wanted} is a control plane: 'spillway down' takes the whole cluster back");
            var folder = StateFolder.Of(parsed.GetValue(state), path, input.Cluster);
            return (int)await work(new NodeRun(input, folder, path, wanted, terminal), cancellationToken);
        });
        return command;
    }
}

/// <summary>One of the node commands at work.</summary>
internal sealed record NodeRun(ClusterInput Input, StateFolder Folder, string Path, string Machine, Terminal Terminal)
{
    public Task<ExitCode> AddAsync(CancellationToken cancellationToken) =>
        new MachinesUp(Input, Folder, Path, Terminal).RunAsync(cancellationToken);

    public Task<ExitCode> DrainAsync(CancellationToken cancellationToken) =>
        WithAsync(async removal => Told(await removal.DrainAsync(Machine, cancellationToken)), cancellationToken);

    public Task<ExitCode> ResetAsync(CancellationToken cancellationToken) =>
        WithAsync(removal => BareAsync(removal, cancellationToken), cancellationToken);

    public async Task<ExitCode> RemoveAsync(CancellationToken cancellationToken)
    {
        var code = await WithAsync(async removal =>
        {
            var drained = Told(await removal.DrainAsync(Machine, cancellationToken));
            return drained == ExitCode.Done ? await BareAsync(removal, cancellationToken) : drained;
        }, cancellationToken);
        if (code != ExitCode.Done)
            return code;
        var rest = Input with
        {
            Model = Input.Model with
            {
                Cluster = Input.Cluster with
                {
                    Machines = [.. Input.Cluster.Machines.Where(machine => machine.Name != Machine)],
                },
            },
        };
        code = await new MachinesUp(rest, Folder, Path, Terminal).RunAsync(cancellationToken);
        Terminal.Error.WriteLine($"take {Machine} out of {Path} too, or the next up joins it again");
        return code;
    }

    private async Task<ExitCode> BareAsync(Removal removal, CancellationToken cancellationToken)
    {
        var outcome = await removal.ResetAsync(Machine, cancellationToken);
        if (outcome is HostOutcome.Failed failed)
            return Told($"'{failed.Step}' could not be taken back: {failed.Why}");
        return Told(await removal.ForgetAsync(Machine, cancellationToken));
    }

    private ExitCode Told(string? complaint)
    {
        Terminal.Out.WriteLine($"{Machine}: {complaint ?? "done"}");
        return complaint is null ? ExitCode.Done : ExitCode.Outside;
    }

    private async Task<ExitCode> WithAsync(Func<Removal, Task<ExitCode>> work, CancellationToken cancellationToken)
    {
        await using var room = MachineRoom.Open(Input, Folder, Path);
        room.Begin();
        using var journal = room.OpenJournal();
        return await work(new Removal(room.Hosts, room.Network(new Dictionary<string, string>()), journal,
            TimeProvider.System, line => Terminal.Error.WriteLine($"{line.Host}: {line.Text}")));
    }
}
