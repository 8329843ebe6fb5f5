using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Consolidation;

/// <summary>A rented node that may go if its pods find room.</summary>
/// <param name="claim">Its claim, with the price it was rented at.</param>
/// <param name="node">The node as it is.</param>
/// <param name="pods">The pods that need another node, hardest to place first.</param>
/// <param name="rest">Daemons and pods that are ending: they go with the node.</param>
/// <param name="moveCost">Of its pods, in the currency of the price.</param>
internal sealed class Candidate(
    ClaimState claim, NodeRecord node, IReadOnlyList<PodRecord> pods, IReadOnlyList<PodRecord> rest, decimal moveCost)
{
    public ClaimState Claim { get; } = claim;

    public NodeRecord Node { get; } = node;

    public IReadOnlyList<PodRecord> Pods { get; } = pods;

    public IReadOnlyList<PodRecord> Rest { get; } = rest;

    public decimal MoveCost { get; } = moveCost;

    public string Name => Claim.Name;

    public Offer Offer => Claim.Offer;

    public decimal Price => Claim.Offer.Price.Amount;

    public bool IsEmpty => Pods.Count == 0;

    /// <summary>What its pods ask for together, each one a pod as well.</summary>
    public ResourceAmounts Asked { get; } = pods.Aggregate(ResourceAmounts.Empty,
        (sum, pod) => sum.Plus(pod.Requirements.Requests)).With(ResourceAmounts.Pods, pods.Count);

    /// <summary>What is paid for and not used, an hour.</summary>
    public decimal Waste { get; } = claim.Offer.Price.Amount
        * (1 - Math.Min(1, pods.Sum(pod => MoveCosts.Share(pod, node))));
}
