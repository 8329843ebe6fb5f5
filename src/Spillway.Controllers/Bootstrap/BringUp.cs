using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Bootstrap;

/// <summary>What a bring-up left.</summary>
/// <param name="Outcomes">One for every machine, in the order of the file.</param>
public sealed record BringUpResult(OverlayPlan Plan, IReadOnlyList<HostOutcome> Outcomes)
{
    public bool Succeeded => Outcomes.All(outcome => outcome is HostOutcome.Done);
}

/// <summary>
/// Makes the machines of a cluster file its nodes. All of them are prepared at once; then the control planes, then the
/// workers join one after another, each behind the gate that the one before is Ready and reached by the tunnel.
/// </summary>
public sealed class BringUp(
    IReadOnlyDictionary<string, IHost> hosts, RunJournal journal, TimeProvider time, Action<StepProgress> progress)
{
    // The steps that make a machine a part of the cluster: what comes before can be done on all at once.
    private static readonly string[] JoiningSteps = ["control plane", "join", "rke2-server", "rke2-agent", "k3s-agent"];
    private const string TunnelStep = "tunnel";

    private readonly StepRunner runner = new(journal, time, progress);
    private readonly Dictionary<string, HostOutcome> failed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> changed =
        hosts.Keys.ToDictionary(name => name, _ => new List<string>(), StringComparer.Ordinal);

    /// <param name="plan">Makes the plan again for machines whose public keys have become known.</param>
    public async Task<BringUpResult> RunAsync(
        Func<IReadOnlyDictionary<string, string>, OverlayPlan> plan, CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(plan(new Dictionary<string, string>()), cancellationToken);
        var network = plan(keys);
        if (failed.Count == 0 && await IsAllSoAsync(network, cancellationToken))
            return Result(network);
        await EachAsync(network, (node, steps) => Before(steps, JoiningSteps), cancellationToken);
        foreach (var node in InJoiningOrder(network))
        {
            // A worker that failed closes the gate: what broke it would break the next one too.
            if (failed.Count > 0)
                break;
            await JoinAsync(node, network, cancellationToken);
        }

        return Result(network);
    }

    private BringUpResult Result(OverlayPlan plan) =>
        new(plan, [.. plan.Nodes.Select(node => failed.GetValueOrDefault(node.Name) ?? Finished(node))]);

    /// <summary>The gates of one machine: the tunnel to every peer that it has a way to.</summary>
    public static IReadOnlyList<HostStep> TunnelGates(OverlayNode node, OverlayPlan plan) =>
    [
        .. node.Peers.Select(peer => plan.Find(peer.Machine))
            .Where(peer => peer?.OverlayAddress is not null)
            .Select(peer => HostStep.Gate($"tunnel to {peer!.Name}",
                $"{node.Name} and {peer.Name} have shaken hands and packets pass",
                $"ping -c 1 -W 2 -q {peer.OverlayAddress}", TimeSpan.FromSeconds(40))),
    ];

    // A public key is known before the tunnels are written: the machine makes the pair and shows the public half.
    private async Task<Dictionary<string, string>> KeysAsync(
        OverlayPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Cluster.Overlay.Kind != OverlayKind.WireGuard)
            return [];
        var keys = await ReadKeysAsync(plan, cancellationToken);
        if (plan.Nodes.All(node => node.OverlayAddress is null || keys.ContainsKey(node.Name)))
            return keys;
        await EachAsync(plan,
            (node, steps) => keys.ContainsKey(node.Name) ? [] : Before(steps, [TunnelStep]), cancellationToken);
        return await ReadKeysAsync(plan, cancellationToken);
    }

    private async Task<Dictionary<string, string>> ReadKeysAsync(
        OverlayPlan plan, CancellationToken cancellationToken)
    {
        var path = Core.Overlay.WireGuard.WireGuardFiles.PrivateKeyPath(plan.Device);
        var command = new HostCommand("[ ! -s \"$1\" ] || wg pubkey <\"$1\"") { Arguments = [path] };
        var members = plan.Nodes
            .Where(node => node.OverlayAddress is not null && !failed.ContainsKey(node.Name))
            .ToList();
        var answers = await Task.WhenAll(members.Select(node => hosts[node.Name].RunAsync(command, cancellationToken)));
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (node, answer) in members.Zip(answers))
        {
            if (answer is HostAnswer.Done { ExitCode: 0 } done)
            {
                if (done.Output.Trim() is { Length: > 0 } key)
                    keys[node.Name] = key;
            }
            else
            {
                failed[node.Name] = new HostOutcome.Failed(node.Name, "connect", answer.Complaint);
            }
        }

        return keys;
    }

    // One look at every machine, all at the same time: a second run finds out here that there is nothing to do.
    private async Task<bool> IsAllSoAsync(OverlayPlan plan, CancellationToken cancellationToken)
    {
        var looks = new List<Task<bool>>();
        var atControl = new List<HostStep>();
        foreach (var node in plan.Nodes)
        {
            var steps = NodeSteps.For(node, plan);
            var own = steps.Where(step => step.Place == StepPlace.Machine).Select(HostStep.Of);
            looks.Add(StepRunner.HoldAsync(hosts[node.Name], [.. own, .. TunnelGates(node, plan)], cancellationToken));
            atControl.AddRange(steps.Where(step => step.Place == StepPlace.ControlPlane).Select(HostStep.Of));
        }

        looks.Add(StepRunner.HoldAsync(hosts[Control(plan).Name], atControl, cancellationToken));
        return (await Task.WhenAll(looks)).All(holds => holds);
    }

    private static OverlayNode Control(OverlayPlan plan) =>
        plan.Nodes.First(node => node.Machine.Role == MachineRole.ControlPlane);

    // All at once: they wait for package servers and disks, not for each other.
    private async Task EachAsync(
        OverlayPlan plan, Func<OverlayNode, IReadOnlyList<BootstrapStep>, IReadOnlyList<BootstrapStep>> choose,
        CancellationToken cancellationToken)
    {
        var outcomes = await Task.WhenAll(plan.Nodes
            .Where(node => !failed.ContainsKey(node.Name))
            .Select(node => runner.RunAsync(hosts[node.Name],
                [.. choose(node, NodeSteps.For(node, plan)).Select(HostStep.Of)], [], cancellationToken)));
        foreach (var outcome in outcomes)
            Note(outcome.Host, outcome);
    }

    private async Task JoinAsync(
        OverlayNode node, OverlayPlan plan, CancellationToken cancellationToken)
    {
        var control = Control(plan);
        var steps = NodeSteps.For(node, plan);
        var rest = steps.Skip(Before(steps, JoiningSteps).Count).ToList();
        var host = hosts[node.Name];
        IReadOnlyList<string> secrets = [];
        if (node != control && rest.FirstOrDefault() is { Place: StepPlace.Machine } join
            && !(await host.RunAsync(new HostCommand(HostStep.Of(join).Check), cancellationToken)).Succeeded)
        {
            var (ticket, why) = await JoinTicket.IssueAsync(plan.Cluster.Kubernetes.Distribution, hosts[control.Name],
                node.Name, plan.Api.Endpoint!.ToString(), cancellationToken);
            if (ticket is null)
            {
                failed[node.Name] = new HostOutcome.Failed(node.Name, "ticket", why);
                return;
            }

            secrets = ticket.Secrets;
            var brought = await host.RunAsync(HostCommand.Write(ticket.Files), cancellationToken);
            if (!brought.Succeeded)
            {
                failed[node.Name] = new HostOutcome.Failed(node.Name, "ticket", brought.Complaint);
                return;
            }
        }

        var gated = new List<(IHost Where, HostStep Step)>();
        gated.AddRange(TunnelGates(node, plan).Select(gate => (host, gate)));
        gated.AddRange(rest.Select(step => (
            step.Place == StepPlace.ControlPlane ? hosts[control.Name] : host, HostStep.Of(step))));
        while (gated.Count > 0)
        {
            var where = gated[0].Where;
            var run = gated.TakeWhile(step => step.Where == where).Select(step => step.Step).ToList();
            gated.RemoveRange(0, run.Count);
            var outcome = await runner.RunAsync(where, run, secrets, cancellationToken, about: node.Name);
            Note(node.Name, outcome);
            if (outcome is HostOutcome.Failed)
                return;
        }
    }

    private void Note(string name, HostOutcome outcome)
    {
        if (outcome is HostOutcome.Done done)
            changed[name].AddRange(done.Changed);
        else
            failed[name] = outcome;
    }

    private HostOutcome Finished(OverlayNode node) =>
        failed.Count == 0
            ? new HostOutcome.Done(node.Name, changed[node.Name])
            : new HostOutcome.Waiting(node.Name, $"stopped at the failure of {string.Join(", ", failed.Keys.Order())}");

    private static IEnumerable<OverlayNode> InJoiningOrder(OverlayPlan plan) =>
        plan.Nodes.OrderBy(node => node.Machine.Role != MachineRole.ControlPlane);

    private static IReadOnlyList<BootstrapStep> Before(IReadOnlyList<BootstrapStep> steps, string[] names) =>
        [.. steps.TakeWhile(step => !names.Contains(step.Name) && step.Place == StepPlace.Machine)];
}
