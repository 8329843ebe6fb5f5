using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Reclaim;

/// <summary>
/// Compares the cloud's list with the claims: machines that nobody claims are ended, claims whose machine is proven to be
/// gone are given up; and it hears of interruptions.
/// </summary>
internal sealed partial class MachineWatch(ControllerContext context, ClusterState state)
{
    public const string Sweep = "sweep";

    /// <summary>How often the lists are compared. Each node bills by the second, but a list call is not free either.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    // A machine younger than this may belong to a claim that our copy has not heard of yet.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);

    /// <summary>True when the cloud's list has proven that the claim's machine has ended.</summary>
    public bool IsGone(NodeClaim claim)
    {
        lock (_gate) return claim.MachineId.Length > 0 && _gone.Contains(claim.Uid);
    }

    /// <summary>One comparison. <paramref name="wake"/> is called when a claim's machine is found to be gone.</summary>
    public async Task<Reconciled> SweepAsync(Action wake, CancellationToken cancellationToken)
    {
        var asked = context.Now;
        var machines = await context.Cloud.ListAsync(cancellationToken);
        var listed = machines.Select(machine => machine.MachineId).ToHashSet(StringComparer.Ordinal);
        foreach (var claim in state.Claims.List())
        {
            // A machine launched after the list was asked for is missing from it without being gone.
            if (claim.MachineId.Length == 0 || claim.Phase == ClaimPhase.Removed || listed.Contains(claim.MachineId)
                || claim.LaunchedAt is not { } launched || launched > asked - TimeSpan.FromSeconds(5))
                continue;
            bool isNew;
            lock (_gate) isNew = _gone.Add(claim.Uid);
            if (!isNew) continue;
            LogGone(context.Logger, claim.Name, claim.MachineId);
            wake();
        }

        foreach (var machine in machines.Where(machine => asked - machine.LaunchedAt > Grace))
            await EndOrphanAsync(machine, cancellationToken);
        return state.Claims.Count > 0 || machines.Count > 0 ? Reconciled.After(Interval) : Reconciled.Done;
    }

    /// <summary>Marks claims whose machine the cloud takes back, as the notices come.</summary>
    public async Task FollowInterruptionsAsync(Action wake, CancellationToken cancellationToken)
    {
        await foreach (var notice in context.Cloud.WatchInterruptionsAsync(cancellationToken))
        {
            var claim = state.Claims.List().FirstOrDefault(claim => claim.MachineId == notice.MachineId);
            if (claim is null) continue;
            LogInterrupted(context.Logger, claim.Name, notice.EndsAt, notice.Why);
            await context.Client.PatchAsync(
                SpillwayResources.NodeClaims,
                claim.Key,
                KubernetesPatch.Merge(new JsonObject
                {
                    ["status"] = new JsonObject
                    {
                        ["interruptedAt"] = KubernetesJson.Timestamp(notice.EndsAt),
                        ["message"] = notice.Why,
                    },
                }),
                WriteOptions.OnStatus,
                cancellationToken);
            wake();
        }
    }

    // Proof that nobody claims a machine is the server's own answer, not the absence from a copy.
    private async Task EndOrphanAsync(CloudMachine machine, CancellationToken cancellationToken)
    {
        if (state.Claims.Get(ObjectKey.Cluster(machine.Claim))?.Uid == machine.Token.Value) return;
        var claim = await context.Client.GetAsync(
            SpillwayResources.NodeClaims, ObjectKey.Cluster(machine.Claim), cancellationToken);
        if (claim?.Uid == machine.Token.Value) return;
        var why = $"{machine.MachineId} ({machine.InstanceType}) was launched for {machine.Claim}, which is no claim any more";
        LogOrphan(context.Logger, machine.MachineId, machine.Claim);
        context.Ledger.Record(new DecisionEntry($"{machine.Token}/orphan", context.Now, "reclaim", why)
        {
            Pool = machine.Pool,
            Count = 1,
        });
        await context.Cloud.RemoveAsync(machine.MachineId, cancellationToken);
        await context.Client.DeleteAsync(
            Resources.Nodes, ObjectKey.Cluster(machine.Claim), DeleteOptions.None, cancellationToken);
    }

    [LoggerMessage(130, LogLevel.Warning, "{Claim}: the cloud no longer has machine {Machine}")]
    private static partial void LogGone(ILogger logger, string claim, string machine);

    [LoggerMessage(131, LogLevel.Warning, "{Claim}: the cloud takes its machine back at {At}: {Why}")]
    private static partial void LogInterrupted(ILogger logger, string claim, DateTimeOffset at, string why);

    [LoggerMessage(132, LogLevel.Warning, "Machine {Machine} belongs to no claim ({Claim} is gone) and is ended")]
    private static partial void LogOrphan(ILogger logger, string machine, string claim);
}
