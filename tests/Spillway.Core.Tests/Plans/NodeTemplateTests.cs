using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests;

public sealed class NodeTemplateTests
{
    [Fact]
    public void A_machine_offers_what_the_file_says_less_the_eviction_threshold()
    {
        var machine = new Machine { Name = "box", Capacity = Resources(("cpu", "32"), ("memory", "128Gi")) };

        var template = NodeTemplates.ForMachine(machine, Model());

        template.Allocatable["cpu"].ShouldBe(Quantity.Parse("32"));
        template.Allocatable["memory"].ShouldBe(Quantity.Parse("130972Mi"));
        template.Allocatable["pods"].ShouldBe(Quantity.Parse("110"));
        template.Taints.ShouldBeEmpty();
    }

    [Fact]
    public void A_control_plane_takes_no_jobs_unless_the_file_says_so()
    {
        var machine = new Machine { Name = "control", Role = MachineRole.ControlPlane };

        NodeTemplates.ForMachine(machine, Model()).Taints.ShouldHaveSingleItem().ToString()
            .ShouldBe("node-role.kubernetes.io/control-plane:NoSchedule");
        NodeTemplates.ForMachine(machine with { Taints = [] }, Model()).Taints.ShouldBeEmpty();
    }

    [Fact]
    public void Smt_off_halves_the_cpus_of_a_rented_node_and_one_dask_worker_fits()
    {
        var pool = Spot("m5.4xlarge") with { Smt = false };

        var node = NodeTemplates.ForPool(pool, "m5.4xlarge", "us-east-1a", PurchaseOption.Spot, Model()).Allocatable;

        node["cpu"].ShouldBe(Quantity.Parse("7910m"));
        node["cpu"].ShouldBeGreaterThan(Quantity.Parse("7250m"));
        node["memory"].ShouldBeGreaterThan(Quantity.Parse("62G"));
    }

    [Fact]
    public void Arm_types_have_no_siblings_to_take_offline()
    {
        var pool = Spot("m6g.xlarge") with { Smt = false };

        var template = NodeTemplates.ForPool(pool, "m6g.xlarge", "us-east-1a", PurchaseOption.Spot, Model());

        template.Capacity["cpu"].ShouldBe(Quantity.Parse("4"));
        template.Labels[NodeLabels.Arch].ShouldBe("arm64");
    }

    [Fact]
    public void A_gpu_type_brings_its_gpu_without_being_told()
    {
        var pool = Spot("g5.xlarge");

        var template = NodeTemplates.ForPool(pool, "g5.xlarge", "us-east-1a", PurchaseOption.Spot, Model());

        template.Allocatable["nvidia.com/gpu"].ShouldBe(Quantity.Parse("1"));
        template.Labels["nvidia.com/gpu.product"].ShouldBe("NVIDIA-A10G");
        template.Labels[NodeLabels.Purchase].ShouldBe("spot");
    }

    [Fact]
    public void A_capacity_in_the_file_counts_in_place_of_the_table()
    {
        var pool = Spot("m5.4xlarge") with { Capacity = Resources(("cpu", "12"), ("lab/chip", "3")) };

        var template = NodeTemplates.ForPool(pool, "m5.4xlarge", "us-east-1a", PurchaseOption.Spot, Model());

        template.Allocatable["cpu"].ShouldBe(Quantity.Parse("12"));
        template.Allocatable["lab/chip"].ShouldBe(Quantity.Parse("3"));
        template.Allocatable["memory"].ShouldBe(Quantity.Parse("60694Mi"));
    }

    [Fact]
    public void Offers_come_cheapest_first_and_spot_first_where_spot_is_preferred()
    {
        var pool = Spot("m5.4xlarge") with
        {
            InstanceTypes = ["r5.4xlarge", "m5.4xlarge"],
            Zones = ["us-east-1b", "us-east-1a"],
            Purchase = PoolPurchase.SpotThenOnDemand,
        };

        var offers = PoolOffers.For(pool, Model());

        offers.Select(offer => $"{offer.InstanceType} {offer.Zone[^1]} {offer.Purchase}").ShouldBe(
        [
            "m5.4xlarge a Spot", "m5.4xlarge b Spot", "r5.4xlarge a Spot", "r5.4xlarge b Spot",
            "m5.4xlarge a OnDemand", "m5.4xlarge b OnDemand", "r5.4xlarge a OnDemand", "r5.4xlarge b OnDemand",
        ]);
    }

    [Fact]
    public void A_pool_of_own_size_and_price_needs_no_table()
    {
        var pool = new Pool
        {
            Name = "moon",
            Cloud = new PoolCloud.ClusterApi(),
            Capacity = Resources(("cpu", "4"), ("memory", "8Gi")),
            Price = new PriceOverride(HourlyPrice.Usd(0.5m), null),
        };

        var offer = PoolOffers.For(pool, Model()).ShouldHaveSingleItem();

        (offer.InstanceType, offer.Price.ToString(), offer.Zone).ShouldBe(("moon", "0.50 USD/h", ""));
        offer.Template.Allocatable["cpu"].ShouldBe(Quantity.Parse("4"));
    }

    [Fact]
    public void An_owned_machine_costs_its_purchase_its_power_and_its_rent()
    {
        var machine = new Machine
        {
            Name = "box",
            Cost = new MachineCost
            {
                Purchase = Money.Usd(14016),
                Lifetime = TimeSpan.FromDays(4 * 365),
                Power = new Power(600),
                IdlePower = new Power(100),
                Electricity = new ElectricityPrice(0.25m, "USD"),
                Monthly = new MonthlyPrice(73, "USD"),
            },
        };

        OwnedCosts.Busy(machine).ToString().ShouldBe("0.65 USD/h");
        OwnedCosts.Idle(machine).ToString().ShouldBe("0.525 USD/h");
    }

    private static Pool Spot(string type) => new()
    {
        Name = "pool",
        Cloud = new PoolCloud.Simulated { Region = "us-east-1" },
        InstanceTypes = [type],
        Purchase = PoolPurchase.Spot,
    };

    private static ClusterModel Model() => new(new Cluster { Name = "lab" }, []);

    private static ResourceList Resources(params (string Name, string Amount)[] amounts) =>
        new(amounts.Select(pair => KeyValuePair.Create(pair.Name, Quantity.Parse(pair.Amount))));
}
