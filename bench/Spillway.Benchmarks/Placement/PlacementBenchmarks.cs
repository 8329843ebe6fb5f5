using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Spillway.Core.Placement;

namespace Spillway.Benchmarks.Placement;

/// <summary>The engine on the questions it is asked all day.</summary>
[MemoryDiagnoser]
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 3, iterationCount: 10)]
public class PlacementBenchmarks
{
    private readonly List<byte[]> json = [];
    private readonly List<PodRecord> everyday = [];
    private List<PodRecord> diverse = [];
    private PlacementModel busy = new();

    [GlobalSetup]
    public void Prepare()
    {
        for (var i = 0; i < 10_000; i++) json.Add(Workloads.PodJson(i));
        everyday.AddRange(Workloads.Everyday(10_000));
        diverse = Workloads.Diverse(5_000);
        busy = Fill(everyday, Workloads.Nodes(1_000, cpu: 16, memoryGib: 64));
        busy.PlaceAll();
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
