using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Reports;
using Spillway.Core.ClusterFile;
using Spillway.Sandbox.Time;

namespace Spillway.Cli.Rehearsals;

/// <summary>What a rehearsal came to.</summary>
internal sealed record RehearsalResult(RunReport Report, int Seed, TimeSpan Virtual, TimeSpan Wall)
{
    /// <summary>Pods that had not run when nothing more could happen, or when time was up.</summary>
    public required IReadOnlyList<Stranded> Unfinished { get; init; }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["cluster"] = Report.Cluster,
            ["seed"] = Seed,
            ["virtualSeconds"] = Math.Round(Virtual.TotalSeconds, 3),
            ["wallSeconds"] = Math.Round(Wall.TotalSeconds, 3),
        };
        Report.AddTo(json);
        return json;
    }
}

/// <summary>
/// Runs the whole cluster, its API server, scheduler, controllers and clouds, in one thread on a clock that jumps.
/// </summary>
internal static class Rehearsal
{
    // Any fixed day will do; a Monday at midnight keeps days, weeks and months of budgets and schedules whole.
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(500);

    public static RehearsalResult Run(
        ClusterInput input, int seed, TimeSpan horizon, ILogger logger, Action<TimeSpan> progress)
    {
        var began = Stopwatch.GetTimestamp();
        var time = new VirtualTime(Start);
        // On the pool's clock, beside the run: it reads one number and takes no part in it.
        using var ticker = new Timer(_ => progress(time.GetUtcNow() - Start), null, Often, Often);
        return time.Run(async () =>
        {
            var options = new LocalClusterOptions(input.Model, time, logger) { Seed = seed };
            await using var cluster = await LocalCluster.StartAsync(options, CancellationToken.None);
            var idle = new IdleWatch(cluster.Informers, input.Cluster, time);
            await cluster.WatchAsync(CancellationToken.None);
            await new WorkloadSubmission(cluster.Client).SubmitAsync(input.Workload, CancellationToken.None);
            var unfinished = await UntilIdleAsync(idle, horizon, time);
            // The ledger gathers changes for a moment before it writes them.
            await Task.Delay(TimeSpan.FromSeconds(1), time);
            var now = time.GetUtcNow();
            return new RehearsalResult(
                RunReport.Of(input.Cluster.Name, cluster.Ledger, now), seed, now - Start,
                    Stopwatch.GetElapsedTime(began))
            {
                Unfinished = unfinished,
            };
        });
    }

    private static async Task<IReadOnlyList<Stranded>> UntilIdleAsync(
        IdleWatch idle, TimeSpan horizon, VirtualTime time)
    {
        using var limit = new CancellationTokenSource(horizon, time);
        try
        {
            return await idle.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return idle.Waiting();
        }
    }
}
