using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Packing;

/// <summary>Small requests whose cheapest answer is found by trying every partition.</summary>
public sealed class PackerBruteForceTests(ITestOutputHelper output)
{
    [Fact]
    public void Small_requests_cost_next_to_nothing_more_than_the_best_of_all_partitions()
    {
        var random = new Random(21);
        var (price, least, best, runs) = (0m, 0m, 0, 3000);
        for (var run = 0; run < runs; run++)
        {
            var request = Request(random);
            var plan = Packer.Plan(request);
            plan.Unpacked.ShouldBeEmpty($"run {run}");
            PlacementJudge.Complaints(request, plan).ShouldBeEmpty($"run {run}");
            var optimum = Optimum(request, [], 0);
            plan.PricePerHour.ShouldBeGreaterThanOrEqualTo(optimum, $"run {run}");
            plan.BoundPerHour.ShouldBeLessThanOrEqualTo(optimum + 0.000001m, $"run {run}");
            price += plan.PricePerHour;
            least += optimum;
            if (plan.PricePerHour == optimum) best++;
        }
        output.WriteLine($"{best} of {runs} are the best possible; all together {price / least:0.0000} of the best");
        (price / least).ShouldBeLessThan(1.004m);
        best.ShouldBeGreaterThan(runs * 97 / 100);
    }

    private static PackingRequest Request(Random random)
    {
        var offers = Enumerable.Range(0, 1 + random.Next(4)).Select(_ =>
        {
            var size = 2 + random.Next(7);
            var amounts = ResourceAmounts.Of(("cpu", $"{size}"), ("memory", $"{(size * 2) + random.Next(4)}Gi"));
            return new PackingOffer(
                new NodeRecord { Name = "", Allocatable = amounts }, (size * 0.1m) + (random.Next(20) * 0.01m));
        }).ToList();
        var pods = Enumerable.Range(0, 1 + random.Next(7)).Select(i => Pod(random, $"pod-{i}")).ToList();
        return new PackingRequest { Pods = pods, Offers = offers };
    }

    private static PodRecord Pod(Random random, string name)
    {
        var lonely = random.Next(4) == 0;
        var labels = ("app", "lonely");
        return new PodRecord
        {
            Key = new PodKey("default", name),
            Labels = lonely ? LabelMap.Of(labels) : LabelMap.Empty,
            Requirements = new PodRequirements
            {
                Requests = ResourceAmounts.Of(
                    ("cpu", $"{250 * (1 + random.Next(8))}m"), ("memory", $"{256 * (1 + random.Next(16))}Mi")),
                AntiAffinity = !lonely ? [] :
                [
                    new PodAffinityTerm
                    {
                        TopologyKey = WellKnownLabels.Hostname,
                        Selector = LabelSelector.ForLabels(labels),
                        Namespaces = ["default"],
                    },
                ],
            },
        };
    }

    private static decimal Optimum(PackingRequest request, List<List<PodRecord>> nodes, int next)
    {
        if (next == request.Pods.Count) return nodes.Sum(node => Cheapest(request, node)!.Value);
        var least = decimal.MaxValue;
        for (var i = 0; i <= nodes.Count; i++)
        {
            if (i == nodes.Count) nodes.Add([]);
            nodes[i].Add(request.Pods[next]);
            if (Cheapest(request, nodes[i]) is not null) least = Math.Min(least, Optimum(request, nodes, next + 1));
            nodes[i].RemoveAt(nodes[i].Count - 1);
            if (nodes[i].Count > 0) continue;
            nodes.RemoveAt(i);
            break;
        }
        return least;
    }

    private static decimal? Cheapest(PackingRequest request, List<PodRecord> pods)
    {
        if (pods.Count(pod => pod.Labels.ContainsKey("app")) > 1) return null;
        var cpu = pods.Sum(pod => pod.Requirements.Requests.CpuMillis);
        var memory = pods.Sum(pod => pod.Requirements.Requests.MemoryBytes);
        return request.Offers
            .Where(offer => offer.Node.Allocatable.CpuMillis >= cpu && offer.Node.Allocatable.MemoryBytes >= memory)
            .Min(offer => (decimal?)offer.PricePerHour);
    }
}
