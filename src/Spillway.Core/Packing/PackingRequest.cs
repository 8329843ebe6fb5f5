using Spillway.Core.Placement;

namespace Spillway.Core.Packing;

/// <summary>Pods that fit no node that is there, and what could be rented for them.</summary>
public sealed record PackingRequest
{
    /// <summary>In any order; the cost of the answer does not depend on it.</summary>
    public required IReadOnlyList<PodRecord> Pods { get; init; }

    /// <summary>In the order that breaks ties between equal prices.</summary>
    public required IReadOnlyList<PackingOffer> Offers { get; init; }

    /// <summary>How many more nodes a pool may have; a pool that is not named has no limit.</summary>
    public IReadOnlyDictionary<string, int> PoolRoom { get; init; } = new Dictionary<string, int>();

    /// <summary>The cluster as it is: its pods count for spread and affinity. It is changed and changed back meanwhile.</summary>
    public PlacementModel? Standing { get; init; }

    /// <summary>What a preference may cost; by default it only decides between equal prices.</summary>
    public PreferencePrice Preferences { get; init; } = PreferencePrice.Nothing;

    /// <summary>How long to improve; the answer is the same for the same effort.</summary>
    public PackingEffort Effort { get; init; } = PackingEffort.Default;

    /// <summary>Ends the improvement early. What is known by then is the answer, and it is feasible.</summary>
    public CancellationToken Enough { get; init; }
}

/// <summary>One thing that can be rented: a node as it would join, and its price.</summary>
/// <param name="Node">
/// Labels, taints and what is left of the node for work, once daemons have their share. The name does not matter.
/// </param>
/// <param name="PricePerHour">In the currency of all offers.</param>
public sealed record PackingOffer(NodeRecord Node, decimal PricePerHour)
{
    /// <summary>Offers of one pool share its limit; empty for none.</summary>
    public string Pool { get; init; } = "";

    /// <summary>How many there are; null when that is not known, which is no limit.</summary>
    public int? Stock { get; init; }
}

/// <summary>What it is worth an hour to keep one point of weight of one pod's preference.</summary>
public sealed record PreferencePrice(decimal PerWeightAndHour)
{
    /// <summary>Preferences never cost anything.</summary>
    public static PreferencePrice Nothing { get; } = new(0m);
}

/// <summary>A budget that does not depend on the machine.</summary>
/// <param name="PatternRounds">Rounds of column generation; each looks for better ways to fill a node.</param>
/// <param name="RepacksPerNode">How often a bad group of nodes is packed again, as a multiple of the nodes.</param>
public sealed record PackingEffort(int PatternRounds, double RepacksPerNode)
{
    /// <summary>Greedy only: for questions that are asked a hundred times in a row.</summary>
    public static PackingEffort Least { get; } = new(0, 0);

    /// <summary>Measured: more repacking costs more time than the mix and gains less than a thousandth of the price.</summary>
    public static PackingEffort Default { get; } = new(60, 0.01);

    public static PackingEffort Most { get; } = new(400, 20);
}
