using Spillway.Core.Packing;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Packing;

/// <summary>Made-up requests with every kind of constraint, small enough to judge thousands of.</summary>
internal sealed class RandomRequest(int seed)
{
    private readonly Random random = new(seed);

    public PackingRequest Next(int mostPods, bool scarce)
    {
        var kinds = Enumerable.Range(0, 1 + random.Next(6)).Select(Requirements).ToList();
        var pods = new List<PodRecord>();
        for (var count = 1 + random.Next(mostPods); pods.Count < count;)
        {
            var (asks, app) = kinds[random.Next(kinds.Count)];
            var size = scarce && random.Next(6) == 0 ? 2 + random.Next(4) : 1;
            var gang = size == 1 ? null : new Gang($"gang-{pods.Count}", size);
            var priority = scarce ? random.Next(2) * 10 : 0;
            for (var member = 0; member < size; member++)
            {
                pods.Add(new PodRecord
                {
                    Key = new PodKey("default", $"pod-{pods.Count:D3}"),
                    Labels = LabelMap.Of(("app", app), ("unique", $"{pods.Count}")),
                    Requirements = asks with { Priority = priority, Gang = gang },
                });
            }
        }
        return new PackingRequest
        {
            Pods = pods,
            Offers = Offers(scarce),
            PoolRoom = scarce ? new Dictionary<string, int> { ["b"] = random.Next(4) } : new Dictionary<string, int>(),
        };
    }

    private List<PackingOffer> Offers(bool scarce)
    {
        var offers = new List<PackingOffer>();
        foreach (var zone in (string[])["z1", "z2", "z3"])
        {
            foreach (var size in (int[])[1, 2, 4, 8])
            {
                if (random.Next(5) == 0) continue;
                offers.Add(new PackingOffer(
                    new NodeRecord
                    {
                        Name = "",
                        Labels = LabelMap.Of(
                            (WellKnownLabels.Zone, zone), ("disk", random.Next(2) == 0 ? "ssd" : "hdd")),
                        Taints = random.Next(6) == 0 ? [new Taint("dedicated", "x", TaintEffect.NoSchedule)] : [],
                        Allocatable = ResourceAmounts.Of(
                            ("cpu", $"{(size * 1000) - 100}m"), ("memory", $"{(size * 4096) - 200}Mi"),
                            ("pods", $"{size * 6}"), ("example.com/card", size == 8 ? "2" : "0")),
                    },
                    (size * 0.05m) + (0.001m * random.Next(10)))
                {
                    Pool = random.Next(2) == 0 ? "a" : "b",
                    Stock = scarce && random.Next(3) > 0 ? random.Next(3) : null,
                });
            }
        }
        return offers;
    }

    private (PodRequirements Asks, string App) Requirements(int index)
    {
        var app = $"app-{index % 3}";
        var requests = ResourceAmounts.Of(
            ("cpu", $"{100 * (1 + random.Next(20))}m"), ("memory", $"{256 * (1 + random.Next(16))}Mi"));
        if (random.Next(10) == 0) requests = requests.With("example.com/card", 1);
        var asks = new PodRequirements { Requests = requests };
        if (random.Next(5) == 0) asks = asks with { NodeSelector = LabelMap.Of(("disk", "ssd")) };
        if (random.Next(5) == 0)
            asks = asks with { Tolerations = [new Toleration("dedicated", TolerationOperator.Exists, "", null)] };
        if (random.Next(8) == 0) asks = asks with { HostPorts = [new HostPort(80, "TCP", "")] };
        var own = LabelSelector.ForLabels(("app", app));
        var either = random.Next(2) == 0 ? own : LabelSelector.ForLabels(("app", $"app-{random.Next(3)}"));
        var (zone, host) = (WellKnownLabels.Zone, WellKnownLabels.Hostname);
        asks = random.Next(8) switch
        {
            0 => asks with { Spread = [Spread(zone, either)] },
            1 => asks with { Spread = [Spread(host, either)] },
            2 => asks with { Spread = [Spread(zone, own), Spread(host, either)] },
            3 => asks with { Affinity = [Term(zone, own)] },
            4 => asks with { AntiAffinity = [Term(random.Next(3) == 0 ? zone : host, either)] },
            5 => asks with { Affinity = [Term(zone, own)], AntiAffinity = [Term(host, own)] },
            _ => asks,
        };
        return (asks, app);
    }

    private SpreadConstraint Spread(string key, LabelSelector selector) =>
        new() { TopologyKey = key, Selector = selector, MaxSkew = 1 + random.Next(2) };

    private static PodAffinityTerm Term(string key, LabelSelector selector) =>
        new() { TopologyKey = key, Selector = selector, Namespaces = ["default"] };
}
