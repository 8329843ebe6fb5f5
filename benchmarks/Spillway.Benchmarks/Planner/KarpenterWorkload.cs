using System.Globalization;
using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Planner;

/// <summary>The pods and instance types of Karpenter's scheduling benchmark; the shared workloads' README says what they are.</summary>
internal static class KarpenterWorkload
{
    public const decimal PricePerVcpu = (0.1m * 1) + (0.1m * 2 * 1024 * 1024 * 1024 / 1_000_000_000m);

    private const string PurchaseKey = "karpenter.sh/capacity-type";
    private const string TypeKey = "node.kubernetes.io/instance-type";
    private const string OwnAffinityKey = "my-affininity";

    private static readonly (string Purchase, string Zone)[] Offerings =
    [
        ("on-demand", "test-zone-1"), ("on-demand", "test-zone-2"), ("on-demand", "test-zone-3"),
        ("spot", "test-zone-1"), ("spot", "test-zone-2"),
    ];

    /// <summary>400 types, `fake-it-i` with i+1 vCPU, each in five offerings of equal price.</summary>
    public static List<PackingOffer> Offers()
    {
        var offers = new List<PackingOffer>();
        for (var vcpus = 1; vcpus <= 400; vcpus++)
        {
            var allocatable = ResourceAmounts.From(
            [
                KeyValuePair.Create("cpu", (vcpus * 1000L) - 100),
                KeyValuePair.Create("memory", (vcpus * (2L << 30)) - (10L << 20)),
                KeyValuePair.Create("pods", vcpus * 10L),
            ]);
            foreach (var (purchase, zone) in Offerings)
            {
                offers.Add(new PackingOffer(new NodeRecord
                {
                    Name = "",
                    Labels = LabelMap.Of(
                        (TypeKey, $"fake-it-{vcpus - 1}"), (WellKnownLabels.Zone, zone), (PurchaseKey, purchase),
                        ("kubernetes.io/arch", "amd64"), ("kubernetes.io/os", "linux")),
                    Allocatable = allocatable,
                    Capacity = allocatable,
                }, vcpus * PricePerVcpu));
            }
        }
        return offers;
    }

    public static int Vcpus(PackingOffer offer) => (int)((offer.Node.Allocatable.CpuMillis + 100) / 1000);

    public static (string Type, string Zone, string Purchase) Names(PackingOffer offer) =>
        (offer.Node.Labels[TypeKey]!, offer.Node.Labels[WellKnownLabels.Zone]!, offer.Node.Labels[PurchaseKey]!);

    public static List<PodRecord> Read(string file)
    {
        var pods = new List<PodRecord>();
        foreach (var line in File.ReadLines(file).Skip(1))
        {
            var cells = line.Split(',');
            pods.Add(Pod(
                int.Parse(cells[0], CultureInfo.InvariantCulture), cells[1],
                long.Parse(cells[2], CultureInfo.InvariantCulture), long.Parse(cells[3], CultureInfo.InvariantCulture),
                (cells[4], cells[5]), cells[6]));
        }
        return pods;
    }

    /// <summary>Pods by the benchmark's rules, for sizes that the shared data does not hold.</summary>
    public static List<PodRecord> Generate(int count, int seed)
    {
        string[] kinds = ["generic", "spread-zone", "spread-host", "affinity-zone", "antiaffinity-host"];
        long[] cpus = [100, 250, 500, 1000, 1500];
        long[] memories = [100, 256, 512, 1024, 2048, 4096];
        var random = new Random(seed);
        var pods = new List<PodRecord>(count);
        for (var i = 0; i < count; i++)
        {
            var kind = kinds[Math.Min(i / Math.Max(1, count / 5), 4)];
            string Letter() => ((char)('a' + random.Next(7))).ToString();
            var (cpu, memory) = (cpus[random.Next(cpus.Length)], memories[random.Next(memories.Length)]);
            var own = kind switch
            {
                "affinity-zone" => (OwnAffinityKey, Letter()),
                "antiaffinity-host" => ("app", "nginx"),
                _ => ("my-label", Letter()),
            };
            pods.Add(Pod(i, kind, cpu, memory, own, Letter()));
        }
        return pods;
    }

    private static PodRecord Pod(
        int index, string kind, long cpuMillis, long memoryMib, (string Key, string Value) own, string selected)
    {
        var asks = new PodRequirements
        {
            Requests = ResourceAmounts.From(
            [
                KeyValuePair.Create("cpu", cpuMillis), KeyValuePair.Create("memory", memoryMib << 20),
            ]),
        };
        var other = LabelSelector.ForLabels(("my-label", selected));
        var itself = LabelSelector.ForLabels(own);
        return new PodRecord
        {
            Key = new PodKey("default", $"pod-{index:D6}"),
            Labels = LabelMap.Of(own),
            Requirements = kind switch
            {
                "generic" => asks,
                "spread-zone" => asks with
                {
                    Spread = [new SpreadConstraint { TopologyKey = WellKnownLabels.Zone, Selector = other }],
                },
                "spread-host" => asks with
                {
                    Spread = [new SpreadConstraint { TopologyKey = WellKnownLabels.Hostname, Selector = other }],
                },
                "affinity-zone" => asks with { Affinity = [Term(WellKnownLabels.Zone, itself)] },
                "antiaffinity-host" => asks with { AntiAffinity = [Term(WellKnownLabels.Hostname, itself)] },
                "preference" => asks with
                {
                    PreferredNodeTerms =
                    [
                        new PreferredNodeTerm(1, new NodeSelectorTerm(
                            [new LabelRequirement(WellKnownLabels.Zone, SelectorOperator.In, ["test-zone-1"])], [])),
                    ],
                    PreferredAntiAffinity =
                    [
                        new WeightedPodAffinityTerm(10, Term(WellKnownLabels.Zone, itself)),
                        new WeightedPodAffinityTerm(1, Term(WellKnownLabels.Hostname, itself)),
                    ],
                },
                _ => throw new FormatException($"'{kind}' is not a kind of pod of this workload."),
            },
        };
    }

    private static PodAffinityTerm Term(string key, LabelSelector selector) =>
        new() { TopologyKey = key, Selector = selector, Namespaces = ["default"] };
}
