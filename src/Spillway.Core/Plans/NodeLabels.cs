using Spillway.Core.ClusterFile;

namespace Spillway.Core.Plans;

/// <summary>The labels and annotations that Spillway puts on nodes and reads back.</summary>
public static class NodeLabels
{
    public const string Hostname = "kubernetes.io/hostname";
    public const string Arch = "kubernetes.io/arch";
    public const string Os = "kubernetes.io/os";
    public const string InstanceType = "node.kubernetes.io/instance-type";
    public const string Region = "topology.kubernetes.io/region";
    public const string Zone = "topology.kubernetes.io/zone";
    public const string ControlPlane = "node-role.kubernetes.io/control-plane";

    /// <summary>The pool a rented node belongs to; owned machines do not have it.</summary>
    public const string Pool = "spillway.dev/pool";

    /// <summary>The site of a machine; a rented node's region.</summary>
    public const string Site = "spillway.dev/site";

    /// <summary><c>on-demand</c> or <c>spot</c>; owned machines do not have it.</summary>
    public const string Purchase = "spillway.dev/purchase";

    /// <summary>Karpenter's name for the same, so that its users' manifests work unchanged.</summary>
    public const string CapacityType = "karpenter.sh/capacity-type";

    /// <summary>What the node costs, <c>1.65 USD/h</c>.</summary>
    public const string PriceAnnotation = "spillway.dev/price";

    public static string Print(PurchaseOption purchase) => purchase switch
    {
        PurchaseOption.Spot => "spot",
        _ => "on-demand",
    };

    public static PurchaseOption? ParsePurchase(string? text) => text switch
    {
        "spot" => PurchaseOption.Spot,
        "on-demand" => PurchaseOption.OnDemand,
        _ => null,
    };
}
