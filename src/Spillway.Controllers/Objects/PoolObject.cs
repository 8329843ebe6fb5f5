using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Objects;

/// <summary>A pool as it lives in the cluster. Its spec begins as the cluster file says and may be edited.</summary>
public sealed class PoolObject(JsonObject json) : KubernetesObject(json)
{
    public int Min => Json.Integer("spec", "min") ?? 0;

    public int Max => Json.Integer("spec", "max") ?? 10;

    public bool IsPaused => Json.Flag("spec", "paused") == true || IsTerminating;

    /// <summary>The ways to pay that the pool allows, preferred one first.</summary>
    public IReadOnlyList<PurchaseOption> Purchases => Json.Text("spec", "purchase") switch
    {
        "spot" => [PurchaseOption.Spot],
        "spot-then-on-demand" => [PurchaseOption.Spot, PurchaseOption.OnDemand],
        _ => [PurchaseOption.OnDemand],
    };

    public string? QuotaExceeded(DateTimeOffset now) =>
        Json.Time("status", "quotaRetryAt") is { } retry && retry > now ? Json.Text("status", "quotaExceeded") : null;

    public IEnumerable<StockOut> StockOuts => Json.ObjectsAt("status", "stockOuts").Select(Read);

    public static JsonObject ToJson(StockOut stockOut) => new()
    {
        ["instanceType"] = stockOut.Offer.InstanceType,
        ["zone"] = stockOut.Offer.Zone,
        ["purchase"] = stockOut.Offer.PurchaseText,
        ["failures"] = stockOut.Failures,
        ["retryAt"] = KubernetesJson.Timestamp(stockOut.RetryAt),
        ["why"] = stockOut.Why,
    };

    private StockOut Read(JsonObject json) => new(
        new OfferKey(
            Name,
            json.Text("instanceType") ?? "",
            json.Text("zone") ?? "",
            json.Text("purchase") == "spot" ? PurchaseOption.Spot : PurchaseOption.OnDemand),
        json.Integer("failures") ?? 1,
        json.Time("retryAt") ?? DateTimeOffset.MinValue,
        json.Text("why") ?? "");
}

/// <summary>A logical accelerator as it lives in the cluster.</summary>
public sealed class AcceleratorObject(JsonObject json) : KubernetesObject(json)
{
    public string Resource => Json.Text("spec", "resource") ?? Accelerator.ResourcePrefix + Name;

    public Accelerator ToAccelerator() => new()
    {
        Name = Name,
        Resource = Resource,
        Provides = [.. Json.ObjectsAt("spec", "provides").Select(one => new AcceleratorProvider(
            one.Text("device") ?? "", one.Integer("perDevice") ?? 0))],
    };
}
