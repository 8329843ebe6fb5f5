using System.Diagnostics;
using System.Text.Json;
using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Planner;

/// <summary>`./bench planner`: plans one of Karpenter's workloads once, warm, and writes down where the pods go.</summary>
internal static class PlannerCommand
{
    private const int WarmUps = 12;
    private const int Seed = 42;

    public static int Run(string[] args)
    {
        string? pods = null, placements = null;
        var generated = false;
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--pods": pods = args[i + 1]; break;
                case "--generate": pods = args[i + 1]; generated = true; break;
                case "--out": placements = args[i + 1]; break;
                case "-o" when args[i + 1] == "json": break;
                default: return Usage($"unknown option {args[i]} {args[i + 1]}");
            }
        }
        if (args.Length % 2 != 0) return Usage($"{args[^1]} needs a value");
        if (pods is null) return Usage("--pods FILE is missing");
        if (!generated && !File.Exists(pods)) return Usage($"there is no file {pods}");
        return Run(
            () => generated ? KarpenterWorkload.Generate(int.Parse(pods), Seed) : KarpenterWorkload.Read(pods),
            placements);
    }

    private static int Usage(string problem)
    {
        Console.Error.WriteLine($"bench: {problem}; use:"
            + " ./bench planner (--pods FILE.csv | --generate COUNT) [--out placements.csv] [-o json]");
        return 2;
    }

    private static int Run(Func<List<PodRecord>> pods, string? placements)
    {
        var offers = KarpenterWorkload.Offers();
        var request = new PackingRequest { Pods = pods(), Offers = offers };
        for (var i = 0; i < WarmUps; i++)
        {
            Packer.Plan(request);

            // The runtime compiles what is hot in the background: time for it to finish.
            if (i % 4 == 3) Thread.Sleep(150);
        }

        // Read afresh: nothing that the warm-up worked out about these pods is left.
        var fresh = request with { Pods = pods(), Offers = KarpenterWorkload.Offers() };
        GC.Collect();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpuBefore = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var plan = Packer.Plan(fresh);
        var elapsed = watch.Elapsed;
        var cpu = Environment.CpuUsage.TotalTime - cpuBefore;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (placements is not null) Write(placements, plan, fresh);
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                wallMs = Math.Round(elapsed.TotalMilliseconds, 2),
                cpuMs = Math.Round(cpu.TotalMilliseconds, 2),
                allocatedMb = Math.Round(allocated / 1e6, 2),
                nodes = plan.Nodes.Count,
                vcpus = plan.Nodes.Sum(node => KarpenterWorkload.Vcpus(fresh.Offers[node.Offer])),
                pricePerHour = Math.Round(plan.PricePerHour, 4),
                boundPerHour = Math.Round(plan.BoundPerHour, 4),
                placed = plan.Bindings.Count,
                unplaced = plan.Unpacked.Count,
            }));
        return plan.Unpacked.Count == 0 ? 0 : 1;
    }

    private static void Write(string file, PackingPlan plan, PackingRequest request)
    {
        using var writer = new StreamWriter(file);
        writer.Write("idx,node,instance_type,zone,capacity_type\n");
        foreach (var (pod, node) in plan.Bindings)
        {
            var (type, zone, purchase) = KarpenterWorkload.Names(request.Offers[plan.Nodes[node].Offer]);
            var index = int.Parse(request.Pods[pod].Key.Name.AsSpan("pod-".Length));
            writer.Write($"{index},node-{node:D5},{type},{zone},{purchase}\n");
        }
    }
}
