using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Checks;

/// <summary>What no value can be wrong about alone: how they go together.</summary>
internal static class ClusterChecks
{
    public static void Run(ClusterModel model, Problems problems)
    {
        var cluster = model.Cluster;
        NetworkChecks.Run(cluster, problems);
        MachineChecks.Run(cluster, problems);
        foreach (var pool in cluster.Pools)
            PoolChecks.Run(pool, problems);
        AcceleratorChecks.Run(model, problems);
        Names("machine", cluster.Machines.Select(machine => (machine.Name, machine.Places)), problems);
        Names("pool", cluster.Pools.Select(pool => (pool.Name, pool.Places)), problems);
        Names("site", cluster.Sites.Select(site => (site.Name, site.Places)), problems);
        Currencies(cluster, problems);
        BudgetPaysForANode(model, problems);
        SomethingCanRun(cluster, problems);
        NotUsedYet(cluster, problems);
    }

    public static void Names(string noun, IEnumerable<(string Name, SourcePlaces Places)> items, Problems problems)
    {
        var seen = new Dictionary<string, SourcePlace>(StringComparer.Ordinal);
        foreach (var (name, places) in items)
        {
            if (!seen.TryAdd(name, places["name"]))
                problems.Error(DiagnosticCodes.DuplicateName, places["name"],
                    $"there are two {noun}s named '{name}'; the first is at {seen[name]}", "rename one of them");
        }
    }

    // Amounts are compared and added all the time, and nothing here knows exchange rates.
    private static void Currencies(Cluster cluster, Problems problems)
    {
        var first = cluster.Pools.Count > 0 ? (Currency: Money.Dollars, Where: "the price table") : default;
        foreach (var (currency, place, what) in Amounts(cluster))
        {
            if (first.Currency is null)
                first = (currency, what);
            else if (first.Currency != currency)
                problems.Error(DiagnosticCodes.MixedCurrencies, place,
                    $"{what} is in {currency}, and {first.Where} in {first.Currency}", $"write it in {first.Currency}");
        }
    }

    private static IEnumerable<(string Currency, SourcePlace Place, string What)> Amounts(Cluster cluster)
    {
        foreach (var machine in cluster.Machines)
        {
            if (machine.Cost is not { } cost)
                continue;
            (string Key, string? Currency)[] parts =
            [
                ("purchase", cost.Purchase?.Currency), ("electricity", cost.Electricity?.Currency),
                ("monthly", cost.Monthly?.Currency), ("hourly", cost.Hourly?.Currency),
            ];
            foreach (var (key, currency) in parts)
            {
                if (currency is not null)
                    yield return (currency, cost.Places[key], $"{key} of {machine.Name}");
            }
        }

        foreach (var pool in cluster.Pools)
        {
            foreach (var price in new[] { pool.Price?.OnDemand, pool.Price?.Spot })
            {
                if (price is { } known)
                    yield return (known.Currency, pool.Places["price"], $"price of {pool.Name}");
            }
        }

        var budget = cluster.Policy.Burst.Budget;
        (string Key, Money? Limit)[] limits =
            [("perHour", budget.PerHour), ("perDay", budget.PerDay), ("perMonth", budget.PerMonth)];
        foreach (var (key, limit) in limits)
        {
            if (limit is { } money)
                yield return (money.Currency, budget.Places[key], $"budget {key}");
        }
    }

    private static void BudgetPaysForANode(ClusterModel model, Problems problems)
    {
        var budget = model.Cluster.Policy.Burst.Budget;
        if (problems.HasErrors || model.Cluster.Policy.Burst.Mode == BurstMode.Off)
            return;
        var prices = model.Cluster.Pools
            .Where(pool => pool.Max > 0)
            .SelectMany(pool => pool.PurchaseOptions.SelectMany(option =>
                Plans.PoolOffers.InstanceTypesOf(pool).Select(type => Plans.PoolOffers.PriceOf(pool, type, option))))
            .OfType<HourlyPrice>()
            .ToList();
        if (prices.Count == 0)
            return;
        var cheapest = prices.Min(price => price.Amount);
        (string Key, Money? Limit)[] limits =
            [("perHour", budget.PerHour), ("perDay", budget.PerDay), ("perMonth", budget.PerMonth)];
        foreach (var (key, limit) in limits)
        {
            if (limit is { } money && money.Amount < cheapest)
                problems.Warning(DiagnosticCodes.BudgetTooSmall, budget.Places[key],
                    $"{money} does not pay for one hour of the cheapest node, {prices[0] with { Amount = cheapest }}");
        }
    }

    private static void NotUsedYet(Cluster cluster, Problems problems)
    {
        var distribution = cluster.Kubernetes.Distribution;
        if (distribution == Distribution.Existing)
            problems.Warning(DiagnosticCodes.NotUsedYet, cluster.Kubernetes.Places["distribution"],
                "this version plans an existing cluster and does not work with it",
                "use distribution: embedded to try and rehearse");
        Distributions(cluster.Kubernetes, problems);
        foreach (var pool in cluster.Pools.Where(pool => pool.Cloud is not PoolCloud.Simulated))
            problems.Warning(DiagnosticCodes.NotUsedYet, pool.Places["cloud"],
                $"this version simulates the cloud of {pool.Name}: no real node is launched",
                "cloud: {simulated: {region: …}} says so, and how it behaves");
    }

    private static void Distributions(KubernetesSettings settings, Problems problems)
    {
        var rancher = settings.Distribution is Distribution.Rke2 or Distribution.K3s;
        if (rancher && settings.Places.Has("runtime") && settings.Runtime == ContainerRuntime.CriO)
            problems.Warning(DiagnosticCodes.UnusedSetting, settings.Places["runtime"],
                $"{Plans.Words.Of(settings.Distribution)} brings its own containerd", "remove runtime");
        if (settings.Network == PodNetwork.Canal && settings.Distribution is Distribution.Kubeadm or Distribution.K3s)
            problems.Warning(DiagnosticCodes.NotUsedYet, settings.Places["network"],
                $"Canal comes with rke2 alone: on {Plans.Words.Of(settings.Distribution)} its settings are planned, and "
                + "installing it is left to you", "use calico or flannel");
        var version = Bootstrap.KubernetesVersion.Of(settings.Version);
        if (settings.Distribution == Distribution.Kubeadm && version is { Major: 1 }
            && version.Minor < Bootstrap.KubernetesVersion.OldestMinor)
            problems.Error(DiagnosticCodes.OutOfRange, settings.Places["version"],
                $"Kubernetes {version} is older than any configuration of kubeadm that is still read",
                $"use 1.{Bootstrap.KubernetesVersion.OldestMinor} or newer");
    }

    private static void SomethingCanRun(Cluster cluster, Problems problems)
    {
        var worker = cluster.Machines.Any(machine =>
            machine.Role == MachineRole.Worker || machine.Taints is { Count: 0 });
        if (!worker && cluster.Kubernetes.Distribution != Distribution.Existing
            && !cluster.Pools.Any(pool => pool.Max > 0))
            problems.Warning(DiagnosticCodes.NothingCanRun, cluster.Places.Start,
                "there is no worker machine and no pool, so no job can run",
                "add one, or 'taints: []' to a control plane that is to run jobs");
    }
}
