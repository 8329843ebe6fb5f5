using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile.Shapes;
using Spillway.Core.Costs;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Checks;

internal static class PoolChecks
{
    private static readonly string[] SetByPool =
    [
        NodeLabels.Hostname, NodeLabels.Arch, NodeLabels.Os, NodeLabels.InstanceType, NodeLabels.Region,
        NodeLabels.Zone, NodeLabels.CapacityType,
    ];

    public static void Run(Pool pool, Problems problems)
    {
        if (pool.Min > pool.Max)
            problems.Error(DiagnosticCodes.MinAboveMax, pool.Places[pool.Places.Has("min") ? "min" : "max"],
                $"min {pool.Min} of {pool.Name} is above its max {pool.Max}", "raise max or lower min");
        if (pool.Price is { OnDemand: { } onDemand, Spot: { } spot } && onDemand.Currency == spot.Currency
            && spot > onDemand)
            problems.Warning(DiagnosticCodes.UnusedSetting, pool.Places["price"],
                $"the spot price {spot} of {pool.Name} is above its on-demand price {onDemand}",
                "on-demand nodes would always be the better choice");
        MachineChecks.CheckDevices(pool.Devices, problems);
        MachineChecks.CheckLabels(pool.Labels, SetByPool, pool.Places["labels"], problems);
        CheckZones(pool, problems);
        CheckSimulation(pool, problems);
        if (pool.Places.IsUnreadable("instanceTypes") || pool.Places.IsUnreadable("price")
            || pool.Places.IsUnreadable("capacity"))
            return;
        if (!HasSize(pool, null) && pool.InstanceTypes.Count == 0)
        {
            problems.Error(DiagnosticCodes.NothingToLaunch, pool.Places["instanceTypes"],
                $"the pool {pool.Name} has nothing to launch",
                "add instanceTypes: [m5.xlarge], or a capacity and a price");
            return;
        }

        if (!CheckRegion(pool, problems))
            return;
        var known = pool.InstanceTypes.Where(type => CheckType(pool, type, problems)).ToList();
        CheckPrices(pool, pool.InstanceTypes.Count == 0 ? [pool.Name] : known, problems);
        CheckDevices(pool, known, problems);
    }

    private static bool HasSize(Pool pool, InstanceType? type) =>
        type is not null
        || !pool.Capacity[ResourceList.Cpu].IsZero && !pool.Capacity[ResourceList.Memory].IsZero;

    private static bool HasOwnPrices(Pool pool) => pool.PurchaseOptions.All(option =>
        (option == PurchaseOption.Spot ? pool.Price?.Spot : pool.Price?.OnDemand) is not null);

    private static bool CheckRegion(Pool pool, Problems problems)
    {
        var region = pool.Cloud.Region;
        if (region.Length == 0 || InstanceCatalog.HasRegion(region) || HasOwnPrices(pool))
            return true;
        var close = Spelling.Closest(region, InstanceCatalog.Regions);
        problems.Error(DiagnosticCodes.UnknownRegion, pool.Cloud.Places["region"],
            $"the price table does not know the region '{region}'",
            close is null
                ? $"give {pool.Name} a price; known regions: {string.Join(", ", InstanceCatalog.Regions)}"
                : $"did you mean '{close}'?");
        return false;
    }

    private static bool CheckType(Pool pool, string type, Problems problems)
    {
        if (HasSize(pool, InstanceCatalog.FindType(type)))
            return true;
        var close = Spelling.Closest(type, InstanceCatalog.Types.Select(other => other.Name));
        problems.Error(DiagnosticCodes.UnknownInstanceType, pool.Places["instanceTypes"],
            $"the instance type '{type}' of {pool.Name} is not known",
            close is null ? "give the pool capacity: {cpu: …, memory: …} and a price" : $"did you mean '{close}'?");
        return false;
    }

    private static void CheckPrices(Pool pool, IReadOnlyList<string> types, Problems problems)
    {
        foreach (var option in pool.PurchaseOptions)
        {
            var without = types.Where(type => PoolOffers.PriceOf(pool, type, option) is null).ToList();
            if (without.Count == 0)
                continue;
            var place = pool.Places["instanceTypes"];
            var noun = option == PurchaseOption.Spot ? "spot" : "on-demand";
            var where = pool.Cloud.Region.Length > 0 ? $" in {pool.Cloud.Region}" : "";
            var way = $"give the pool price: {{{(option == PurchaseOption.Spot ? "spot" : "onDemand")}: … USD/h}}";
            var message = $"no {noun} price is known for {string.Join(", ", without)}{where}";

            // What else the pool can buy keeps it useful.
            var hasOther = without.Count < types.Count || pool.Purchase == PoolPurchase.SpotThenOnDemand
                && option == PurchaseOption.Spot;
            if (hasOther)
                problems.Warning(DiagnosticCodes.NoPrice, place, message + ": never launched so", way);
            else
                problems.Error(DiagnosticCodes.NoPrice, place, message, way);
        }
    }

    private static void CheckZones(Pool pool, Problems problems)
    {
        foreach (var zone in pool.Zones)
        {
            if (!zone.StartsWith(pool.Cloud.Region, StringComparison.Ordinal))
                problems.Warning(DiagnosticCodes.ZoneElsewhere, pool.Places["zones"],
                    $"the zone '{zone}' is not in the region '{pool.Cloud.Region}'",
                    $"zones there are named {pool.Cloud.Region}a, {pool.Cloud.Region}b, …");
        }

        if (pool.Zones.Distinct().Count() < pool.Zones.Count)
            problems.Error(DiagnosticCodes.DuplicateName, pool.Places["zones"],
                $"a zone of {pool.Name} is given twice");
        if (pool.InstanceTypes.Distinct().Count() < pool.InstanceTypes.Count)
            problems.Error(DiagnosticCodes.DuplicateName, pool.Places["instanceTypes"],
                $"an instance type of {pool.Name} is given twice");
    }

    private static void CheckSimulation(Pool pool, Problems problems)
    {
        if (pool.Cloud is not PoolCloud.Simulated simulated)
            return;
        foreach (var type in simulated.Stock.Keys.Where(type => type != "*" && !pool.InstanceTypes.Contains(type)))
            problems.Warning(DiagnosticCodes.UnusedSetting, simulated.Places["stock"],
                $"there is stock of '{type}', which {pool.Name} does not launch");
        foreach (var stockout in simulated.Stockouts)
        {
            if (stockout.To is { } to && to <= stockout.From)
                problems.Error(DiagnosticCodes.OutOfRange, simulated.Places["stockouts"],
                    $"a stock-out ends at {Durations.Print(to)}, before it begins at {Durations.Print(stockout.From)}");
        }

        if (simulated.SpotInterruptions is not null && pool.Purchase == PoolPurchase.OnDemand)
            problems.Warning(DiagnosticCodes.UnusedSetting, simulated.Places["spotInterruptions"],
                $"{pool.Name} buys on demand, so no spot node can be interrupted", "use purchase: spot");
    }

    private static void CheckDevices(Pool pool, IReadOnlyList<string> types, Problems problems)
    {
        if (pool.Devices.Count == 0)
            return;
        foreach (var type in types.Select(InstanceCatalog.FindType).OfType<InstanceType>())
        {
            var model = type.Accelerator is null
                ? null
                : DeviceModels.ForCatalog(type.Accelerator, type.AcceleratorMemoryGib);
            var count = pool.Devices.Where(device => device.Model == model?.Model).Sum(device => device.Count);
            var others = pool.Devices.Sum(device => device.Count) - count;
            if (model is not null && (count != type.AcceleratorCount || others > 0))
                problems.Warning(DiagnosticCodes.DevicesDiffer, pool.Places["devices"],
                    $"{type.Name} has {type.AcceleratorCount} × {model.Model}, and the file says "
                    + string.Join(", ", pool.Devices.Select(device => $"{device.Count} × {device.Model}")));
            else if (type.Accelerator is null)
                problems.Warning(DiagnosticCodes.DevicesDiffer, pool.Places["devices"],
                    $"{type.Name} is not known to have any device");
        }
    }
}
