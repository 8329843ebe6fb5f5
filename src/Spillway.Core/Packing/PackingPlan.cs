using Spillway.Core.Placement;

namespace Spillway.Core.Packing;

/// <summary>Which nodes to rent, which pods go where, and how far from the cheapest possible that is at most.</summary>
public sealed record PackingPlan
{
    public required IReadOnlyList<PackedNode> Nodes { get; init; }

    /// <summary>
    /// Pods with their nodes, in an order in which every constraint holds at each step: spread and affinity by domain
    /// first, in the order in which the domains were chosen.
    /// </summary>
    public required IReadOnlyList<PodBinding> Bindings { get; init; }

    public required IReadOnlyList<UnpackedPod> Unpacked { get; init; }

    public decimal PricePerHour { get; init; }

    /// <summary>
    /// No packing of the pods in <see cref="Bindings"/> is cheaper: the price of the resources and of the nodes that
    /// pods with anti-affinity need, if nodes could be had in fractions.
    /// </summary>
    public decimal BoundPerHour { get; init; }

    internal Func<int, IReadOnlySet<int>, int> FindNextBest { get; init; } = (_, _) => -1;

    /// <summary>
    /// What to ask for when the cloud refuses a node's offer: the cheapest other one that holds the node's pods where they
    /// may go, as an index into the offers of the request; -1 when there is none.
    /// </summary>
    /// <param name="node">Index into the nodes of the plan.</param>
    /// <param name="refused">Offers that are not to be asked for (again).</param>
    public int NextBest(int node, IReadOnlySet<int> refused) => FindNextBest(node, refused);
}

/// <param name="Offer">Index into the offers of the request.</param>
/// <param name="Pods">Indices into the pods of the request.</param>
public sealed record PackedNode(int Offer, IReadOnlyList<int> Pods);

/// <param name="Pod">Index into the pods of the request.</param>
/// <param name="Node">Index into the nodes of the plan.</param>
public readonly record struct PodBinding(int Pod, int Node);

/// <summary>A pod without a node in the plan.</summary>
/// <param name="Pod">Index into the pods of the request.</param>
public readonly record struct UnpackedPod(int Pod, UnpackedReason Reason);

public enum UnpackedReason
{
    /// <summary>No offer is large enough, or none has the labels and tolerable taints.</summary>
    NoOfferFits,

    /// <summary>Spread, affinity or anti-affinity leave no domain.</summary>
    NoDomain,

    /// <summary>Offers that fit are out of stock, or their pools are full.</summary>
    NoStock,

    /// <summary>Other members of its gang are missing, held back, or found no node.</summary>
    GangIncomplete,

    /// <summary>A scheduling gate holds it back.</summary>
    HeldBack,

    /// <summary>It asks for something that only a look at single nodes can answer: volumes, affinity to a host.</summary>
    NeedsSingleLook,
}
