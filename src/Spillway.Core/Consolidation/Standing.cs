using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Core.Consolidation;

/// <summary>Which rented nodes may go at all, and why the others stay whatever room there is.</summary>
internal sealed class Standing
{
    private readonly ConsolidationPolicy _policy;
    private readonly ConsolidationObservation _seen;
    private readonly DateTimeOffset _now;

    public Standing(ConsolidationPolicy policy, ConsolidationObservation seen, DateTimeOffset now)
    {
        (_policy, _seen, _now) = (policy, seen, now);
        Budgets = new BudgetBook(seen.Budgets);
        foreach (var claim in seen.Cluster.Claims.OrderBy(claim => claim.Name, StringComparer.Ordinal))
        {
            if (claim.Phase == ClaimPhase.Removed) continue;
            Judge(claim);
        }
    }

    public BudgetBook Budgets { get; }

    public Dictionary<string, Candidate> Candidates { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, NodeVerdict> Verdicts { get; } = new(StringComparer.Ordinal);

    public void Say(Candidate one, VerdictReason reason, string why) => Keep(one.Claim, reason, why, null);

    private void Judge(ClaimState claim)
    {
        var node = _seen.Cluster.Placement.Node(claim.Name);
        var history = _seen.Histories.GetValueOrDefault(claim.Name) ?? new NodeHistory();
        if (claim.Phase == ClaimPhase.Draining)
            Keep(claim, VerdictReason.NotReady, "it is being emptied already", null);
        else if (node is null || claim.Phase != ClaimPhase.Ready)
            Keep(claim, VerdictReason.NotReady, "it is joining", null);
        else if (!history.Reachable)
            Keep(claim, VerdictReason.Silent, "its kubelet is silent, and unreachable is not gone", null);
        else if (!node.Ready)
            Keep(claim, VerdictReason.NotReady, "it is not ready", null);
        else if (node.Unschedulable)
            Keep(claim, VerdictReason.NotReady, "somebody cordoned it", null);
        else if (history.IsReplacement)
            Keep(claim, VerdictReason.Replacement, "it takes the place of dearer nodes", null);
        else if (history.RestUntil is { } rest && rest > _now)
        {
            Keep(claim, VerdictReason.Resting,
                $"emptying it was given up; it is tried again at {Words.Time(rest)}", rest);
        }
        else if (claim.LaunchedAt + claim.Offer.MinimumBilling is { } paid && paid > _now)
            Keep(claim, VerdictReason.PaidFor, $"it is paid for until {Words.Time(paid)} anyway", paid);
        else if (node.CreatedAt + _policy.Settle > _now)
        {
            Keep(claim, VerdictReason.Settling,
                $"it joined less than {Words.Span(_policy.Settle)} ago", node.CreatedAt + _policy.Settle);
        }
        else Judge(claim, node);
    }

    private void Judge(ClaimState claim, NodeRecord node)
    {
        var (pods, rest) = (new List<PodRecord>(), new List<PodRecord>());
        DateTimeOffset settled = default, ends = default;
        PodRecord? young = null;
        foreach (var pod in _seen.Cluster.Placement.PodsOn(claim.Name))
        {
            if (PodMarks.BelongsToNode(pod) || pod.Terminating)
            {
                rest.Add(pod);
                continue;
            }

            // Pods that any other may push aside do not hold a node, as in the autoscalers.
            if (pod.Requirements.Priority < BurstRules.ExpendableBelow && !PodMarks.MustStay(pod)) continue;
            if (PodMarks.Loses(pod) is { } loss)
            {
                Keep(claim, VerdictReason.PodFixed, loss, null);
                return;
            }

            if (Budgets.Forbids(pod) is { } forbidden)
            {
                Keep(claim, VerdictReason.BudgetFixed, forbidden, null);
                return;
            }

            if (Started(pod) + _policy.Settle > _now && Started(pod) + _policy.Settle > settled)
                (settled, young) = (Started(pod) + _policy.Settle, pod);
            var end = _seen.Cluster.ExpectedEnds.TryGetValue(pod.Key, out var known) ? known : DateTimeOffset.MaxValue;
            if (end > ends) ends = end;
            pods.Add(pod);
        }

        if (young is not null)
        {
            Keep(claim, VerdictReason.Settling,
                $"{young.Key} started on it less than {Words.Span(_policy.Settle)} ago", settled);
            return;
        }

        // What is hardest to place comes first; equals by name, so that the order of events does not matter.
        pods.Sort((a, b) => ClearedCluster.HardestFirst(a, b, node));
        var cost = MoveCosts.Of(pods, node, claim.Offer.Price.Amount);
        if (pods.Count > 0 && cost > claim.Offer.Price.Amount * Horizon(ends))
        {
            Keep(claim, VerdictReason.NotWorthMoving,
                ends - _now < _policy.Payback
                    ? $"its pods end by themselves at {Words.Time(ends)}, before moving them would have paid"
                    : $"moving its pods costs more than {Words.Span(_policy.Payback)} of its price", null);
            return;
        }

        Candidates.Add(claim.Name, new Candidate(claim, node, pods, rest, cost));
    }

    private decimal Horizon(DateTimeOffset ends)
    {
        var left = ends - _now;
        return (decimal)(left < _policy.Payback ? left : _policy.Payback).TotalHours;
    }

    private static DateTimeOffset Started(PodRecord pod) => pod.StartedAt ?? pod.CreatedAt;

    private void Keep(ClaimState claim, VerdictReason reason, string why, DateTimeOffset? until) =>
        Verdicts[claim.Name] = new NodeVerdict(claim.Name, reason, why, claim.Offer.Price) { Until = until };
}
