using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;
using Spillway.Core.Traces;

namespace Spillway.Benchmarks.Placement;

/// <summary>
/// The protocol of the FGD paper on a GPU-sharing trace: the list, inflated to 130 % of the cluster's GPUs by rows drawn
/// from it, arrives in an order that the seed decides; nothing leaves, and what fits nowhere is dropped. Known beforehand
/// is what FGD knows: the list as a distribution, not the order and not what is drawn.
/// </summary>
internal static class OpenbBenchmark
{
    private const double Inflation = 1.3;

    // Enough for the compiler to have seen what is hot: a scheduler runs for months.
    private const int WarmUp = 4_000;
    private static readonly int[] Demands = [90, 95, 100, 105, 110, 115, 120, 125, 130];

    public static int Run(string[] args)
    {
        var options = Options(args);
        var nodes = TraceCsv.ReadNodes(Lines(options["--nodes"])).Where(node => node.Gpus > 0).ToArray();
        var jobs = TraceCsv.ReadPods(Lines(options["--list"])).ToArray();
        var seeds = options["--seed"].Split('-')
            .Select(seed => int.Parse(seed, CultureInfo.InvariantCulture)).ToArray();
        var results = new List<JsonObject>();
        _ = Play(nodes, jobs, seeds[0], WarmUp);
        for (var seed = seeds[0]; seed <= seeds[^1]; seed++) results.Add(Play(nodes, jobs, seed));
        foreach (var result in results)
        {
            Console.WriteLine(options["-o"] == "json"
                ? result.ToJsonString()
                : $"{Path.GetFileName(options["--list"])} seed {result["seed"]}: {result["arrivals"]} arrivals"
                    + $" in {result["wallMs"]} ms, {result["allocatedPercentAt"]!["100"]} % of GPUs at 100 % demand");
        }
        return 0;
    }

    private static JsonObject Play(TraceNode[] nodes, TraceJob[] jobs, int seed, int most = int.MaxValue)
    {
        var capacity = nodes.Sum(node => node.Gpus * 1000L);
        var arrivals = Arrivals(jobs, capacity, seed);
        var began = Stopwatch.GetTimestamp();
        var requirements = jobs.ToDictionary(job => job, job => job.ToRequirements());
        var model = new PlacementModel();
        foreach (var machine in nodes) model.SetNode(machine.ToNode());
        model.SetDemand(DeviceDemand.Of(jobs.Select(job => requirements[job])));
        var allocated = new JsonObject();
        long demand = 0, taken = 0;
        int dropped = 0, reached = 0;
        for (var i = 0; i < Math.Min(most, arrivals.Length); i++)
        {
            var job = arrivals[i];
            var key = new PodKey("openb", $"{job.Name}-{i}");
            model.SetPod(new PodRecord { Key = key, Requirements = requirements[job] });
            demand += job.TotalGpuMilli;
            if (model.FindNode(key) is { } node)
            {
                model.Assume(key, node);
                taken += job.TotalGpuMilli;
            }
            else
            {
                model.RemovePod(key);
                dropped++;
            }
            for (; reached < Demands.Length && demand * 100 >= capacity * Demands[reached]; reached++)
                allocated[$"{Demands[reached]}"] = Math.Round(100.0 * taken / capacity, 3);
        }
        var wall = Stopwatch.GetElapsedTime(began);
        return new JsonObject
        {
            ["wallMs"] = Math.Round(wall.TotalMilliseconds, 1),
            ["arrivals"] = arrivals.Length,
            ["seed"] = seed,
            ["dropped"] = dropped,
            ["allocatedPercentAt"] = allocated,
        };
    }

    private static TraceJob[] Arrivals(TraceJob[] jobs, long capacity, int seed)
    {
        var random = new Random(seed);
        var arrivals = jobs.ToList();
        var demand = jobs.Sum(job => job.TotalGpuMilli);
        while (demand < Inflation * capacity)
        {
            var job = jobs[random.Next(jobs.Length)];
            arrivals.Add(job);
            demand += job.TotalGpuMilli;
        }
        var shuffled = arrivals.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }

    private static Dictionary<string, string> Options(string[] args)
    {
        var options = new Dictionary<string, string> { ["--seed"] = "42", ["-o"] = "table" };
        for (var i = 0; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];
        if (options.ContainsKey("--list") && options.ContainsKey("--nodes")) return options;
        throw new ArgumentException(
            "usage: ./bench openb --list LIST.csv.gz --nodes nodes.csv [--seed 42|42-51] [-o json]");
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using var plain = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : (Stream)file;
        using var reader = new StreamReader(plain);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
