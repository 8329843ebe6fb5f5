using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Plans;

namespace Spillway.Core.Ports;

/// <summary>One thing a pool can rent: an instance type in a zone, paid one way, and the node that would join.</summary>
/// <param name="Pool">The pool of the cluster file.</param>
/// <param name="InstanceType">The cloud's own name for it, such as <c>f1.4xlarge</c>.</param>
/// <param name="Zone">The cloud's own name, such as <c>us-east-1a</c>; empty where the cloud has none.</param>
/// <param name="Price">Today's price.</param>
/// <param name="Template">
/// The node as it would join, with its labels (pool, purchase, zone, instance type), taints and allocatable resources
/// including devices and logical accelerators.
/// </param>
public sealed record Offer(
    string Pool,
    string InstanceType,
    string Zone,
    PurchaseOption Purchase,
    HourlyPrice Price,
    NodeTemplate Template)
{
    /// <summary>How long a node of this offer usually takes to join; bounds what a launch will cost.</summary>
    public TimeSpan Startup { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The shortest time the cloud bills once started (a minute on most).</summary>
    public TimeSpan MinimumBilling { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many the cloud says it can give now; null when it does not say. A hint, never a promise.</summary>
    public int? Stock { get; init; }

    public static Offer Of(PoolOffer offer) =>
        new(offer.Pool, offer.InstanceType, offer.Zone, offer.Purchase, offer.Price, offer.Template);

    public OfferKey Key => new(Pool, InstanceType, Zone, Purchase);
}

/// <summary>What identifies an offer while its price and template move.</summary>
public readonly record struct OfferKey(string Pool, string InstanceType, string Zone, PurchaseOption Purchase)
{
    public override string ToString() =>
        $"{Pool}/{InstanceType}{(Zone.Length == 0 ? "" : "/" + Zone)}/{PurchaseText}";

    public string PurchaseText => NodeLabels.Print(Purchase);
}
