using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Consolidation;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;

namespace Spillway.Benchmarks.Consolidation;

/// <summary>
/// One whole consolidation pass over a large fleet of rented nodes of six types in three zones, a fifth to four fifths
/// full of Deployments' pods, some with spread, budgets or marks: <c>consolidation [--nodes 5000] [--pods 150000]</c>.
/// </summary>
internal static class ConsolidationBenchmark
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static readonly (string Name, int Cpus, decimal Price)[] Types =
    [
        ("c.xlarge", 4, 0.17m), ("c.2xlarge", 8, 0.34m), ("m.4xlarge", 16, 0.77m), ("c.4xlarge", 16, 0.68m),
        ("m.8xlarge", 32, 1.54m), ("c.16xlarge", 64, 2.72m),
    ];

    public static int Run(string[] args)
    {
        var (nodes, pods) = (Option(args, "--nodes", 5_000), Option(args, "--pods", 150_000));
        var seen = Draw(nodes, pods, new Random(Option(args, "--seed", 1)));
        var policy = new ConsolidationPolicy { Mode = ConsolidationMode.Auto };
        var process = Process.GetCurrentProcess();
        var (cpu, allocated) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: true));
        var watch = Stopwatch.StartNew();
        var plan = ConsolidationPlanner.Plan(policy, new BurstPolicy(), seen, Now);
        watch.Stop();
        process.Refresh();
        Console.WriteLine(new JsonObject
        {
            ["nodes"] = nodes,
            ["pods"] = seen.Cluster.Placement.PodCount,
            ["wallMs"] = Math.Round(watch.Elapsed.TotalMilliseconds),
            ["cpuMs"] = Math.Round((process.TotalProcessorTime - cpu).TotalMilliseconds),
            ["allocatedMb"] = (GC.GetTotalAllocatedBytes(precise: true) - allocated) >> 20,
            ["peakMb"] = process.PeakWorkingSet64 >> 20,
            ["pricePerHourBefore"] = plan.Before.Amount,
            ["pricePerHourAfter"] = plan.After.Amount,
            ["nodesRemoved"] = plan.Steps.Sum(step => step.Remove.Count),
            ["nodesRented"] = plan.Steps.Count(step => step.Rent is not null),
            ["podsMoved"] = plan.Steps.Sum(step => step.Moves.Count),
            ["steps"] = plan.Steps.Count,
        }.ToJsonString());
        return 0;
    }

    private static ConsolidationObservation Draw(int nodes, int pods, Random dice)
    {
        var offers = Offers();
        var model = new PlacementModel();
        var claims = new List<ClaimState>();
        var room = new List<(string Name, int Cpu, double Fill)>();
        for (var i = 0; i < nodes; i++)
        {
            var offer = offers[dice.Next(offers.Count)];
            var name = $"fleet-{i:D5}";
            claims.Add(new ClaimState(name, offer, ClaimPhase.Ready, Now.AddDays(-1)));
            model.SetNode(OfferNodes.Node(offer, name) with { CreatedAt = Now.AddDays(-1) });
            room.Add((name, (int)OfferNodes.Allocatable(offer).CpuMillis, 0.2 + (0.6 * dice.NextDouble())));
        }

        // Pods of a node are as large as it takes for all of them to be there.
        var budgets = new List<DisruptionBudgetRecord>();
        var total = room.Sum(node => node.Cpu * node.Fill);
        var count = 0;
        foreach (var (name, cpu, fill) in room)
        {
            var here = (int)Math.Round(pods * (cpu * fill / total));
            for (var left = (int)(cpu * fill); here > 0 && left > 50; here--)
            {
                var size = Math.Clamp((int)(left / here * (0.5 + dice.NextDouble())) / 50 * 50, 50, left);
                left -= size;
                model.SetPod(Pod(count++, size, name, dice));
            }
        }

        for (var app = 0; app < 500; app += 5)
        {
            budgets.Add(new DisruptionBudgetRecord(
                "default", $"pdb-{app}", LabelSelector.ForLabels(("app", $"app-{app}")), 10 + dice.Next(20)));
        }

        return new ConsolidationObservation
        {
            Cluster = new BurstObservation
            {
                Placement = model,
                Pending = [],
                Pools = [new PoolState("fleet", 0, nodes * 2, offers)],
                Claims = claims,
                Spend = SpendSoFar.Nothing,
            },
            Budgets = budgets,
        };
    }

    private static PodRecord Pod(int index, int cpu, string node, Random dice)
    {
        var app = $"app-{dice.Next(500)}";
        var requests = ResourceAmounts.Of(("cpu", $"{cpu}m"), ("memory", $"{cpu * 2}Mi"));
        var requirements = new PodRequirements
        {
            Requests = requests, ScoringCpuMillis = cpu, ScoringMemoryBytes = requests.MemoryBytes,
        };
        if (dice.Next(20) == 0)
        {
            requirements = requirements with
            {
                Spread =
                [
                    new SpreadConstraint
                    {
                        TopologyKey = WellKnownLabels.Zone,
                        MaxSkew = 5,
                        Selector = LabelSelector.ForLabels(("app", app)),
                    },
                ],
            };
        }

        return new PodRecord
        {
            Key = new PodKey("default", $"pod-{index:D6}"),
            Uid = $"u{index}",
            Labels = LabelMap.Of(("app", app)),
            Annotations = dice.Next(2000) == 0
                ? LabelMap.Of(("karpenter.sh/do-not-disrupt", "true")) : LabelMap.Empty,
            NodeName = node,
            Phase = PodPhase.Running,
            Controller = new PodController("ReplicaSet", app, app),
            CreatedAt = Now.AddHours(-9),
            StartedAt = Now.AddHours(-9),
            Requirements = requirements,
        };
    }

    private static List<Offer> Offers()
    {
        var offers = new List<Offer>();
        foreach (var zone in (string[])["z1", "z2", "z3"])
        {
            foreach (var (name, cpus, price) in Types)
            {
                var room = new ResourceList(new Dictionary<string, string>
                {
                    ["cpu"] = cpus.ToString(CultureInfo.InvariantCulture),
                    ["memory"] = $"{4 * cpus}Gi",
                    ["pods"] = "250",
                }.Select(pair => KeyValuePair.Create(pair.Key, Quantity.Parse(pair.Value))));
                var hourly = HourlyPrice.Usd(price);
                offers.Add(new Offer("fleet", name, zone, PurchaseOption.OnDemand, hourly, new NodeTemplate
                {
                    Labels = new Dictionary<string, string>
                    {
                        [WellKnownLabels.Pool] = "fleet", [WellKnownLabels.Zone] = zone,
                        ["node.kubernetes.io/instance-type"] = name,
                    },
                    Annotations = new Dictionary<string, string>(),
                    Taints = [],
                    Capacity = room,
                    Allocatable = room,
                    Devices = [],
                    Price = null,
                }));
            }
        }

        return offers;
    }

    private static int Option(string[] args, string name, int otherwise)
    {
        var index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length
            ? int.Parse(args[index + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
