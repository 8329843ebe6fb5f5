using System.Text.Json.Nodes;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Costs;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Pools;

/// <summary>Keeps the pools' status: what <c>kubectl get pools</c> shows.</summary>
internal sealed class PoolReconciler(ControllerContext context, ClusterState state, OfferDesk offers, StockBook stock)
{
    public async Task<Reconciled> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (state.Pools.Get(ObjectKey.Cluster(name)) is not { } pool) return Reconciled.Done;
        stock.Load(pool);
        var claims = state.Claims.List()
            .Where(claim => claim.Pool == name && claim.Phase != ClaimPhase.Removed).ToList();
        var price = HourlyPrice.Zero;
        foreach (var claim in claims.Where(claim => claim.LaunchedAt is not null)) price += claim.Price;
        var cheapest = (await offers.OffersAsync(name, cancellationToken)).OrderBy(offer => offer.Price.Amount)
            .FirstOrDefault();
        var status = new JsonObject
        {
            ["nodes"] = claims.Count,
            ["ready"] = claims.Count(claim => claim.Phase == ClaimPhase.Ready),
            ["joining"] = claims.Count(claim => claim.Phase is ClaimPhase.Pending or ClaimPhase.Launched),
            ["pricePerHour"] = price.ToString(),
        };
        if (cheapest is not null)
        {
            status["cheapest"] = $"{cheapest.InstanceType} {cheapest.Key.PurchaseText}"
                + $"{(cheapest.Zone.Length == 0 ? "" : " " + cheapest.Zone)} {cheapest.Price}";
        }

        if (status.All(field => KubernetesJson.Same(field.Value, pool.Status?[field.Key]))) return Reconciled.Done;
        await context.Client.PatchAsync(
            SpillwayResources.Pools,
            pool.Key,
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);
        return Reconciled.Done;
    }
}
