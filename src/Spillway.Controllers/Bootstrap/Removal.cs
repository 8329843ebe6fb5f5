using Spillway.Core.Bootstrap;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Bootstrap;

/// <summary>Takes machines out of the cluster: their pods first, then their steps, the last first, then the node.</summary>
public sealed class Removal(
    IReadOnlyDictionary<string, IHost> hosts, OverlayPlan plan, RunJournal journal, TimeProvider time,
    Action<StepProgress> progress)
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromMinutes(10);

    private readonly StepRunner runner = new(journal, time, progress);

    /// <summary>Moves the pods of a node elsewhere, with respect to their disruption budgets.</summary>
    /// <returns>Null when it is done, else why not.</returns>
    public async Task<string?> DrainAsync(string name, CancellationToken cancellationToken)
    {
        progress(new StepProgress(name, "draining"));
        return await AtControlAsync(
            "drain \"$1\" --ignore-daemonsets --delete-emptydir-data --timeout=9m", name, cancellationToken);
    }

    /// <summary>
    /// Takes back what the journal says was done to the machine, and nothing that was so before. Its node must be drained,
    /// or never have been one.
    /// </summary>
    public Task<HostOutcome> ResetAsync(string name, CancellationToken cancellationToken)
    {
        var taken = journal.Taken(name);
        var steps = NodeSteps.For(plan.Find(name)!, plan)
            .Where(step => step.Place == StepPlace.Machine && taken.Contains(step.Name));
        return runner.UndoAsync(hosts[name], [.. steps.Select(HostStep.Of)], cancellationToken);
    }

    /// <returns>Null when Kubernetes has no such node any more, else why not.</returns>
    public async Task<string?> ForgetAsync(string name, CancellationToken cancellationToken)
    {
        progress(new StepProgress(name, "removing the node"));
        return await AtControlAsync("delete node \"$1\" --ignore-not-found", name, cancellationToken);
    }

    private async Task<string?> AtControlAsync(string command, string name, CancellationToken cancellationToken)
    {
        var control = plan.Nodes.First(node => node.Machine.Role == MachineRole.ControlPlane);
        var kubectl = NodeSteps.Kubectl(plan.Cluster.Kubernetes.Distribution);
        var answer = await hosts[control.Name].RunAsync(
            new HostCommand($"{kubectl} {command}") { Arguments = [name], Timeout = DrainTime }, cancellationToken);
        return answer.Succeeded ? null : Redaction.Of(answer.Complaint);
    }
}
