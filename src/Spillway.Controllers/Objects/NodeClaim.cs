using System.Text.Json.Nodes;
using Spillway.Controllers.Costs;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Objects;

/// <summary>
/// One rented node: stored before the cloud is asked, so a crash between the two repeats the same token and can leave a
/// claim without a machine, but never a machine nobody knows about.
/// </summary>
public sealed class NodeClaim(JsonObject json) : KubernetesObject(json)
{
    public string Pool => Json.Text("spec", "pool") ?? "";

    /// <summary>What is launched: the status' words once the cloud was asked, the wishes of the spec before.</summary>
    public string InstanceType => Json.Text("status", "instanceType") ?? Json.Text("spec", "instanceType") ?? "";

    public string Zone => Json.Text("status", "zone") ?? Json.Text("spec", "zone") ?? "";

    public PurchaseOption Purchase =>
        (Json.Text("status", "purchase") ?? Json.Text("spec", "purchase")) == "spot"
            ? PurchaseOption.Spot
            : PurchaseOption.OnDemand;

    public OfferKey OfferKey => new(Pool, InstanceType, Zone, Purchase);

    public HourlyPrice Price =>
        HourlyPrice.TryParse(Json.Text("status", "price") ?? Json.Text("spec", "price"), out var price)
            ? price
            : HourlyPrice.Zero;

    public IEnumerable<string> Pods => Json.TextsAt("spec", "pods");

    public string Why => Json.Text("spec", "why") ?? "";

    public string Decision => Json.Text("spec", "decision") ?? Uid;

    public string WouldChange => Json.Text("spec", "wouldChange") ?? "";

    public IEnumerable<RejectedPool> Rejected => Json.ObjectsAt("spec", "rejected")
        .Select(one => new RejectedPool(one.Text("pool") ?? "", one.Text("why") ?? ""));

    public ClaimPhase Phase =>
        Enum.TryParse<ClaimPhase>(Json.Text("status", "phase"), out var phase) ? phase : ClaimPhase.Pending;

    public LaunchToken Token => new(Uid);

    /// <summary>Empty until the cloud said yes.</summary>
    public string MachineId => Json.Text("status", "machineId") ?? "";

    public DateTimeOffset? LaunchedAt => Json.Time("status", "launchedAt");

    public DateTimeOffset? ReadyAt => Json.Time("status", "readyAt");

    public DateTimeOffset? IdleSince => Json.Time("status", "idleSince");

    public DateTimeOffset? InterruptedAt => Json.Time("status", "interruptedAt");

    /// <summary>The claims whose place it takes.</summary>
    public IEnumerable<string> Replaces => Json.TextsAt("spec", "replaces");

    /// <summary>The order to empty it because its pods have room elsewhere; null when there is none.</summary>
    public ConsolidationOrder? Consolidation => Json.Time("status", "consolidation", "at") is { } at
        ? new ConsolidationOrder(
            Json.Text("status", "consolidation", "kind") ?? "", Json.Text("status", "consolidation", "why") ?? "", at)
        : null;

    public DateTimeOffset? ConsolidationGivenUpAt => Json.Time("status", "consolidationGivenUpAt");

    /// <summary>Why it is still here, or could go; empty before anybody looked.</summary>
    public string Verdict => Json.Text("status", "verdict") ?? "";

    public string Message => Json.Text("status", "message") ?? "";

    /// <summary>Somebody deleted it: an order to give the node back.</summary>
    public bool IsOrderedAway => IsTerminating;

    /// <summary>A new claim for one node of an offer.</summary>
    public static NodeClaim For(string name, Offer offer, ClaimReason reason)
    {
        var claim = SpillwayResources.NodeClaims.New(ObjectKey.Cluster(name));
        claim.Metadata["finalizers"] = new JsonArray(SpillwayNames.MachineFinalizer);
        claim.Metadata["labels"] = new JsonObject { [NodeLabels.Pool] = offer.Pool };
        claim.Json["spec"] = new JsonObject
        {
            ["pool"] = offer.Pool,
            ["instanceType"] = offer.InstanceType,
            ["zone"] = offer.Zone,
            ["purchase"] = offer.Key.PurchaseText,
            ["price"] = offer.Price.ToString(),
            ["pods"] = new JsonArray([.. reason.Pods.Select(pod => JsonValue.Create(pod.ToString()))]),
            ["why"] = reason.Why,
            ["decision"] = reason.Decision,
            ["wouldChange"] = reason.WouldChange,
            ["rejected"] = new JsonArray([.. reason.Rejected.Select(
                one => new JsonObject { ["pool"] = one.Pool, ["why"] = one.Why })]),
        };
        if (reason.Replaces.Count > 0)
            claim.Json["spec"]!["replaces"] = new JsonArray([.. reason.Replaces.Select(one => JsonValue.Create(one))]);
        return claim;
    }
}

/// <summary>What a claim remembers of its decision, so that the ledger can be written from the claim alone.</summary>
public sealed record ClaimReason(string Decision, string Why)
{
    public IReadOnlyList<PodKey> Pods { get; init; } = [];

    public IReadOnlyList<RejectedPool> Rejected { get; init; } = [];

    public string WouldChange { get; init; } = "";

    public IReadOnlyList<string> Replaces { get; init; } = [];
}
