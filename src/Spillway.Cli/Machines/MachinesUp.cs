using System.Diagnostics;
using System.Globalization;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Controllers.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Cli.Machines;

/// <summary><c>up</c> for real machines: every one becomes a node, and nothing is done that is already so.</summary>
internal sealed class MachinesUp(ClusterInput input, StateFolder folder, string path, Terminal terminal)
{
    public async Task<ExitCode> RunAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        await using var room = MachineRoom.Open(input, folder, path);
        room.Begin();
        using var journal = room.OpenJournal();
        await WaitForInterruptedAsync(room, cancellationToken);
        var result = await new BringUp(room.Hosts, journal, TimeProvider.System, Say)
            .RunAsync(room.Network, cancellationToken);
        foreach (var outcome in result.Outcomes)
            terminal.Out.WriteLine(Line(outcome));
        if (result.Succeeded)
            await BringKubeconfigAsync(room, result, cancellationToken);
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        terminal.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"took {took:0.0} s"));
        return result.Succeeded ? ExitCode.Done : ExitCode.Outside;
    }

    private async Task WaitForInterruptedAsync(MachineRoom room, CancellationToken cancellationToken)
    {
        var interrupted = RunJournal.Interrupted(folder.Path)
            .Where(entry => room.Hosts.ContainsKey(entry.Key))
            .ToList();
        foreach (var (host, step) in interrupted)
            terminal.Error.WriteLine($"{host}: '{step}' was interrupted last time; going on from there");
        // A machine that does not answer says so at its first step.
        await Task.WhenAll(interrupted.Select(
            entry => StepRunner.WaitForOthersAsync(room.Hosts[entry.Key], cancellationToken)));
    }

    private void Say(StepProgress line) => terminal.Error.WriteLine($"{line.Host}: {line.Text}");

    private static string Line(HostOutcome outcome) => outcome switch
    {
        HostOutcome.Done { Changed.Count: 0 } done => $"{done.Host}: as it is to be",
        HostOutcome.Done done => $"{done.Host}: {ClusterInput.Count(done.Changed.Count, "step")} taken",
        HostOutcome.Failed failed => $"{failed.Host}: failed at '{failed.Step}': {failed.Why}",
        HostOutcome.Waiting waiting => $"{waiting.Host}: {waiting.Why}",
        _ => throw new UnreachableException(),
    };

    private async Task BringKubeconfigAsync(MachineRoom room, BringUpResult result, CancellationToken cancellationToken)
    {
        var control = result.Plan.Nodes.First(node => node.Machine.Role == MachineRole.ControlPlane);
        var source = input.Cluster.Kubernetes.Distribution switch
        {
            Distribution.Rke2 => "/etc/rancher/rke2/rke2.yaml",
            Distribution.K3s => "/etc/rancher/k3s/k3s.yaml",
            _ => "/etc/kubernetes/admin.conf",
        };
        var answer = await room.Hosts[control.Name].RunAsync(
            new HostCommand("cat -- \"$1\"") { Arguments = [source] }, cancellationToken);
        if (answer is not HostAnswer.Done { ExitCode: 0 } done)
        {
            terminal.Error.WriteLine($"the kubeconfig could not be fetched from {control.Name}: {answer.Complaint}");
            return;
        }

        var draft = folder.Kubeconfig + ".new";
        await using (var stream = new FileStream(draft, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        await using (var writer = new StreamWriter(stream))
        {
            await writer.WriteAsync(done.Output);
        }

        File.Move(draft, folder.Kubeconfig, overwrite: true);
        terminal.Error.WriteLine($"kubectl --kubeconfig {folder.Kubeconfig} get nodes");
    }
}
