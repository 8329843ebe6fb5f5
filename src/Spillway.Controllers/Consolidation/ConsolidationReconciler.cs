using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Controllers.Burst;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Consolidation;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Consolidation;

/// <summary>
/// Says of each rented node why it is still here, and under <c>mode: auto</c> orders those emptied that are not needed:
/// one step at a time, each looked at again before it is taken. Emptying and giving back is Reclaim's.
/// </summary>
internal sealed partial class ConsolidationReconciler(
    ControllerContext context, ClusterState state, BurstObserver observer, BurstReconciler burst)
{
    /// <summary>Changes come in groups; nothing here is urgent.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(30);

    // A step has to be right twice, this far apart.
    private static readonly TimeSpan Confirm = TimeSpan.FromMinutes(1);

    // A node whose emptying was given up is left alone for so long.
    private static readonly TimeSpan Rest = TimeSpan.FromHours(1);

    // A replacement that finds nothing to replace for so long is a node like any other.
    private static readonly TimeSpan ReplacementWaits = TimeSpan.FromMinutes(30);

    private (string Step, DateTimeOffset At)? _proposed;

    private ConsolidationPolicy Policy => context.Model.Cluster.Policy.Consolidation;

    public async Task<Reconciled> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        var claims = state.Claims.List().OrderBy(claim => claim.Name, StringComparer.Ordinal).ToList();
        if (Policy.Mode == ConsolidationMode.Off || !claims.Exists(claim => claim.Phase == ClaimPhase.Ready))
            return Reconciled.Done;
        await observer.RefreshAsync(cancellationToken);
        var now = context.Now;
        var seen = Observe(claims, now);
        var plan = ConsolidationPlanner.Plan(Policy, context.Policy, seen, now);
        await TellAsync(plan, cancellationToken);
        var next = Policy.Mode == ConsolidationMode.Auto
            ? await ActAsync(claims, plan, seen, now, cancellationToken)
            : null;
        if (plan.LookAgainAt is { } at && (next is null || at - now < next)) next = at - now;
        return next is { } wait ? Reconciled.After(wait > Calm ? wait : Calm) : Reconciled.Done;
    }

    private async Task<TimeSpan?> ActAsync(
        List<NodeClaim> claims, ConsolidationPlan plan, ConsolidationObservation seen, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        // One step at a time: what is under way changes the picture, and is waited for.
        if (claims.Exists(claim => claim is { Consolidation: not null, Phase: not ClaimPhase.Removed })) return Confirm;
        foreach (var claim in claims)
        {
            if (!IsReplacement(claim, claims, now)) continue;
            await TakePlaceAsync(claim, claims, seen, now, cancellationToken);
            return Confirm;
        }

        // The pods that wait come first: their room is not known yet.
        if (burst.Last.Decisions.Any(decision => decision is BurstDecision.Burst)) return Confirm;
        var step = ConsolidationPlanner.Next(Policy, seen, plan, now);
        if (step is null)
        {
            _proposed = null;
            return plan.Steps.Count > 0 ? Confirm : null;
        }

        var text = $"{step.Rent?.Key} {string.Join(' ', step.Remove)}";
        if (_proposed is not { } proposed || proposed.Step != text)
        {
            _proposed = (text, now);
            return Confirm;
        }

        if (now < proposed.At + Confirm) return proposed.At + Confirm - now;
        _proposed = null;
        if (step.Rent is null) await OrderAsync(step.Remove, "consolidate", step.Why, now, cancellationToken);
        else await RentAsync(step, now, cancellationToken);
        return Confirm;
    }

    private async Task RentAsync(ConsolidationStep step, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var claim = await burst.ClaimAsync(
            step.Rent!,
            name => new ClaimReason($"{name}@{now.UtcTicks}", step.Why)
            {
                Replaces = step.Remove,
                Pods = [.. step.Moves.Select(move => move.Pod)],
            },
            cancellationToken);
        LogReplacing(context.Logger, claim.Name, step.Why);
    }

    /// <summary>The replacement is ready: those that it replaces are emptied, if that is still right.</summary>
    private async Task TakePlaceAsync(
        NodeClaim claim, List<NodeClaim> claims, ConsolidationObservation seen, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (claim.Phase != ClaimPhase.Ready) return;
        var old = claims.Where(one => claim.Replaces.Contains(one.Name) && one.Phase == ClaimPhase.Ready).ToList();
        var step = new ConsolidationStep
        {
            Remove = [.. old.Select(one => one.Name)],
            Moves = [],
            Saving = old.Aggregate(Core.Costs.HourlyPrice.Zero, (sum, one) => sum + one.Price),
            MoveCost = Core.Costs.Money.Zero,
            Why = claim.Why,
        };
        if (ConsolidationPlanner.Objection(Policy, seen, step, now) is { } objection)
            LogObjection(context.Logger, string.Join(", ", step.Remove), objection);
        else
        {
            var why = $"{claim.Name} takes its place: {claim.Why}";
            await OrderAsync(step.Remove, "replace", why, now, cancellationToken);
        }
    }

    private static bool IsReplacement(NodeClaim claim, List<NodeClaim> claims, DateTimeOffset now) =>
        claim.Phase is ClaimPhase.Pending or ClaimPhase.Launched or ClaimPhase.Ready
        && (claim.ReadyAt is not { } ready || now < ready + ReplacementWaits)
        && claims.Exists(one => claim.Replaces.Contains(one.Name)
            && one is { Phase: ClaimPhase.Ready or ClaimPhase.Draining, IsOrderedAway: false });

    private async Task OrderAsync(
        IReadOnlyList<string> names, string kind, string why, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            LogOrdered(context.Logger, name, why);
            await PatchAsync(name, new JsonObject
            {
                ["consolidation"] = new JsonObject
                {
                    ["kind"] = kind, ["why"] = why, ["at"] = KubernetesJson.Timestamp(now),
                },
            }, cancellationToken);
        }
    }

    /// <summary>Says of each node why it is here, on its claim and in the ledger, when that has changed.</summary>
    private async Task TellAsync(ConsolidationPlan plan, CancellationToken cancellationToken)
    {
        foreach (var verdict in plan.Verdicts)
        {
            if (state.Claims.Get(ObjectKey.Cluster(verdict.Claim)) is not { Phase: ClaimPhase.Ready } claim) continue;
            var text = $"{(verdict.Goes ? "could go" : "stays")}: {verdict.Why}";
            if (claim.Verdict == text) continue;
            await PatchAsync(claim.Name, new JsonObject { ["verdict"] = text }, cancellationToken);
            if (claim.LaunchedAt is { } launched)
            {
                context.Ledger.Record(
                    [Entries.Rented(claim, null, launched) with { Why = $"{claim.Why}; {text}" }], []);
            }
        }
    }

    private Task PatchAsync(string claim, JsonObject status, CancellationToken cancellationToken) =>
        context.Client.PatchAsync(
            SpillwayResources.NodeClaims,
            ObjectKey.Cluster(claim),
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);

    private ConsolidationObservation Observe(List<NodeClaim> claims, DateTimeOffset now)
    {
        BurstObservation cluster;
        lock (state.Gate)
        {
            cluster = observer.Observe(now);
            cluster = cluster with
            {
                Placement = state.Copy(),
                ExpectedEnds = new Dictionary<PodKey, DateTimeOffset>(cluster.ExpectedEnds),
            };
        }

        return new ConsolidationObservation
        {
            Cluster = cluster,
            Budgets = state.Budgets,
            Histories = claims.ToDictionary(
                claim => claim.Name,
                claim => new NodeHistory
                {
                    Reachable = state.Nodes.Get(ObjectKey.Cluster(claim.Name))?.Reachable ?? true,
                    IsReplacement = IsReplacement(claim, claims, now),
                    RestUntil = claim.ConsolidationGivenUpAt + Rest,
                },
                StringComparer.Ordinal),
        };
    }

    [LoggerMessage(140, LogLevel.Information, "{Claim}: to be emptied, {Why}")]
    private static partial void LogOrdered(ILogger logger, string claim, string why);

    [LoggerMessage(141, LogLevel.Information, "{Claim}: rented to replace others, {Why}")]
    private static partial void LogReplacing(ILogger logger, string claim, string why);

    [LoggerMessage(142, LogLevel.Debug, "{Claims} are not emptied after all: {Why}")]
    private static partial void LogObjection(ILogger logger, string claims, string why);
}
