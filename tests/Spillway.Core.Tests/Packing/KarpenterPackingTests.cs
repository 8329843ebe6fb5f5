using System.Globalization;
using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Packing;

/// <summary>Karpenter's benchmark from the shared data, against its lower bound and what Karpenter pays.</summary>
public sealed class KarpenterPackingTests(ITestOutputHelper output)
{
    private const decimal PricePerVcpu = 0.3147483648m;

    [Theory]
    [InlineData("diverse-100", 102, 1.12)]
    [InlineData("diverse-500", 525, 1.10)]
    [InlineData("diverse-1000", 1092, 1.06)]
    [InlineData("diverse-5000", 5545, 1.05)]
    [InlineData("diverse-10000", 11100, 1.05)]
    [InlineData("pref-4000", 12000, 1.01)]
    public void Diverse_pods_cost_little_more_than_the_bound(string list, int karpenterVcpus, double overBound)
    {
        var request = new PackingRequest { Pods = Pods(list), Offers = Offers() };
        var plan = Packer.Plan(request);

        plan.Unpacked.ShouldBeEmpty();
        if (plan.Bindings.Count <= 1000) PlacementJudge.Complaints(request, plan).ShouldBeEmpty();
        var least = LeastVcpus(request.Pods) * PricePerVcpu;
        plan.BoundPerHour.ShouldBe(least, least * 0.0001m);
        output.WriteLine($"{plan.PricePerHour / PricePerVcpu:0} vCPU, {plan.PricePerHour / least:0.0000} of the bound");
        plan.PricePerHour.ShouldBeLessThanOrEqualTo(least * (decimal)overBound);
        plan.PricePerHour.ShouldBeLessThan(karpenterVcpus * PricePerVcpu);
    }

    // The README's formula: CPU, memory or places for pods, with a node for each pod that wants one of its own.
    private static decimal LeastVcpus(IReadOnlyList<PodRecord> pods)
    {
        var nodes = pods.Count(pod => !pod.Requirements.AntiAffinity.IsEmpty);
        var cpu = pods.Sum(pod => pod.Requirements.Requests.CpuMillis) / 1000m;
        var memory = pods.Sum(pod => pod.Requirements.Requests.MemoryBytes);
        const decimal Mebibyte = 1024 * 1024;
        return Math.Max(cpu + (0.1m * nodes), (memory + (nodes * 10 * Mebibyte)) / (2048 * Mebibyte));
    }

    private static List<PackingOffer> Offers()
    {
        (string, string)[] sold =
            [("spot", "1"), ("spot", "2"), ("on-demand", "1"), ("on-demand", "2"), ("on-demand", "3")];
        return [.. Enumerable.Range(1, 400).SelectMany(vcpus => sold.Select(one => new PackingOffer(
            new NodeRecord
            {
                Name = "",
                Labels = LabelMap.Of(
                    (WellKnownLabels.Zone, $"test-zone-{one.Item2}"), ("karpenter.sh/capacity-type", one.Item1)),
                Allocatable = ResourceAmounts.Of(
                    ("cpu", $"{(vcpus * 1000) - 100}m"), ("memory", $"{(vcpus * 2048) - 10}Mi"),
                    ("pods", $"{vcpus * 10}")),
            },
            vcpus * PricePerVcpu)))];
    }

    private static List<PodRecord> Pods(string list)
    {
        var shared = Environment.GetEnvironmentVariable("SPILLWAY_SHARED")
            ?? Path.Combine(Rules.Repository.Root, "../shared");
        var file = Path.Combine(shared, "data/workloads/karpenter-diverse", $"{list}.csv");
        if (!File.Exists(file)) Assert.Skip($"{file} is not there");
        return [.. File.ReadLines(file).Skip(1).Select(line => Pod(line.Split(',')))];
    }

    private static PodRecord Pod(string[] cells)
    {
        var (zone, host) = (WellKnownLabels.Zone, WellKnownLabels.Hostname);
        var own = LabelSelector.ForLabels((cells[4], cells[5]));
        var other = LabelSelector.ForLabels(("my-label", cells[6]));
        PodAffinityTerm Own(string key) => new() { TopologyKey = key, Selector = own, Namespaces = ["default"] };
        var requests = ResourceAmounts.Of(("cpu", cells[2] + "m"), ("memory", cells[3] + "Mi"));
        var asks = new PodRequirements { Requests = requests };
        return new PodRecord
        {
            Key = new PodKey("default", $"pod-{int.Parse(cells[0], CultureInfo.InvariantCulture):D6}"),
            Labels = LabelMap.Of((cells[4], cells[5])),
            Requirements = cells[1] switch
            {
                "spread-zone" => asks with { Spread = [new SpreadConstraint { TopologyKey = zone, Selector = other }] },
                "spread-host" => asks with { Spread = [new SpreadConstraint { TopologyKey = host, Selector = other }] },
                "affinity-zone" => asks with { Affinity = [Own(zone)] },
                "antiaffinity-host" => asks with { AntiAffinity = [Own(host)] },
                "preference" => asks with
                {
                    PreferredAntiAffinity =
                    [
                        new WeightedPodAffinityTerm(10, Own(zone)), new WeightedPodAffinityTerm(1, Own(host)),
                    ],
                },
                _ => asks,
            },
        };
    }
}
