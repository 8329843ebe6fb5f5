using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>Says, with the numbers, why no machine and no pool can ever take a pod.</summary>
internal sealed class Refusals(BurstObservation seen, Scene scene, OfferBook book, PodFacts facts, Reasons reasons)
{
    public BurstDecision Describe(Unit unit)
    {
        // The member that cannot run decides for its gang.
        var pod = unit.Keys.First(key => seen.Pools.All(pool => reasons.Misfit(pool, key) is not null));
        var rejected = seen.Pools.Select(pool => reasons.Misfit(pool, pod)!).ToList();
        var (why, change) = Shortage(facts.Record(pod)) ?? Elsewise(rejected);
        return new BurstDecision.Refuse
        {
            Pods = unit.Keys,
            Reason = BurstReason.NothingFits,
            Why = unit.IsGang ? $"{pod.Name}, without which its gang cannot run: {why}" : why,
            WouldChange = change,
            Rejected = rejected,
        };
    }

    /// <summary>The resource that no node anywhere has enough of; null when it is not a matter of size.</summary>
    private (string Why, string Change)? Shortage(PodRecord pod)
    {
        foreach (var (resource, amount) in pod.Requirements.Requests)
        {
            var best = book.Listings
                .OrderByDescending(listing => OfferNodes.Allocatable(listing.Offer)[resource])
                .FirstOrDefault();
            var most = best is null ? 0 : OfferNodes.Allocatable(best.Offer)[resource];
            var owned = scene.OwnedNodes().Select(name => (Name: name, Has: scene.Node(name)!.Allocatable[resource]))
                .OrderByDescending(node => node.Has).ThenBy(node => node.Name, StringComparer.Ordinal).FirstOrDefault();
            if (most >= amount || owned.Has >= amount) continue;
            var accelerator = seen.Accelerators.FirstOrDefault(one => one.Resource == resource);
            return accelerator is null
                ? OfResource(resource, amount, best, most, (owned.Name, owned.Has))
                : OfDevices(accelerator, amount, best, (owned.Name, owned.Has));
        }

        return null;
    }

    private static (string Why, string Change) OfResource(
        string resource, long amount, Listing? best, long most, (string? Name, long Has) owned)
    {
        var need = ResourceAmounts.FormatAmount(resource, amount);
        var pool = best is null || most == 0
            ? "no pool has a node with any"
            : $"the largest pool node is {best.Pool.Name} ({best.Offer.InstanceType}) with "
                + ResourceAmounts.FormatAmount(resource, most);
        return (
            $"needs {need} {resource} in one node; {pool}{Owned(owned, resource)}",
            $"a pool whose nodes have at least {need} {resource}, or a smaller request");
    }

    private static (string Why, string Change) OfDevices(
        Accelerator accelerator, long amount, Listing? best, (string? Name, long Has) owned)
    {
        var group = best?.Offer.Template.Devices
            .Where(devices => accelerator.PerDevice(devices.Model) > 0)
            .OrderByDescending(devices => accelerator.PerDevice(devices.Model) * devices.Count)
            .FirstOrDefault();
        if (best is null || group is null)
        {
            var models = string.Join(" or ", accelerator.Provides.Select(one => one.Device));
            return (
                $"needs {amount} × {accelerator.Name}, which only {models} can hold, and no pool has one"
                    + Owned(owned, accelerator.Resource),
                $"a pool with {models}");
        }

        var perDevice = accelerator.PerDevice(group.Model);
        var devices = LogicalAccelerators.DevicesNeeded(accelerator, group.Model, amount) ?? 0;
        return (
            $"needs {devices} × {group.Resource.Replace('/', ' ')} in one node ({amount} accelerators, {perDevice} a "
                + $"device); the largest pool node is {best.Pool.Name} with {group.Count}{Owned(owned, accelerator.Resource)}",
            $"a pool whose nodes have at least {devices} × {group.Model}, or a request of at most "
                + $"{perDevice * group.Count} × {accelerator.Name}");
    }

    private static string Owned((string? Name, long Has) owned, string resource) =>
        owned.Has == 0
            ? "; no owned machine has any"
            : $"; of the owned machines {owned.Name} has most: {ResourceAmounts.FormatAmount(resource, owned.Has)}";

    private static (string Why, string Change) Elsewise(List<Rejection> rejected)
    {
        if (rejected.Count == 0)
        {
            return (
                "no node could ever take it, and there is no pool to rent from",
                "a pool that fits, or other requirements");
        }

        var why = "no machine and no pool could ever take it: "
            + string.Join("; ", rejected.Select(one => $"{one.Pool}: {one.Why}"));
        return (why, "other requirements, or a pool whose nodes meet these");
    }
}
