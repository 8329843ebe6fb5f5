using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile;

/// <summary>How a pool buys its nodes.</summary>
public enum PoolPurchase
{
    OnDemand,
    Spot,

    /// <summary>Spot where it can be had, on-demand where not.</summary>
    SpotThenOnDemand,
}

/// <summary>How one node was bought.</summary>
public enum PurchaseOption
{
    OnDemand,
    Spot,
}

/// <summary>Nodes of one kind that may be rented.</summary>
public sealed record Pool
{
    public required string Name { get; init; }
    public required PoolCloud Cloud { get; init; }

    /// <summary>Any of these will do; the cheapest that fits is asked for first.</summary>
    public IReadOnlyList<string> InstanceTypes { get; init; } = [];

    /// <summary>Zones to launch in; empty leaves it to the cloud (the simulated one has <c>REGIONa</c>).</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Devices in each node.</summary>
    public IReadOnlyList<DeviceClaim> Devices { get; init; } = [];

    public int Min { get; init; }
    public int Max { get; init; } = 10;
    public PoolPurchase Purchase { get; init; } = PoolPurchase.OnDemand;
    public IReadOnlyDictionary<string, string> Labels { get; init; } = EmptyLabels.Instance;
    public IReadOnlyList<Taint> Taints { get; init; } = [];

    /// <summary>False takes sibling threads offline before the kubelet starts, which halves the CPUs on offer.</summary>
    public bool Smt { get; init; } = true;

    /// <summary>What each node offers, in place of what the price table says of its type; needed for unknown types.</summary>
    public ResourceList Capacity { get; init; } = ResourceList.Empty;

    /// <summary>The price of each node in place of the table's.</summary>
    public PriceOverride? Price { get; init; }

    public SourcePlaces Places { get; init; } = SourcePlaces.None;

    /// <summary>The ways to buy that the pool may use, the preferred one first.</summary>
    public IReadOnlyList<PurchaseOption> PurchaseOptions => Purchase switch
    {
        PoolPurchase.OnDemand => [PurchaseOption.OnDemand],
        PoolPurchase.Spot => [PurchaseOption.Spot],
        _ => [PurchaseOption.Spot, PurchaseOption.OnDemand],
    };
}

/// <param name="OnDemand">Price of an on-demand node.</param>
/// <param name="Spot">Price of a spot node.</param>
public sealed record PriceOverride(HourlyPrice? OnDemand, HourlyPrice? Spot);

/// <summary>Where a pool's nodes come from.</summary>
public abstract record PoolCloud
{
    private PoolCloud()
    {
    }

    /// <summary>The cloud's region, empty where it has none.</summary>
    public string Region { get; init; } = "";

    public SourcePlaces Places { get; init; } = SourcePlaces.None;

    /// <summary>A cloud in the same process, with real prices, for trying, rehearsing and testing.</summary>
    public sealed record Simulated : PoolCloud
    {
        /// <summary>From the launch call to the node's first Ready.</summary>
        public TimeSpan Startup { get; init; } = TimeSpan.FromSeconds(90);

        /// <summary>How many nodes of a type the cloud has, by instance type; <c>*</c> for all others. Absent: no end.</summary>
        public IReadOnlyDictionary<string, int> Stock { get; init; } = new SortedDictionary<string, int>();

        public IReadOnlyList<Stockout> Stockouts { get; init; } = [];
        public SpotInterruptions? SpotInterruptions { get; init; }
        public CloudQuota? Quota { get; init; }

        /// <summary>Chance that a launch call fails as clouds' calls sometimes do, 0 to 1.</summary>
        public double LaunchFailureRate { get; init; }

        /// <summary>Seed of this cloud's own dice, in place of the run's.</summary>
        public int? Seed { get; init; }
    }

    /// <summary>An AWS auto scaling group.</summary>
    public sealed record Aws : PoolCloud
    {
        /// <summary>The group's name; the pool's name where left out.</summary>
        public string? AutoScalingGroup { get; init; }
    }

    /// <summary>A Cluster API machine deployment.</summary>
    public sealed record ClusterApi : PoolCloud
    {
        public string Namespace { get; init; } = "default";

        /// <summary>The machine deployment's name; the pool's name where left out.</summary>
        public string? MachineDeployment { get; init; }
    }
}

/// <summary>A time during which the simulated cloud has nothing of a kind to give; an absent key means any.</summary>
/// <param name="From">Since the start of the run.</param>
/// <param name="To">Since the start of the run; null for the rest of it.</param>
public sealed record Stockout(
    string? InstanceType, string? Zone, PurchaseOption? Purchase, TimeSpan From, TimeSpan? To);

/// <summary>How the simulated cloud takes spot nodes back.</summary>
/// <param name="PerHour">Chance that a spot node is taken within an hour, 0 to 1; null takes the table's band.</param>
/// <param name="Notice">Warning before the node goes. AWS gives two minutes.</param>
/// <param name="At">Times since the start of the run at which the oldest spot node is taken, for scripted scenes.</param>
public sealed record SpotInterruptions(double? PerHour, TimeSpan Notice, IReadOnlyList<TimeSpan> At);

/// <summary>The account's limits in the simulated cloud, over all pools of its region; null for none.</summary>
public sealed record CloudQuota(int? Nodes, int? OnDemandVcpus, int? SpotVcpus);
