using System.Globalization;
using Spillway.Core.ClusterFile;
using Spillway.Core.Quantities;

namespace Spillway.Core.Plans;

/// <summary>The file's own words for the values of the model.</summary>
internal static class Words
{
    public static string Of(Distribution distribution) => distribution.ToString().ToLowerInvariant();

    public static string Of(ContainerRuntime runtime) => runtime == ContainerRuntime.CriO ? "cri-o" : "containerd";

    public static string Of(PodNetwork network) => network.ToString().ToLowerInvariant();

    public static string Of(OverlayKind kind) => kind.ToString().ToLowerInvariant();

    public static string Of(BurstMode mode) => mode.ToString().ToLowerInvariant();

    public static string Of(PoolPurchase purchase) => purchase switch
    {
        PoolPurchase.Spot => "spot",
        PoolPurchase.SpotThenOnDemand => "spot-then-on-demand",
        _ => "on-demand",
    };

    public static string Of(PoolCloud cloud) => cloud switch
    {
        PoolCloud.Simulated simulated =>
            $"simulated {simulated.Region}, nodes ready after {Durations.Print(simulated.Startup)}" + Limits(simulated),
        PoolCloud.Aws aws => $"aws {aws.Region}",
        PoolCloud.ClusterApi api => $"clusterApi, namespace {api.Namespace}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public static string Of(PoolOffer offer) =>
        $"{offer.InstanceType} {NodeLabels.Print(offer.Purchase)} at {offer.Price}"
        + (offer.Zone.Length > 0 ? $" in {offer.Zone}" : "");

    private static string Limits(PoolCloud.Simulated simulated)
    {
        var limits = simulated.Stock
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"stock {pair.Key} {pair.Value}"))
            .ToList();
        if (simulated.Quota is { } quota)
        {
            limits.AddRange(new[] { ("nodes", quota.Nodes), ("on-demand vCPUs", quota.OnDemandVcpus),
                ("spot vCPUs", quota.SpotVcpus) }
                .Where(limit => limit.Item2 is not null)
                .Select(limit => string.Create(CultureInfo.InvariantCulture, $"quota {limit.Item2} {limit.Item1}")));
        }

        return limits.Count == 0 ? "" : $" ({string.Join(", ", limits)})";
    }
}
