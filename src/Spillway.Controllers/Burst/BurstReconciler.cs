using Microsoft.Extensions.Logging;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Burst;

/// <summary>Sees, decides, acts: rents nodes for the pods that wait, by writing claims, and says to each pod why.</summary>
internal sealed partial class BurstReconciler(
    ControllerContext context, ClusterState state, BurstObserver observer, PodAnswers answers)
{
    /// <summary>The one key: a pass looks at everything.</summary>
    public const string Everything = "cluster";

    /// <summary>
    /// Pods come in groups: a short look for more of them packs them together and is far below the second that a
    /// pending pod may wait for its cloud call.
    /// </summary>
    public static readonly TimeSpan BatchWindow = TimeSpan.FromMilliseconds(150);

    // Timers catch what no event says: budgets that begin anew, prices that move.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    private volatile BurstPlan _last = new([]);

    /// <summary>The last plan, for the loops that must not work against it.</summary>
    public BurstPlan Last => _last;

    public async Task<Reconciled> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        await observer.RefreshAsync(cancellationToken);
        var now = context.Now;
        BurstPlan plan;
        lock (state.Gate)
        {
            state.Refresh();
            plan = BurstPlanner.Decide(context.Policy, observer.Observe(now), now);
        }

        _last = plan;
        foreach (var decision in plan.Decisions)
        {
            if (decision is BurstDecision.Burst burst) await RentAsync(burst, now, cancellationToken);
        }

        answers.Tell(plan, now);
        if (plan.LookAgainAt is { } at && at - context.Now < LookAgain)
            return Reconciled.After(at > context.Now ? at - context.Now : TimeSpan.FromSeconds(1));
        return plan.Decisions.Count > 0 ? Reconciled.After(LookAgain) : Reconciled.Done;
    }

    /// <summary>Writes one claim for each node. The claims are the order: what happens to them is the Pools controller's.</summary>
    private async Task RentAsync(BurstDecision.Burst burst, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string? decision = null;
        for (var i = 0; i < burst.Count; i++)
        {
            var pods = burst.PodsPerNode[i];
            if (pods.Count > 0 && !pods.Any(StillWaits)) continue;
            var claim = await ClaimAsync(
                burst.Offer,
                name => new ClaimReason(decision ?? $"{name}@{now.UtcTicks}", burst.Why)
                {
                    Pods = pods,
                    WouldChange = burst.WouldChange,
                    Rejected = [.. burst.Rejected.Select(one => new RejectedPool(one.Pool, one.Why))],
                },
                cancellationToken);
            decision ??= claim.Decision;
            answers.Rented(claim, burst, pods);
            LogClaimed(context.Logger, claim.Name, burst.Offer.Key.ToString(), burst.Why);
        }
    }

    private bool StillWaits(PodKey pod)
    {
        lock (state.Gate) return state.Model.Pod(pod) is { IsBound: false };
    }

    /// <summary>Writes a claim under a name of its own and waits until it is counted.</summary>
    public async Task<NodeClaim> ClaimAsync(
        Offer offer, Func<string, ClaimReason> reason, CancellationToken cancellationToken)
    {
        while (true)
        {
            var name = $"{offer.Pool}-{Suffix()}";
            var claim = NodeClaim.For(name, offer, reason(name));
            var result = await context.Client.CreateAsync(
                SpillwayResources.NodeClaims,
                claim,
                new WriteOptions { FieldManager = SpillwayResources.FieldManager },
                cancellationToken);

            // A name that is taken says nothing but that the dice fell on it: roll again.
            if (result is WriteResult<NodeClaim>.AlreadyExists) continue;
            await WaitUntilSeenAsync(result.OrThrow(), cancellationToken);
            return result.OrThrow();
        }
    }

    /// <summary>
    /// The next pass must count this claim: an informer that lags behind would let it rent the same node again.
    /// </summary>
    private async Task WaitUntilSeenAsync(NodeClaim claim, CancellationToken cancellationToken)
    {
        while (state.Claims.Get(claim.Key)?.Uid != claim.Uid)
        {
            if (await context.Client.GetAsync(SpillwayResources.NodeClaims, claim.Key, cancellationToken)
                is null) return;
            await Task.Delay(TimeSpan.FromMilliseconds(5), context.Time, cancellationToken);
        }
    }

    // Letters and digits that kubectl's users cannot mistake for each other, as Kubernetes' own generated names.
    private string Suffix()
    {
        const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
        lock (context.Random)
        {
            return string.Create(5, context.Random, static (text, random) =>
            {
                for (var i = 0; i < text.Length; i++) text[i] = Alphabet[random.Next(Alphabet.Length)];
            });
        }
    }

    [LoggerMessage(110, LogLevel.Debug, "{Claim}: {Offer}: {Why}")]
    private static partial void LogClaimed(ILogger logger, string claim, string offer, string why);
}
