using System.Diagnostics;
using Spillway.Core.Packing;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Planner;

/// <summary>
/// `./bench autoscaler`: Cluster Autoscaler's benchmarks as the shared workloads' README describes them, and gangs. One
/// line each: the answer, the best wall time of several runs, and the mean CPU time.
/// </summary>
internal static class AutoscalerCommand
{
    private const int Runs = 15;

    public static int Run()
    {
        Measure("estimate: 51,000 pods of two kinds, at most 3,000 nodes", Estimate());
        Measure("scale up: 10,000 pods without owners", ScaleUp());
        Measure("filter out: 60,000 pods that fit nowhere on 200 full nodes", FilterOut());
        Measure("1,000 gangs of 16 pods", Gangs(stock: null));
        Measure("1,000 gangs of 16 pods, nodes for half of them", Gangs(stock: 500));
        return 0;
    }

    private static void Measure(string name, Func<string> run)
    {
        for (var i = 0; i < 5; i++) run();
        var (best, answer) = (TimeSpan.MaxValue, "");
        var cpu = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Runs; i++)
        {
            var watch = Stopwatch.StartNew();
            answer = run();
            if (watch.Elapsed < best) best = watch.Elapsed;
        }
        cpu = (Environment.CpuUsage.TotalTime - cpu) / Runs;
        Console.WriteLine(
            $"{name}: {answer}; {best.TotalMilliseconds:0.0} ms at best, {cpu.TotalMilliseconds:0.0} ms CPU in the mean");
    }

    private static Func<string> Estimate()
    {
        var (small, large) = (Asks(50, 100), Asks(95, 190));
        var pods = Enumerable.Range(0, 51_000).Select(i => Pod(i, i < 50_000 ? small : large)).ToList();
        var request = new PackingRequest
        {
            Pods = pods,
            Offers = [Offer(1000, 5000L << 20)],
            PoolRoom = new Dictionary<string, int> { [""] = 3000 },
        };
        return () => Answer(Packer.Plan(request));
    }

    private static Func<string> ScaleUp()
    {
        var request = new PackingRequest
        {
            Pods = [.. Enumerable.Range(0, 10_000).Select(i => Pod(i, Asks(200, 200)))],
            Offers = [Offer(10_000, 10_000)],
        };
        return () => Answer(Packer.Plan(request));
    }

    private static Func<string> FilterOut()
    {
        var model = new PlacementModel();
        for (var i = 0; i < 200; i++)
        {
            var name = $"node-{i:D3}";
            model.SetNode(Offer(1000, 1L << 30).Node with
            {
                Name = name, Labels = LabelMap.Of((WellKnownLabels.Hostname, name)),
            });
            model.SetPod(Pod(1_000_000 + i, Asks(1000, 1L << 30)) with { NodeName = name, Phase = PodPhase.Running });
        }
        for (var i = 0; i < 60_000; i++) model.SetPod(Pod(i, Asks(100, 100)));
        return () =>
        {
            using var tried = model.BeginWhatIf();
            return $"{model.PlaceAll().Count(one => one.Outcome is PlacementOutcome.Unplaceable)} fit nowhere";
        };
    }

    private static Func<string> Gangs(int? stock)
    {
        var pods = Enumerable.Range(0, 16_000)
            .Select(i => Pod(i, Asks(1000, 1L << 30) with { Gang = new Gang($"gang-{i / 16}", 16) })).ToList();
        var request = new PackingRequest { Pods = pods, Offers = [Offer(16_000, 64L << 30) with { Stock = stock }] };
        return () =>
        {
            var plan = Packer.Plan(request);
            var gangs = plan.Bindings.GroupBy(one => pods[one.Pod].Requirements.Gang!.Name);
            return $"{gangs.Count(gang => gang.Count() == 16)} whole gangs and "
                + $"{gangs.Count(gang => gang.Count() != 16)} in part, {Answer(plan)}";
        };
    }

    private static string Answer(PackingPlan plan) => $"{plan.Nodes.Count} nodes for {plan.Bindings.Count} pods";

    private static PodRequirements Asks(long cpuMillis, long memory) => new()
    {
        Requests = ResourceAmounts.From(
            [KeyValuePair.Create("cpu", cpuMillis), KeyValuePair.Create("memory", memory)]),
    };

    private static PodRecord Pod(int index, PodRequirements asks) =>
        new() { Key = new PodKey("default", $"pod-{index:D6}"), Requirements = asks };

    private static PackingOffer Offer(long cpuMillis, long memory) => new(
        new NodeRecord
        {
            Name = "",
            Allocatable = ResourceAmounts.From(
            [
                KeyValuePair.Create("cpu", cpuMillis), KeyValuePair.Create("memory", memory),
                KeyValuePair.Create("pods", 100L),
            ]),
        },
        1m);
}
