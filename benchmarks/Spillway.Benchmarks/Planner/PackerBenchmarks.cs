using BenchmarkDotNet.Attributes;
using Spillway.Core.Packing;

namespace Spillway.Benchmarks.Planner;

/// <summary>The packer on pods made up by the rules of Karpenter's benchmark.</summary>
[MemoryDiagnoser]
public class PackerBenchmarks
{
    private const int Seed = 42;

    private PackingRequest request = new() { Pods = [], Offers = [] };

    [Params(1_000, 5_000, 20_000)]
    public int Pods { get; set; }

    [GlobalSetup]
    public void Prepare() => request = new PackingRequest
    {
        Pods = KarpenterWorkload.Generate(Pods, Seed), Offers = KarpenterWorkload.Offers(),
    };

    [Benchmark(Description = "nodes for all pods, by the mix of patterns")]
    public decimal Mix() => Packer.Plan(request).PricePerHour;

    [Benchmark(Description = "the same, greedy only")]
    public decimal Greedy() => Packer.Plan(request with { Effort = PackingEffort.Least }).PricePerHour;
}
