using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;
using static Spillway.Core.Tests.Placement.TestPods;

namespace Spillway.Core.Tests.Placement.Sharing;

public sealed class GpuShareTests
{
    private static readonly (string, string) FourGpus = (GpuShares.Resource, "4");

    [Theory]
    [InlineData("spillway.dev/gpu-milli", "460", 460)]
    [InlineData("alibabacloud.com/gpu-milli", "320", 320)]
    [InlineData("gpu-fraction", "0.25", 250)]
    [InlineData("gpu-fraction", "0.3333", 334)]
    [InlineData("gpu-fraction", "a third", 1000)]
    [InlineData("spillway.dev/gpu-milli", "-5", 1000)]
    [InlineData("other", "460", 0)]
    public void A_share_is_read_by_the_names_users_know(string key, string value, int milli) =>
        GpuShares.Asked(LabelMap.Of((key, value)), LabelMap.Empty).ShouldBe(milli);

    [Fact]
    public void A_manifest_with_a_share_asks_for_a_part_and_one_with_a_whole_share_for_a_gpu()
    {
        PodReader.Read("""{"metadata":{"name":"p","annotations":{"gpu-fraction":"0.5"}},"spec":{"containers":[{}]}}"""u8)
            .Requirements.GpuMilli.ShouldBe(500);
        PodReader.Read("""{"metadata":{"name":"p","annotations":{"gpu-fraction":"1"}},"spec":{"containers":[{}]}}"""u8)
            .Requirements.Requests[GpuShares.Resource].ShouldBe(1);
    }

    [Fact]
    public void Shares_fill_one_gpu_before_they_open_another_and_whole_gpus_stay_whole()
    {
        var model = Model(Node("a", "64", "256Gi", FourGpus));
        foreach (var (name, milli) in new[] { ("s1", 600), ("s2", 300), ("s3", 500) })
        {
            var pod = Share(name, milli);
            model.SetPod(pod);
            model.Assume(pod.Key, model.PlacedOn(pod with { Key = new PodKey("default", "probe") }));
        }

        model.FreeGpuMilli("a").ShouldBe([100, 500, 1000, 1000]);
        model.GpusOf(new PodKey("default", "s2")).ShouldBe([0]);
        model.PlacedOn(Pod("two", "1", "1Gi", (GpuShares.Resource, "2"))).ShouldBe("a");
        model.PlacedOn(Pod("three", "1", "1Gi", (GpuShares.Resource, "3"))).ShouldBe("");
    }

    [Fact]
    public void A_share_that_fits_on_no_single_gpu_is_refused_with_the_largest_part()
    {
        var model = Model(
            Node("a", "64", "256Gi", (GpuShares.Resource, "2")),
            Share("s1", 700).On("a"), Share("s2", 600).On("a"));

        var refused = model.Refused(Share("s3", 500));

        refused.Message().ShouldBe("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
        refused.ToSentence().ShouldContain("needs 500 thousandths of one nvidia.com/gpu, a has 400 at most on one");
    }

    [Fact]
    public void A_bound_pod_keeps_the_gpu_its_record_names_and_a_rollback_restores_it()
    {
        var bound = Share("s1", 300).On("a") with { Annotations = LabelMap.Of((GpuShares.IndexAnnotation, "2")) };
        var model = Model(Node("a", "64", "256Gi", FourGpus), bound);
        model.FreeGpuMilli("a").ShouldBe([1000, 1000, 700, 1000]);

        using (model.BeginWhatIf())
        {
            model.RemovePod(bound.Key);
            model.SetPod(Share("s2", 900));
            model.Assume(new PodKey("default", "s2"), "a");
            model.FreeGpuMilli("a").ShouldBe([100, 1000, 1000, 1000]);
        }
        model.FreeGpuMilli("a").ShouldBe([1000, 1000, 700, 1000]);
        model.RemovePod(bound.Key);
        model.FreeGpuMilli("a").ShouldBe([1000, 1000, 1000, 1000]);
        model.FreeOn("a")[GpuShares.Resource].ShouldBe(4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whatever_comes_and_goes_the_books_agree_with_a_plain_count(bool expected)
    {
        for (var seed = 0; seed < 8; seed++) ComeAndGo(new Random(seed), expected);
    }

    private static void ComeAndGo(Random random, bool expected)
    {
        var model = Model(PlacementPolicy.Spillway);
        for (var i = 0; i < 4; i++)
            model.SetNode(Node($"n{i}", "16", "64Gi", (GpuShares.Resource, $"{1 + (i * 2 % 5)}")));
        var history = Enumerable.Range(0, 50).Select(_ => Any(random, 0).Requirements);
        if (expected) model.SetDemand(DeviceDemand.Of(history));
        var placed = new List<PodRecord>();
        for (var step = 0; step < 80; step++)
        {
            if (placed.Count > 0 && random.Next(3) == 0)
            {
                var gone = placed[random.Next(placed.Count)];
                placed.Remove(gone);
                model.RemovePod(gone.Key);
            }
            else
            {
                var pod = Any(random, step);
                model.SetPod(pod);
                var feasible = model.FeasibleNodes(pod.Key);
                if (model.FindNode(pod.Key) is { } node)
                {
                    feasible.ShouldContain(node);
                    model.Assume(pod.Key, node);
                    placed.Add(pod);
                }
                else
                {
                    feasible.ShouldBeEmpty();
                    model.RemovePod(pod.Key);
                }
            }
            Check(model, placed);
        }
    }

    private static void Check(PlacementModel model, List<PodRecord> placed)
    {
        foreach (var node in model.Nodes)
        {
            var left = Enumerable.Repeat(1000, (int)node.Allocatable[GpuShares.Resource]).ToArray();
            var whole = new HashSet<int>();
            foreach (var pod in placed.Where(pod => model.NodeOf(pod.Key) == node.Name))
            {
                var gpus = model.GpusOf(pod.Key);
                var asked = pod.Requirements;
                gpus.Count.ShouldBe(asked.GpuMilli > 0 ? 1 : (int)asked.Requests[GpuShares.Resource]);
                foreach (var gpu in gpus)
                {
                    left[gpu] -= pod.Requirements.GpuMilli > 0 ? pod.Requirements.GpuMilli : 1000;
                    if (pod.Requirements.GpuMilli == 0) whole.Add(gpu).ShouldBeTrue();
                }
            }
            left.ShouldAllBe(milli => milli >= 0);
            model.FreeGpuMilli(node.Name).ShouldBe(left);
            model.FreeOn(node.Name)[GpuShares.Resource].ShouldBe(left.Count(milli => milli == 1000));
        }
    }

    private static PodRecord Any(Random random, int number) => random.Next(3) == 0
        ? Pod($"w{number}", "1", "1Gi", (GpuShares.Resource, $"{1 + random.Next(3)}"))
        : Share($"s{number}", 100 * (1 + random.Next(9)));

    private static PodRecord Share(string name, int milli) =>
        Pod(name, "1", "1Gi").Asking(requirements => requirements with { GpuMilli = milli });
}
