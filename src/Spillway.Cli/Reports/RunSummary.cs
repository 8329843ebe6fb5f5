using System.Text.Json.Nodes;

namespace Spillway.Cli.Reports;

/// <summary>A run in a few numbers, to compare it with others. Waits are those of pods that started.</summary>
internal sealed record RunSummary
{
    // Bounds of the distribution of waits, in seconds; longer ones are in a last class of their own.
    private static readonly double[] Bounds =
        [0, 1, 10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600];

    public int Pods { get; private init; }

    /// <summary>Pods that came to an end, whether well or not.</summary>
    public int Finished { get; private init; }

    public int Running { get; private init; }

    /// <summary>Pods that never started.</summary>
    public int Unplaced { get; private init; }

    public int RentedNodes { get; private init; }

    public double MeanWaitSeconds { get; private init; }

    public double MedianWaitSeconds { get; private init; }

    public double P95WaitSeconds { get; private init; }

    public double P99WaitSeconds { get; private init; }

    public double MaxWaitSeconds { get; private init; }

    /// <summary>Pods by how long they waited: one count for each bound, and one for what is longer than the last.</summary>
    public IReadOnlyList<int> Waits { get; private init; } = [];

    public static RunSummary Of(RunReport report)
    {
        var waits = report.Pods.Where(pod => pod.StartedAt is not null)
            .Select(pod => report.Waited(pod).TotalSeconds).ToArray();
        Array.Sort(waits);
        var counts = new int[Bounds.Length + 1];
        foreach (var wait in waits)
        {
            var place = Array.BinarySearch(Bounds, wait);
            counts[place < 0 ? ~place : place]++;
        }
        return new RunSummary
        {
            Pods = report.Pods.Count,
            Finished = report.Pods.Count(pod => pod.FinishedAt is not null),
            Running = report.Pods.Count(pod => pod.StartedAt is not null && pod.FinishedAt is null),
            Unplaced = report.Pods.Count(pod => pod.StartedAt is null && pod.FinishedAt is null),
            RentedNodes = report.Nodes.Count(node => node.IsRented),
            MeanWaitSeconds = waits.Length == 0 ? 0 : waits.Average(),
            MedianWaitSeconds = Rank(waits, 0.5),
            P95WaitSeconds = Rank(waits, 0.95),
            P99WaitSeconds = Rank(waits, 0.99),
            MaxWaitSeconds = waits.Length == 0 ? 0 : waits[^1],
            Waits = counts,
        };
    }

    public JsonObject ToJson() => new()
    {
        ["pods"] = Pods,
        ["finished"] = Finished,
        ["running"] = Running,
        ["unplaced"] = Unplaced,
        ["rentedNodes"] = RentedNodes,
        ["meanWaitSeconds"] = Math.Round(MeanWaitSeconds, 3),
        ["medianWaitSeconds"] = Math.Round(MedianWaitSeconds, 3),
        ["p95WaitSeconds"] = Math.Round(P95WaitSeconds, 3),
        ["p99WaitSeconds"] = Math.Round(P99WaitSeconds, 3),
        ["maxWaitSeconds"] = Math.Round(MaxWaitSeconds, 3),
        ["waits"] = new JsonArray([.. Waits.Select((count, index) => (JsonNode)new JsonObject
        {
            ["atMostSeconds"] = index < Bounds.Length ? Bounds[index] : null,
            ["pods"] = count,
        })]),
    };

    // The nearest rank: a wait that some pod really had.
    private static double Rank(double[] sorted, double part) =>
        sorted.Length == 0 ? 0 : sorted[Math.Max((int)Math.Ceiling(sorted.Length * part) - 1, 0)];
}
