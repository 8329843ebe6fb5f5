using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Controllers.Bootstrap;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Machines;

/// <summary><c>down</c> for real machines: each is given back as it was found, workers first.</summary>
internal sealed class MachinesDown(ClusterInput input, StateFolder folder, string path, Terminal terminal)
{
    public async Task<ExitCode> RunAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder.Path))
            throw new CommandFailure(ExitCode.No, $"{folder.Path}: nothing was ever brought up; there is nothing to take back");
        await using var room = MachineRoom.Open(input, folder, path);
        using var journal = room.OpenJournal();
        var plan = room.Network(new Dictionary<string, string>());
        var removal = new Removal(room.Hosts, plan, journal, TimeProvider.System,
            line => terminal.Error.WriteLine($"{line.Host}: {line.Text}"));
        var failed = false;
        foreach (var role in new[] { MachineRole.Worker, MachineRole.ControlPlane })
        {
            var names = plan.Nodes.Where(node => node.Machine.Role == role).Select(node => node.Name);
            foreach (var outcome in await Task.WhenAll(
                names.Select(name => removal.ResetAsync(name, cancellationToken))))
            {
                failed |= outcome is HostOutcome.Failed;
                terminal.Out.WriteLine(outcome is HostOutcome.Failed broken
                    ? $"{broken.Host}: '{broken.Step}' could not be taken back: {broken.Why}"
                    : $"{outcome.Host}: given back");
            }
        }

        return failed ? ExitCode.Outside : ExitCode.Done;
    }
}
