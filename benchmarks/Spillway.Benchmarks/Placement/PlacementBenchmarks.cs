using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Placement;

/// <summary>The engine on the questions it is asked all day.</summary>
[MemoryDiagnoser]
[Config(typeof(WholeRuns))]
public class PlacementBenchmarks
{
    // Each run takes tens of milliseconds: timed one by one, in this process, so that no project is generated and built.
    private sealed class WholeRuns : ManualConfig
    {
        public WholeRuns() => AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithStrategy(RunStrategy.Monitoring)
            .WithWarmupCount(6)
            .WithIterationCount(15));
    }

    private readonly List<byte[]> json = [];
    private readonly List<PodRecord> everyday = [];
    private List<PodRecord> diverse = [];
    private List<PodRecord> gangs = [];
    private PlacementModel busy = new();
    private PlacementModel hopeless = new();

    [GlobalSetup]
    public void Prepare()
    {
        for (var i = 0; i < 10_000; i++) json.Add(Workloads.PodJson(i));
        everyday.AddRange(Workloads.Everyday(10_000));
        diverse = Workloads.Diverse(5_000);
        busy = Fill(everyday, Workloads.Nodes(1_000, cpu: 16, memoryGib: 64));
        busy.PlaceAll();
        gangs = [.. Workloads.Everyday(16_000).Select((pod, i) => pod with
        {
            Requirements = pod.Requirements with { Gang = new Gang($"gang-{i / 16}", 16) },
        })];
        hopeless = Fill([.. Workloads.Everyday(60_000)], Workloads.Nodes(200, cpu: 1, memoryGib: 1));
        hopeless.PlaceAll();
    }

    [Benchmark(Description = "read 10,000 pods from JSON")]
    public int Read()
    {
        var ports = 0;
        foreach (var text in json) ports += PodReader.Read(text).Requirements.HostPorts.Count;
        return ports;
    }

    [Benchmark(Description = "model of 10,000 pods, 1,000 nodes; place all")]
    public int PlaceAll() => Fill(everyday, Workloads.Nodes(1_000, cpu: 16, memoryGib: 64)).PlaceAll().Count;

    [Benchmark(Description = "Karpenter's 5,000 diverse pods on 1,200 fixed nodes")]
    public int PlaceDiverse() => Fill(diverse, Workloads.Nodes(1_200, cpu: 8, memoryGib: 32)).PlaceAll().Count;

    [Benchmark(Description = "1,000 gangs of 16 on 2,000 nodes")]
    public int PlaceGangs() => Fill(gangs, Workloads.Nodes(2_000, cpu: 16, memoryGib: 64)).PlaceAll().Count;

    [Benchmark(Description = "60,000 pending pods that fit nowhere on 200 nodes")]
    public int PlaceNothing()
    {
        using var tried = hopeless.BeginWhatIf();
        return hopeless.PlaceAll().Count;
    }

    [Benchmark(Description = "100 what-ifs: a node added, 10 pods placed, taken back")]
    public int WhatIfs()
    {
        var placed = 0;
        for (var i = 0; i < 100; i++)
        {
            using var tried = busy.BeginWhatIf();
            busy.SetNode(Workloads.Nodes(1, cpu: 64, memoryGib: 256).First() with { Name = $"maybe-{i}" });
            for (var pod = 0; pod < 10; pod++)
                busy.SetPod(everyday[pod] with { Key = new PodKey("default", $"new-{pod}") });
            placed += busy.PlaceAll().Count;
        }
        return placed;
    }

    private static PlacementModel Fill(List<PodRecord> pods, IEnumerable<NodeRecord> nodes)
    {
        var model = new PlacementModel();
        foreach (var node in nodes) model.SetNode(node);
        foreach (var pod in pods) model.SetPod(pod);
        return model;
    }
}
