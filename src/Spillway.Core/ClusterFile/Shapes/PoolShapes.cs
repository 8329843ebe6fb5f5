using Spillway.Core.Costs;
using Spillway.Core.Quantities;

namespace Spillway.Core.ClusterFile.Shapes;

internal static class PoolShapes
{
    private static readonly NumberShape<int> Amount = new(0, int.MaxValue, integer: true);
    private static readonly NumberShape<double> Chance = new(0, 1, integer: false);

    private static readonly Field<string> Name = new(Scalars.LabelName, "name", "The pool's name.", Required: true);

    private static readonly Field<PoolCloud> Cloud = new(CloudShapes.Cloud, "cloud", "Where its nodes come from.",
        Required: true);

    private static readonly Field<IReadOnlyList<string>> InstanceTypes = new(
        new ListShape<string>(Scalars.LabelValue, "a list of instance types"), "instanceTypes",
        "Types that may be launched; the cheapest that fits is taken.");

    private static readonly Field<IReadOnlyList<string>> Zones = new(
        new ListShape<string>(Scalars.LabelValue, "a list of zones"), "zones", "Zones to launch in.",
        Default: "the cloud's choice");

    private static readonly Field<IReadOnlyList<DeviceClaim>> Devices = new(CommonShapes.Devices, "devices",
        "Accelerator cards in each node.", Default: "what the price table says of the instance type");

    private static readonly Field<int> Min = new(new NumberShape<int>(0, 10000, integer: true), "min",
        "Nodes that always run.", Default: "0");

    private static readonly Field<int> Max = new(new NumberShape<int>(0, 10000, integer: true), "max",
        "Nodes that may run at most.", Default: "10");

    private static readonly Field<PoolPurchase> Purchase = new(
        new ChoiceShape<PoolPurchase>(
            ("on-demand", PoolPurchase.OnDemand),
            ("spot", PoolPurchase.Spot),
            ("spot-then-on-demand", PoolPurchase.SpotThenOnDemand)),
        "purchase", "How nodes are bought.", Default: "on-demand");

    private static readonly Field<IReadOnlyDictionary<string, string>> Labels = new(CommonShapes.Labels, "labels",
        "Labels of each node.");

    private static readonly Field<IReadOnlyList<Taint>> Taints = new(CommonShapes.Taints, "taints",
        "Taints of each node.");

    private static readonly Field<bool> Smt = new(new BooleanShape("on", "off"), "smt",
        "`off` takes sibling threads offline before the kubelet starts, which halves the CPUs of an amd64 type.",
        Default: "on");

    private static readonly Field<ResourceList> Capacity = new(CommonShapes.Resources, "capacity",
        "What each node offers, in place of what the price table says; needed for types that it does not know.");

    private static readonly Field<HourlyPrice> OnDemand = new(Scalars.HourlyPrice, "onDemand", "On demand.");
    private static readonly Field<HourlyPrice> Spot = new(Scalars.HourlyPrice, "spot", "As spot.");

    private static readonly Field<PriceOverride> Price = new(
        new ObjectShape<PriceOverride>("Price", "Prices of a node that count in place of the table's.",
            values => new PriceOverride(values.MaybeValue(OnDemand), values.MaybeValue(Spot)), OnDemand, Spot),
        "price", "What a node costs.", Default: "the price table's");

    public static readonly Shape<IReadOnlyList<Pool>> Pools = new ListShape<Pool>(
        new ObjectShape<Pool>("Pool", "Nodes of one kind that may be rented.", Build,
            Name, Cloud, InstanceTypes, Zones, Devices, Min, Max, Purchase, Labels, Taints, Smt, Capacity, Price),
        "a list of pools");

    private static Pool Build(FieldValues values) => new()
    {
        Name = values.Get(Name),
        Cloud = values.Get(Cloud),
        InstanceTypes = values.Or(InstanceTypes, []),
        Zones = values.Or(Zones, []),
        Devices = values.Or(Devices, []),
        Min = values.Or(Min, 0),
        Max = values.Or(Max, Math.Max(10, values.Or(Min, 0))),
        Purchase = values.Or(Purchase, PoolPurchase.OnDemand),
        Labels = values.Or(Labels, EmptyLabels.Instance),
        Taints = values.Or(Taints, []),
        Smt = values.Or(Smt, true),
        Capacity = values.Or(Capacity, ResourceList.Empty),
        Price = values.Maybe(Price),
        Places = values.Places,
    };

    private static class CloudShapes
    {
        private static readonly Field<string> Region = new(Scalars.LabelValue, "region",
            "The region, whose prices count: `us-east-1`, `europe-west4`, `westeurope`.", Required: true);

        private static readonly Field<TimeSpan> Startup = new(Scalars.Duration, "startup",
            "From the launch call to the node's first Ready.", Default: "90s");

        private static readonly Field<IReadOnlyDictionary<string, int>> Stock = new(
            new MapShape<int, IReadOnlyDictionary<string, int>>("nodes by instance type", Amount,
                key => KubernetesNames.IsLabelValue(key) || key == "*" ? null : $"'{key}' is no instance type",
                entries => entries),
            "stock", "How many nodes of a type the cloud has; `\"*\"` for all other types.", Default: "no end");

        private static readonly Field<string> StockoutType = new(Scalars.LabelValue, "instanceType", "Only this type.");
        private static readonly Field<string> StockoutZone = new(Scalars.LabelValue, "zone", "Only this zone.");

        private static readonly Field<PurchaseOption> StockoutPurchase = new(
            new ChoiceShape<PurchaseOption>(("on-demand", PurchaseOption.OnDemand), ("spot", PurchaseOption.Spot)),
            "purchase", "Only nodes bought so.");

        private static readonly Field<TimeSpan> From = new(Scalars.Duration, "from", "Since the start of the run.",
            Default: "0s");

        private static readonly Field<TimeSpan> To = new(Scalars.Duration, "to", "Since the start of the run.",
            Default: "the end");

        private static readonly Field<IReadOnlyList<Stockout>> Stockouts = new(
            new ListShape<Stockout>(
                new ObjectShape<Stockout>("Stockout", "A time during which the cloud has no such node to give.",
                    values => new Stockout(values.Maybe(StockoutType), values.Maybe(StockoutZone),
                        values.MaybeValue(StockoutPurchase), values.Or(From, TimeSpan.Zero), values.MaybeValue(To)),
                    StockoutType, StockoutZone, StockoutPurchase, From, To),
                "a list of stock-outs"),
            "stockouts", "Times when the cloud has nothing to give.");

        private static readonly Field<double> PerHour = new(Chance, "perHour",
            "Chance that a spot node is taken back within an hour, 0 to 1.",
            Default: "by the price table's interruption band");

        private static readonly Field<TimeSpan> Notice = new(Scalars.Duration, "notice",
            "Warning before the node goes.", Default: "2m");

        private static readonly Field<IReadOnlyList<TimeSpan>> At = new(
            new ListShape<TimeSpan>(Scalars.Duration, "a list of durations"), "at",
            "Times since the start of the run at which the oldest spot node is taken back.");

        private static readonly Field<SpotInterruptions> Interruptions = new(
            new ObjectShape<SpotInterruptions>("SpotInterruptions", "How spot nodes are taken back.",
                values => new SpotInterruptions(values.MaybeValue(PerHour),
                    values.Or(Notice, TimeSpan.FromMinutes(2)), values.Or(At, [])),
                PerHour, Notice, At),
            "spotInterruptions", "How spot nodes are taken back.", Default: "never");

        private static readonly Field<int> Nodes = new(Amount, "nodes", "Nodes at one time.");
        private static readonly Field<int> OnDemandVcpus = new(Amount, "onDemandVcpus", "vCPUs on demand.");
        private static readonly Field<int> SpotVcpus = new(Amount, "spotVcpus", "vCPUs as spot.");

        private static readonly Field<CloudQuota> Quota = new(
            new ObjectShape<CloudQuota>("Quota", "The account's limits over all pools of the region.",
                values => new CloudQuota(values.MaybeValue(Nodes), values.MaybeValue(OnDemandVcpus),
                    values.MaybeValue(SpotVcpus)),
                Nodes, OnDemandVcpus, SpotVcpus),
            "quota", "The account's limits.", Default: "none");

        private static readonly Field<double> FailureRate = new(Chance, "launchFailureRate",
            "Chance that a launch call fails, 0 to 1.", Default: "0");

        private static readonly Field<int> Seed = new(Amount, "seed", "Seed of this cloud's own dice.",
            Default: "the run's");

        private static readonly Field<PoolCloud.Simulated> Simulated = new(
            new ObjectShape<PoolCloud.Simulated>("SimulatedCloud",
                "A cloud in the same process, with real prices, for trying, rehearsing and testing.", BuildSimulated,
                Region, Startup, Stock, Stockouts, Interruptions, Quota, FailureRate, Seed),
            "simulated", "A simulated cloud.");

        private static readonly Field<string> Group = new(Scalars.Text, "autoScalingGroup", "The group's name.",
            Default: "the pool's name");

        private static readonly Field<PoolCloud.Aws> Aws = new(
            new ObjectShape<PoolCloud.Aws>("AwsCloud", "An AWS auto scaling group.",
                values => new PoolCloud.Aws
                {
                    Region = values.Get(Region),
                    AutoScalingGroup = values.Maybe(Group),
                    Places = values.Places,
                },
                Region, Group),
            "aws", "An AWS auto scaling group.");

        private static readonly Field<string> AnyRegion = new(Scalars.LabelValue, "region",
            "The region whose prices count; without it the pool needs a price.");

        private static readonly Field<string> Namespace = new(Scalars.LabelName, "namespace",
            "Where the machine deployment is.", Default: "default");

        private static readonly Field<string> Deployment = new(Scalars.Name, "machineDeployment",
            "The machine deployment's name.", Default: "the pool's name");

        private static readonly Field<PoolCloud.ClusterApi> ClusterApi = new(
            new ObjectShape<PoolCloud.ClusterApi>("ClusterApiCloud", "A Cluster API machine deployment.",
                values => new PoolCloud.ClusterApi
                {
                    Region = values.Or(AnyRegion, ""),
                    Namespace = values.Or(Namespace, "default"),
                    MachineDeployment = values.Maybe(Deployment),
                    Places = values.Places,
                },
                AnyRegion, Namespace, Deployment),
            "clusterApi", "A Cluster API machine deployment.");

        public static readonly ObjectShape<PoolCloud> Cloud = new("Cloud",
            "Where a pool's nodes come from: exactly one of these.",
            values => values.Maybe(Simulated) ?? (PoolCloud?)values.Maybe(Aws) ?? values.Get(ClusterApi),
            Simulated, Aws, ClusterApi)
        {
            ExactlyOne = [Simulated, Aws, ClusterApi],
        };

        private static PoolCloud.Simulated BuildSimulated(FieldValues values) => new()
        {
            Region = values.Get(Region),
            Startup = values.Or(Startup, TimeSpan.FromSeconds(90)),
            Stock = values.Or(Stock, new SortedDictionary<string, int>()),
            Stockouts = values.Or(Stockouts, []),
            SpotInterruptions = values.Maybe(Interruptions),
            Quota = values.Maybe(Quota),
            LaunchFailureRate = values.Or(FailureRate, 0),
            Seed = values.MaybeValue(Seed),
            Places = values.Places,
        };
    }
}
