using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Planner;

/// <summary>`./bench planner`: plans one of Karpenter's workloads once, warm, and writes down where the pods go.</summary>
internal static class PlannerCommand
{
    private const int WarmUps = 12;
    private const int Seed = 42;

    // The table shows the best of these, one after the other.
    private const int TableRuns = 5;

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
        var measured = Measure(() => generated
            ? KarpenterWorkload.Generate(int.Parse(pods, CultureInfo.InvariantCulture), Seed)
            : KarpenterWorkload.Read(pods));
        if (placements is not null) Write(placements, measured);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            wallMs = Math.Round(measured.Wall.TotalMilliseconds, 2),
            cpuMs = Math.Round(measured.Cpu.TotalMilliseconds, 2),
            allocatedMb = Math.Round(measured.Allocated / 1e6, 2),
            nodes = measured.Plan.Nodes.Count,
            vcpus = measured.Vcpus,
            pricePerHour = Math.Round(measured.Plan.PricePerHour, 4),
            boundPerHour = Math.Round(measured.Plan.BoundPerHour, 4),
            placed = measured.Plan.Bindings.Count,
            unplaced = measured.Plan.Unpacked.Count,
        }));
        return measured.Plan.Unpacked.Count == 0 ? 0 : 1;
    }

    /// <summary>`./bench table`: the planner's table of docs/performance.md.</summary>
    public static int Table(string folder)
    {
        Console.WriteLine("| pods | CPU | a pod | a node | allocated | nodes | vCPU | of the bound |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var list in (string[])["100", "500", "1000", "2000", "5000", "10000", "20000"])
            Row(list, () => KarpenterWorkload.Read(Path.Combine(folder, $"diverse-{list}.csv")));
        foreach (var count in (int[])[50_000, 100_000])
            Row($"{count} (made up)", () => KarpenterWorkload.Generate(count, Seed));
        Row("4000 with preferences", () => KarpenterWorkload.Read(Path.Combine(folder, "pref-4000.csv")));
        return 0;
    }

    private static void Row(string name, Func<List<PodRecord>> pods)
    {
        var best = Enumerable.Range(0, TableRuns).Select(_ => Measure(pods)).MinBy(one => one.Cpu)!;
        var (plan, micros) = (best.Plan, best.Cpu.TotalMicroseconds);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {best.Cpu.TotalMilliseconds:0.0} ms | {micros / plan.Bindings.Count:0.0} µs |"
                + $" {micros / plan.Nodes.Count:0} µs | {best.Allocated / 1e6:0.0} MB | {plan.Nodes.Count} | {best.Vcpus} |"
                + $" {plan.PricePerHour / plan.BoundPerHour:0.000} |"));
    }

    private static Measurement Measure(Func<List<PodRecord>> pods)
    {
        var request = new PackingRequest { Pods = pods(), Offers = KarpenterWorkload.Offers() };
        for (var i = 0; i < WarmUps; i++) Packer.Plan(request);

        // Read afresh: nothing that the warm-up worked out about these pods is left.
        var fresh = request with { Pods = pods(), Offers = KarpenterWorkload.Offers() };
        GC.Collect();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var plan = Packer.Plan(fresh);
        return new Measurement(
            fresh, plan, watch.Elapsed, Environment.CpuUsage.TotalTime - cpu,
            GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    private static int Usage(string problem)
    {
        Console.Error.WriteLine($"bench: {problem}; use:"
            + " ./bench planner (--pods FILE.csv | --generate COUNT) [--out placements.csv] [-o json]");
        return 2;
    }

    private static void Write(string file, Measurement measured)
    {
        var (plan, request) = (measured.Plan, measured.Request);
        using var writer = new StreamWriter(file);
        writer.Write("idx,node,instance_type,zone,capacity_type\n");
        foreach (var (pod, node) in plan.Bindings)
        {
            var (type, zone, purchase) = KarpenterWorkload.Names(request.Offers[plan.Nodes[node].Offer]);
            var index = int.Parse(request.Pods[pod].Key.Name.AsSpan("pod-".Length), CultureInfo.InvariantCulture);
            writer.Write($"{index},node-{node:D5},{type},{zone},{purchase}\n");
        }
    }

    private sealed record Measurement(
        PackingRequest Request, PackingPlan Plan, TimeSpan Wall, TimeSpan Cpu, long Allocated)
    {
        public int Vcpus => Plan.Nodes.Sum(node => KarpenterWorkload.Vcpus(Request.Offers[node.Offer]));
    }
}
