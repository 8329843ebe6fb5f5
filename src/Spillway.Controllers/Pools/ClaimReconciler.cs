using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Pools;

/// <summary>
/// Brings a claim to its node: Pending → Launched → Ready. What comes after that is Reclaim's.
/// </summary>
/// <remarks>
/// The claim is stored before it gets here, the decision is written before the cloud is asked, and the cloud is asked
/// with the claim's uid: whoever is killed between two of these steps repeats them without doing anything twice.
/// </remarks>
internal sealed partial class ClaimReconciler(ControllerContext context, ClusterState state, OfferDesk offers,
    StockBook stock)
{
    // Nodes join in one to five minutes; the cluster autoscaler gives up after fifteen, and so do we.
    private static readonly TimeSpan JoinTimeout = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan QuotaPause = TimeSpan.FromMinutes(10);

    public async Task<Reconciled> ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (state.Claims.Get(ObjectKey.Cluster(name)) is not { } known || known.IsOrderedAway) return Reconciled.Done;
        return known.Phase switch
        {
            ClaimPhase.Pending => await LaunchAsync(name, cancellationToken),
            ClaimPhase.Launched => await JoinAsync(known, cancellationToken),
            _ => Reconciled.Done,
        };
    }

    private async Task<Reconciled> LaunchAsync(string name, CancellationToken cancellationToken)
    {
        // Decisions age: what is launched is what the server holds now, not what the informer last heard.
        var claim = await context.Client.GetAsync(SpillwayResources.NodeClaims, ObjectKey.Cluster(name),
            cancellationToken);
        if (claim is null || claim.IsOrderedAway || claim.Phase != ClaimPhase.Pending) return Reconciled.Done;
        var offer = await FindAsync(claim, cancellationToken);
        if (offer is null)
        {
            await SetStatusAsync(claim, new JsonObject
            {
                ["message"] = $"pool {claim.Pool} offers no {claim.OfferKey}: delete the claim, or ask for what it offers",
            }, cancellationToken);
            return Reconciled.After(TimeSpan.FromMinutes(1));
        }

        var now = context.Now;
        context.Ledger.Record(new DecisionEntry(claim.Uid, now, claim.Replaces.Any() ? "replace" : "burst", claim.Why)
        {
            PartOf = claim.Decision,
            Pool = offer.Pool,
            Count = 1,
            Pods = [.. claim.Pods.Select(PodKeys.Parse)],
            Rejected = [.. claim.Rejected],
            WouldChange = claim.WouldChange,
        });
        LogLaunching(context.Logger, claim.Name, offer.Key, claim.Why);
        switch (await context.Cloud.LaunchAsync(new LaunchOrder(claim.Token, claim.Name, offer), cancellationToken))
        {
            case LaunchResult.Launched launched:
                await LaunchedAsync(claim, offer, launched.MachineId, cancellationToken);
                return Reconciled.Done;
            case LaunchResult.NoCapacity no:
                await RefusedAsync(claim, offer, no.Why, quota: false, cancellationToken);
                return Reconciled.Done;
            case LaunchResult.QuotaExceeded no:
                await RefusedAsync(claim, offer, no.Why, quota: true, cancellationToken);
                return Reconciled.Done;
            case LaunchResult.Refused no:
                await RefusedAsync(claim, offer, no.Why, quota: false, cancellationToken);
                return Reconciled.Done;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private async Task<Offer?> FindAsync(NodeClaim claim, CancellationToken cancellationToken)
    {
        // A claim made by hand may leave things open: the cheapest offer that it allows is meant.
        var spec = claim.Spec;
        return (await offers.OffersAsync(claim.Pool, cancellationToken))
            .Where(offer => spec.Text("instanceType") is not { Length: > 0 } type || type == offer.InstanceType)
            .Where(offer => spec.Text("zone") is not { Length: > 0 } zone || zone == offer.Zone)
            .Where(offer => spec.Text("purchase") is not { Length: > 0 } purchase || purchase == offer.Key.PurchaseText)
            .OrderBy(offer => offer.Price.Amount)
            .FirstOrDefault();
    }

    private async Task LaunchedAsync(NodeClaim claim, Offer offer, string machine, CancellationToken cancellationToken)
    {
        var now = context.Now;
        if (stock.Served(offer.Key)) await WriteStockOutsAsync(offer.Pool, null, cancellationToken);
        context.Ledger.Record([Entries.Rented(claim, offer, now)], []);
        await SetStatusAsync(claim, new JsonObject
        {
            ["phase"] = nameof(ClaimPhase.Launched),
            ["machineId"] = machine,
            ["nodeName"] = claim.Name,
            ["instanceType"] = offer.InstanceType,
            ["zone"] = offer.Zone,
            ["purchase"] = offer.Key.PurchaseText,
            ["price"] = offer.Price.ToString(),
            ["launchedAt"] = KubernetesJson.Timestamp(now),
            ["joinBy"] = KubernetesJson.Timestamp(now + JoinTimeout),
            ["message"] = null,
        }, cancellationToken);
    }

    private async Task RefusedAsync(NodeClaim claim, Offer offer, string why, bool quota,
        CancellationToken cancellationToken)
    {
        LogRefused(context.Logger, claim.Name, offer.Key, why);
        context.Ledger.Retract(claim.Uid, "stockout", $"the cloud refused: {why}");
        offers.Forget(offer.Pool);
        if (!quota) stock.Refused(offer.Key, why, context.Now);
        await WriteStockOutsAsync(offer.Pool, quota ? why : null, cancellationToken);

        // Nothing was started under this token, so nothing holds the claim any more; the next best offer gets a new one.
        await ClaimRemoval.DropAsync(context.Client, claim, cancellationToken);
    }

    private async Task WriteStockOutsAsync(string pool, string? quota, CancellationToken cancellationToken)
    {
        var status = new JsonObject
        {
            ["stockOuts"] = new JsonArray([.. stock.Of(pool).Select(PoolObject.ToJson)]),
        };
        if (quota is not null)
        {
            status["quotaExceeded"] = quota;
            status["quotaRetryAt"] = KubernetesJson.Timestamp(context.Now + QuotaPause);
        }

        await context.Client.PatchAsync(
            SpillwayResources.Pools,
            ObjectKey.Cluster(pool),
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);
    }

    private async Task<Reconciled> JoinAsync(NodeClaim claim, CancellationToken cancellationToken)
    {
        var now = context.Now;
        if (state.Nodes.Get(ObjectKey.Cluster(claim.Name)) is { Record.Ready: true })
        {
            context.Ledger.Record([Entries.Rented(claim, null, claim.LaunchedAt ?? now) with { ReadyAt = now }], []);
            await SetStatusAsync(claim, new JsonObject
            {
                ["phase"] = nameof(ClaimPhase.Ready),
                ["readyAt"] = KubernetesJson.Timestamp(now),
            }, cancellationToken);
            return Reconciled.Done;
        }

        var joinBy = (claim.LaunchedAt ?? now) + JoinTimeout;
        if (now < joinBy) return Reconciled.After(joinBy - now);

        // An order like any other: Reclaim takes the machine back, and the offer is left alone for a while.
        var why = $"its node did not join within {JoinTimeout.TotalMinutes:0} minutes";
        LogNotJoined(context.Logger, claim.Name, why);
        stock.Refused(claim.OfferKey, why, now);
        await WriteStockOutsAsync(claim.Pool, null, cancellationToken);
        await SetStatusAsync(claim, new JsonObject { ["message"] = why }, cancellationToken);
        await context.Client.DeleteAsync(
            SpillwayResources.NodeClaims, claim.Key, new DeleteOptions { Uid = claim.Uid }, cancellationToken);
        return Reconciled.Done;
    }

    private Task SetStatusAsync(NodeClaim claim, JsonObject status, CancellationToken cancellationToken) =>
        context.Client.PatchAsync(
            SpillwayResources.NodeClaims,
            claim.Key,
            KubernetesPatch.Merge(new JsonObject { ["status"] = status }),
            WriteOptions.OnStatus,
            cancellationToken);

    [LoggerMessage(101, LogLevel.Information, "{Claim}: asking for {Offer}: {Why}")]
    private static partial void LogLaunching(ILogger logger, string claim, OfferKey offer, string why);

    [LoggerMessage(102, LogLevel.Information, "{Claim}: the cloud refused {Offer}: {Why}")]
    private static partial void LogRefused(ILogger logger, string claim, OfferKey offer, string why);

    [LoggerMessage(103, LogLevel.Warning, "{Claim}: {Why}; it is given back")]
    private static partial void LogNotJoined(ILogger logger, string claim, string why);
}
