using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests;

public sealed class CloudQuotesTests
{
    private readonly CloudQuotes quotes = new(new ClusterModel(new Cluster { Name = "lab" }, [new Accelerator
    {
        Name = "xgboost",
        Resource = "accelerators.spillway.dev/xgboost",
        Provides = [new AcceleratorProvider("aws-vu9p-f1", 2)],
    }]));

    [Fact]
    public void A_gpu_job_is_quoted_at_the_part_of_the_cheapest_node_that_it_takes()
    {
        var whole = quotes.PerHour(ResourceAmounts.Of(("cpu", "2"), ("memory", "8Gi"), ("nvidia.com/gpu", "1")));
        var eight = quotes.PerHour(ResourceAmounts.Of(("cpu", "2"), ("nvidia.com/gpu", "8")));

        whole!.Value.Amount.ShouldBeInRange(0.1m, 1.1m);
        eight!.Value.Amount.ShouldBeGreaterThan(whole.Value.Amount * 4);
    }

    [Fact]
    public void A_job_on_accelerators_is_quoted_on_the_devices_that_hold_them() =>
        quotes.PerHour(ResourceAmounts.Of(("accelerators.spillway.dev/xgboost", "4")))
            .ShouldBe(HourlyPrice.Usd(3.30m));

    [Fact]
    public void What_no_cloud_sells_has_no_quote() =>
        quotes.PerHour(ResourceAmounts.Of(("lab/photon", "1"))).ShouldBeNull();
}
