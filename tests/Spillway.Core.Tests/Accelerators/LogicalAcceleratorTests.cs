using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Tests;

public sealed class LogicalAcceleratorTests
{
    private const string Xgboost = "accelerators.spillway.dev/xgboost";
    private const string Zip = "accelerators.spillway.dev/zip";

    private static readonly Accelerator[] Accelerators =
    [
        Make("xgboost", Xgboost, ("xilinx-u250", 4), ("aws-vu9p-f1", 2)),
        Make("zip", Zip, ("xilinx-u250", 3), ("xilinx-u280", 1)),
    ];

    [Fact]
    public void A_u250_offers_four_two_vu9p_offer_four_and_a_u280_none()
    {
        Capacity(("xilinx-u250", 1))[Xgboost].ShouldBe(4);
        Capacity(("aws-vu9p-f1", 2))[Xgboost].ShouldBe(4);
        Capacity(("xilinx-u280", 1)).ContainsKey(Xgboost).ShouldBeFalse();
        Capacity(("xilinx-u280", 1))["xilinx/u280"].ShouldBe(1);
    }

    [Fact]
    public void A_device_that_holds_one_accelerator_is_closed_to_others()
    {
        var left = Allocatable([("xilinx-u250", 2), ("xilinx-u280", 1)], (Xgboost, 5));

        left[Xgboost].ShouldBe(8);
        left[Zip].ShouldBe(1);
        left["xilinx/u250"].ShouldBe(0);
        left["xilinx/u280"].ShouldBe(1);
    }

    [Fact]
    public void Several_pods_share_a_device_that_holds_their_accelerator()
    {
        var left = Allocatable([("xilinx-u250", 1)], (Xgboost, 3));

        left[Xgboost].ShouldBe(4);
        left.GetValueOrDefault(Zip).ShouldBe(0);
    }

    [Fact]
    public void Devices_asked_for_by_name_are_lost_to_accelerators()
    {
        var left = Allocatable([("aws-vu9p-f1", 2)], ("xilinx/aws-vu9p-f1", 1));

        left[Xgboost].ShouldBe(2);
        left["xilinx/aws-vu9p-f1"].ShouldBe(2);
    }

    [Fact]
    public void Devices_that_hold_nothing_are_given_away_first_where_models_share_a_resource()
    {
        Accelerator[] accelerators = [Make("render", "lab/render", ("nvidia-a100", 2))];
        DeviceGroup[] devices = [new("nvidia-a100", "nvidia.com/gpu", 1), new("nvidia-t4", "nvidia.com/gpu", 1)];

        var left = LogicalAccelerators.Allocatable(devices, accelerators,
            new Dictionary<string, long> { ["nvidia.com/gpu"] = 1 });

        left["lab/render"].ShouldBe(2);
        left["nvidia.com/gpu"].ShouldBe(2);
    }

    [Fact]
    public void More_in_use_than_there_is_leaves_nothing_and_breaks_nothing()
    {
        var left = Allocatable([("xilinx-u250", 1)], (Xgboost, 9), ("xilinx/u250", 3));

        left[Zip].ShouldBe(0);
        left[Xgboost].ShouldBe(9);
    }

    [Theory]
    [InlineData("aws-vu9p-f1", 4, 2)]
    [InlineData("aws-vu9p-f1", 16, 8)]
    [InlineData("aws-vu9p-f1", 5, 3)]
    [InlineData("xilinx-u250", 4, 1)]
    public void Requests_become_whole_devices(string model, long requested, long devices) =>
        LogicalAccelerators.DevicesNeeded(Accelerators[0], model, requested).ShouldBe(devices);

    [Fact]
    public void Devices_survive_the_annotation()
    {
        var devices = NodeDevices.Resolve(
        [
            new DeviceClaim("xilinx-u250"), new DeviceClaim("xilinx-u280", 2), new DeviceClaim("xilinx-u250"),
            new DeviceClaim("own-chip", 3, "lab/chip"),
        ]);

        NodeDevices.Print(devices).ShouldBe("xilinx-u250@xilinx/u250=2,xilinx-u280@xilinx/u280=2,own-chip@lab/chip=3");
        NodeDevices.Parse(NodeDevices.Print(devices)).ShouldBe(devices);
        NodeDevices.Parse("rubbish,a@b=x,@=1,=").ShouldBeEmpty();
        NodeDevices.Parse(null).ShouldBeEmpty();
    }

    [Fact]
    public void Every_accelerator_of_the_price_table_is_a_known_device()
    {
        foreach (var type in Spillway.Core.Costs.InstanceCatalog.Types.Where(type => type.Accelerator is not null))
            DeviceModels.ForCatalog(type.Accelerator!, type.AcceleratorMemoryGib).ShouldNotBeNull(type.ToString());
    }

    private static Accelerator Make(string name, string resource, params (string Device, int Count)[] provides) => new()
    {
        Name = name,
        Resource = resource,
        Provides = [.. provides.Select(provider => new AcceleratorProvider(provider.Device, provider.Count))],
    };

    private static IReadOnlyDictionary<string, long> Capacity(params (string Model, int Count)[] devices) =>
        LogicalAccelerators.Capacity(Groups(devices), Accelerators);

    private static IReadOnlyDictionary<string, long> Allocatable(
        (string Model, int Count)[] devices, params (string Resource, long Amount)[] used) =>
        LogicalAccelerators.Allocatable(Groups(devices), Accelerators,
            used.ToDictionary(pair => pair.Resource, pair => pair.Amount));

    private static IReadOnlyList<DeviceGroup> Groups((string Model, int Count)[] devices) =>
        NodeDevices.Resolve([.. devices.Select(device => new DeviceClaim(device.Model, device.Count))]);
}
