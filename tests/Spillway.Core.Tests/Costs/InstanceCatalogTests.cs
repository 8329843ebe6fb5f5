using System.Globalization;
using Spillway.Core.Costs;

namespace Spillway.Core.Tests;

public sealed class InstanceCatalogTests
{
    [Theory]
    [InlineData("us-east-1", "f1.2xlarge", "1.65 USD/h", "0.6105 USD/h")]
    [InlineData("us-east-1", "f1.4xlarge", "3.30 USD/h", "0.792 USD/h")]
    [InlineData("us-east-1", "t3.small", "0.0208 USD/h", null)]
    [InlineData("us-east-1", "m5dn.4xlarge", "1.088 USD/h", null)]
    [InlineData("us-east-1", "g5.xlarge", "1.006 USD/h", null)]
    [InlineData("us-central1", "a2-highgpu-1g", "3.673385 USD/h", "1.92802 USD/h")]
    [InlineData("eastus", "Standard_A1_v2", "0.043 USD/h", null)]
    public void Well_known_prices_are_there(string region, string type, string onDemand, string? spot)
    {
        InstanceCatalog.TryFind(region, type, out var price).ShouldBeTrue();
        price.OnDemand.ToString().ShouldBe(onDemand);
        if (spot is not null)
            price.Spot.ToString().ShouldBe(spot);
    }

    [Fact]
    public void F1_is_not_sold_in_ohio_and_azure_has_no_spot_prices()
    {
        InstanceCatalog.Find("us-east-2", "f1.2xlarge").ShouldBeNull();
        InstanceCatalog.Find("eastus", "Standard_NP10s")!.Spot.ShouldBeNull();
        InstanceCatalog.Find("mars-1", "f1.2xlarge").ShouldBeNull();
    }

    [Fact]
    public void Types_know_their_devices_and_sizes()
    {
        var f1 = InstanceCatalog.FindType("f1.4xlarge")!;
        (f1.Vcpus, f1.MemoryMib, f1.Accelerator, f1.AcceleratorCount).ShouldBe((16, 244 * 1024, "Xilinx VU9P FPGA", 2));
        var m5 = InstanceCatalog.FindType("m5.4xlarge")!;
        m5.Eks.ShouldBe(new EksAllocatable(234, 15890, 57691));
        InstanceCatalog.FindType("a1.large")!.Arch.ShouldBe("arm64");
    }

    [Fact]
    public void Searching_finds_the_cheapest_that_is_enough()
    {
        var found = InstanceCatalog.Search("us-east-1",
            new InstanceNeed(Vcpus: 8, MemoryMib: 64 * 1024, Accelerator: "Xilinx VU9P FPGA", AcceleratorCount: 2));

        found.Select(price => price.Type.Name).ShouldBe(["f1.4xlarge", "f1.16xlarge"]);
    }

    [Fact]
    public void The_table_says_what_its_sources_say()
    {
        var shared = Environment.GetEnvironmentVariable("SPILLWAY_SHARED")
            ?? Path.Combine(Golden.Repository, "..", "shared");
        var folder = Path.Combine(shared, "data", "prices");
        if (!Directory.Exists(folder))
            Assert.Skip($"{folder} is not there");

        foreach (var file in new[] { "aws_us-east-1_2026-07-20.csv", "gcp.csv", "azure.csv" })
        {
            var lines = File.ReadAllLines(Path.Combine(folder, file));
            var columns = lines[0].Split(',').Index().ToDictionary(pair => pair.Item, pair => pair.Index);
            foreach (var row in lines.Skip(1).Select(line => line.Split(',')))
            {
                var name = row[columns["instance_type"]];
                var price = InstanceCatalog.Find(row[columns["region"]], name).ShouldNotBeNull(name);
                price.OnDemand.Amount.ShouldBe(Number(row[columns["price_per_hour"]]), 0.000001m, name);
                price.Type.Vcpus.ShouldBe((int)Number(row[columns["vcpus"]]), name);
                price.Type.Arch.ShouldBe(row[columns["arch"]], name);
            }
        }
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
