using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;

namespace Spillway.Controllers.Costs;

/// <summary>Ledger entries from what the controllers see.</summary>
internal static class Entries
{
    /// <param name="offer">What was bought; null when the claim itself says it all.</param>
    public static NodeEntry Rented(NodeClaim claim, Offer? offer, DateTimeOffset launchedAt) =>
        new(claim.Uid, claim.Name, offer?.Price ?? claim.Price, launchedAt)
        {
            Pool = claim.Pool,
            Site = offer?.Template.Labels.GetValueOrDefault(NodeLabels.Site) ?? "",
            InstanceType = offer?.InstanceType ?? claim.InstanceType,
            Zone = offer?.Zone ?? claim.Zone,
            Purchase = offer?.Purchase ?? claim.Purchase,
            MinimumBilling = offer?.MinimumBilling ?? TimeSpan.FromMinutes(1),
            ReadyAt = claim.ReadyAt,
            Why = claim.Verdict.Length > 0 ? $"{claim.Why}; {claim.Verdict}" : claim.Why,
        };

    public static NodeEntry Owned(ObservedNode node) =>
        new(OwnedId(node.Name), node.Name, node.Price, node.Record.CreatedAt)
    {
        Site = node.Site,
        ReadyAt = node.Record.Ready ? node.Record.CreatedAt : null,
        Why = "a machine of the team's own",
    };

    public static string OwnedId(string node) => $"machine/{node}";

    /// <summary>The largest part of any resource of the node that the pod asks for: the part of the price it bears.</summary>
    public static decimal Share(ResourceAmounts requests, ResourceAmounts room) => CloudQuotes.ShareOf(requests, room);

    /// <summary>What the pod would cost on the cheapest offer that is large enough; null when none is.</summary>
    public static HourlyPrice? CloudPrice(PodRecord pod, IReadOnlyList<Offer> offers)
    {
        HourlyPrice? least = null;
        foreach (var offer in offers)
        {
            var room = RoomOf(offer);
            var fits = true;
            foreach (var (resource, amount) in pod.Requirements.Requests) fits &= room[resource] >= amount;
            if (!fits) continue;
            var price = offer.Price * Share(pod.Requirements.Requests, room);
            if (least is null || price < least) least = price;
        }

        return least;
    }

    private static ResourceAmounts RoomOf(Offer offer) => Core.Burst.OfferNodes.Allocatable(offer);
}
