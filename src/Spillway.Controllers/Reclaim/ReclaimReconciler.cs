using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Controllers.Burst;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Reclaim;

/// <summary>Gives rented nodes back: cordon, drain by eviction, end the machine, delete the node.</summary>
internal sealed partial class ReclaimReconciler(
    ControllerContext context, ClusterState state, BurstObserver observer, BurstReconciler burst, MachineWatch machines)
{
    /// <summary>The one key: a pass looks at everything.</summary>
    public const string Everything = "cluster";

    // A disruption budget frees up without an event that is ours; a blocked eviction is asked again this often.
    private static readonly TimeSpan EvictAgain = TimeSpan.FromSeconds(5);

    public async Task<Reconciled> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        await observer.RefreshAsync(cancellationToken);
        var now = context.Now;
        var seen = Observe(now);
        TimeSpan? next = null;
        foreach (var decision in ReclaimPlanner.Decide(context.Policy, seen, now))
        {
            if (state.Claims.Get(ObjectKey.Cluster(decision.Claim)) is not { } claim) continue;
            var wait = await ActAsync(claim, decision, now, cancellationToken);
            if (wait is { } time && (next is null || time < next)) next = time;
        }

        return next is { } delay
            ? Reconciled.After(delay > TimeSpan.Zero ? delay : TimeSpan.FromSeconds(1)) : Reconciled.Done;
    }

    private ReclaimObservation Observe(DateTimeOffset now)
    {
        var wanted = burst.Last.Wanted;
        var nodes = new List<RentedNode>();
        foreach (var claim in state.Claims.List().OrderBy(claim => claim.Name, StringComparer.Ordinal))
        {
            var node = state.Nodes.Get(ObjectKey.Cluster(claim.Name));
            nodes.Add(new RentedNode(observer.ToState(claim) with { Phase = claim.Phase })
            {
                Pods = [.. state.PodsOn(claim.Name).OrderBy(pod => pod.Key).Select(ToNodePod)],
                IdleSince = claim.IdleSince,
                Reachable = node?.Reachable ?? true,
                MachineGone = machines.IsGone(claim),
                Interruption = claim.InterruptedAt is { } ends
                    ? new InterruptionNotice(claim.MachineId, ends, claim.Message)
                    : null,
                Ordered = claim.IsOrderedAway,
                Consolidation = claim.Consolidation,
                WantedBy = wanted.TryGetValue(claim.Name, out var pod) && IsPending(pod) ? pod : null,
            });
        }

        return new ReclaimObservation { Nodes = nodes, Pools = observer.Pools(now) };
    }

    private static NodePod ToNodePod(ObservedPod pod) => new(
        pod.Key,
        pod.Record.IsFinished ? NodePodKind.Finished
            : pod.IsDaemon ? NodePodKind.DaemonSet
            : pod.IsMirror ? NodePodKind.Mirror
            : NodePodKind.Work)
    {
        Terminating = pod.Record.Terminating,
        DoNotDisrupt = pod.DoNotDisrupt,
    };

    private bool IsPending(PodKey pod) => state.Pods.Get(pod.ToObjectKey()) is { IsPending: true };

    private async Task<TimeSpan?> ActAsync(
        NodeClaim claim, ReclaimDecision decision, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (claim.Phase == ClaimPhase.Removed)
        {
            // A crash between the last two steps left it: only the claim itself is still there.
            await Pools.ClaimRemoval.DropAsync(context.Client, claim, cancellationToken);
            return null;
        }

        switch (decision)
        {
            case ReclaimDecision.Keep keep:
                await RememberIdleAsync(claim, keep.IdleSince, cancellationToken);
                return keep.Until - now;
            case ReclaimDecision.Drain drain:
                await DrainAsync(claim, drain, now, cancellationToken);
                return EvictAgain;
            case ReclaimDecision.Release:
                LogReleased(context.Logger, claim.Name, decision.Why);
                await CordonAsync(claim.Name, cordoned: false, cancellationToken);
                await SetStatusAsync(
                    claim,
                    new JsonObject
                    {
                        ["phase"] = nameof(ClaimPhase.Ready), ["idleSince"] = null, ["drainingAt"] = null,
                        ["consolidation"] = null,
                        ["consolidationGivenUpAt"] = claim.Consolidation is null
                            ? null : KubernetesJson.Timestamp(now),
                    },
                    cancellationToken);
                return null;
            case ReclaimDecision.Remove:
                return await RemoveAsync(claim, now, cancellationToken) ? null : EvictAgain;
            case ReclaimDecision.Forget:
                // A machine that we ended ourselves is gone by the decision that is written already.
                if (claim.Phase != ClaimPhase.Draining) Decide(claim, "replace", decision.Why, now);
                await FinishAsync(claim, now, cancellationToken);
                return null;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task RememberIdleAsync(NodeClaim claim, DateTimeOffset? since, CancellationToken cancellationToken)
    {
        var text = since is { } at ? KubernetesJson.Timestamp(at) : null;
        if (claim.Status?.Text("idleSince") == text) return;
        await SetStatusAsync(claim, new JsonObject { ["idleSince"] = text }, cancellationToken);
    }

    private async Task DrainAsync(
        NodeClaim claim, ReclaimDecision.Drain drain, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (claim.Phase != ClaimPhase.Draining)
        {
            Decide(claim, drain.Kind, drain.Why, now);
            LogDraining(context.Logger, claim.Name, drain.Why);
            await SetStatusAsync(claim, new JsonObject
            {
                ["phase"] = nameof(ClaimPhase.Draining),
                ["drainingAt"] = KubernetesJson.Timestamp(now),
                ["message"] = drain.Why,
            }, cancellationToken);
        }

        await CordonAsync(claim.Name, cordoned: true, cancellationToken);
        foreach (var pod in drain.Evict)
        {
            var uid = state.Pods.Get(pod.ToObjectKey())?.Record.Uid;
            var result = await context.Client.EvictAsync(
                pod.ToObjectKey(), new DeleteOptions { Uid = uid }, cancellationToken);
            if (result is EvictionResult.Blocked blocked)
                LogBlocked(context.Logger, claim.Name, pod, blocked.Status.Message);
        }
    }

    /// <summary>Ends the machine of a node that is cordoned and empty; false when that is not so after all.</summary>
    private async Task<bool> RemoveAsync(NodeClaim claim, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (claim.Phase is ClaimPhase.Ready or ClaimPhase.Draining)
        {
            // A crash after the status was written may have left the node open: close it, then look again.
            await CordonAsync(claim.Name, cordoned: true, cancellationToken);
            if (!await IsEmptyAsync(claim.Name, cancellationToken)) return false;
        }

        var machine = claim.MachineId.Length > 0 ? claim.MachineId : await FindMachineAsync(claim, cancellationToken);
        if (machine.Length > 0) await context.Cloud.RemoveAsync(machine, cancellationToken);
        if (claim.IsOrderedAway && claim.Phase != ClaimPhase.Draining)
            Decide(claim, "reclaim", claim.Message.Length > 0 ? claim.Message : "its claim was deleted", now);
        LogRemoved(context.Logger, claim.Name, machine);
        await FinishAsync(claim, now, cancellationToken);
        return true;
    }

    // Decisions age: whether a node is empty is asked of the server, not of a copy that may be behind.
    private async Task<bool> IsEmptyAsync(string node, CancellationToken cancellationToken)
    {
        var query = new ListQuery { FieldSelector = $"spec.nodeName={node}" };
        await foreach (var pod in context.Client.ListAllAsync(Resources.Pods, query, cancellationToken))
        {
            var mirror = pod.Annotation("kubernetes.io/config.mirror") is not null;
            if (!pod.IsFinished && !mirror && pod.Controller?.Kind != "DaemonSet") return false;
        }

        return true;
    }

    // The claim may have been deleted while its launch was under way: only the cloud's list says what became of it.
    private async Task<string> FindMachineAsync(NodeClaim claim, CancellationToken cancellationToken)
    {
        var machines = await context.Cloud.ListAsync(cancellationToken);
        return machines.FirstOrDefault(machine => machine.Token == claim.Token)?.MachineId ?? "";
    }

    /// <summary>The machine is gone: so is what it leaves in the cluster, and its bill ends.</summary>
    private async Task FinishAsync(NodeClaim claim, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (claim.LaunchedAt is { } launched)
        {
            var why = claim.Consolidation is { } order ? $"{claim.Why}; {order.Why}" : claim.Why;
            context.Ledger.Record([Entries.Rented(claim, null, launched) with { RemovedAt = now, Why = why }], []);
        }

        await context.Client.DeleteAsync(
            Resources.Nodes, ObjectKey.Cluster(claim.Name), DeleteOptions.None, cancellationToken);
        await SetStatusAsync(claim, new JsonObject
        {
            ["phase"] = nameof(ClaimPhase.Removed),
            ["removedAt"] = KubernetesJson.Timestamp(now),
        }, cancellationToken);
        await Pools.ClaimRemoval.DropAsync(context.Client, claim, cancellationToken);
    }

    private void Decide(NodeClaim claim, string kind, string why, DateTimeOffset now)
    {
        var recorded = context.Ledger.Record(new DecisionEntry($"{claim.Uid}/{kind}", now, kind, $"{claim.Name}: {why}")
        {
            Pool = claim.Pool,
            Count = 1,
            Pods = [.. state.PodsOn(claim.Name).Where(pod => ToNodePod(pod).Kind == NodePodKind.Work)
                .Select(pod => pod.Key).Order()],
        });
        if (recorded) context.Events.Record(claim, "Normal", kind switch
        {
            "replace" => "Replacing",
            "consolidate" => "Consolidating",
            _ => "Reclaiming",
        }, why);
    }

    private async Task CordonAsync(string node, bool cordoned, CancellationToken cancellationToken)
    {
        if (state.Nodes.Get(ObjectKey.Cluster(node)) is not { } seen || seen.Record.Unschedulable == cordoned) return;
        var patch = KubernetesPatch.Merge(
            new JsonObject { ["spec"] = new JsonObject { ["unschedulable"] = cordoned ? true : null } });
        await context.Client.PatchAsync(Resources.Nodes, ObjectKey.Cluster(node), patch, cancellationToken);
    }

    private Task SetStatusAsync(NodeClaim claim, JsonObject status, CancellationToken cancellationToken) =>
        context.Client.PatchAsync(
            SpillwayResources.NodeClaims,
            claim.Key,
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);

    [LoggerMessage(120, LogLevel.Information, "{Claim}: draining, {Why}")]
    private static partial void LogDraining(ILogger logger, string claim, string why);

    [LoggerMessage(121, LogLevel.Information, "{Claim}: in service again, {Why}")]
    private static partial void LogReleased(ILogger logger, string claim, string why);

    [LoggerMessage(122, LogLevel.Information, "{Claim}: given back, machine {Machine} is ending")]
    private static partial void LogRemoved(ILogger logger, string claim, string machine);

    [LoggerMessage(123, LogLevel.Information, "{Claim}: {Pod} cannot be evicted yet: {Why}")]
    private static partial void LogBlocked(ILogger logger, string claim, PodKey pod, string why);
}
