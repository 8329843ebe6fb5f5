using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Cli.Clusters;
using Spillway.Cli.Inputs;
using Spillway.Cli.Reports;
using Spillway.Controllers.Costs;
using Spillway.Core.Rehearsals;
using Spillway.Core.Traces;
using Spillway.Sandbox.Time;

namespace Spillway.Cli.Rehearsals;

/// <summary>What a rehearsal came to.</summary>
internal sealed record RehearsalResult(RunReport Report, int Seed, TimeSpan Virtual, TimeSpan Wall)
{
    /// <summary>Pods that had not run when nothing more could happen, or when time was up.</summary>
    public required IReadOnlyList<Stranded> Unfinished { get; init; }

    /// <summary>True when it was stopped from outside: the report is what had happened until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Of the whole run, also where the report is cut for a page.</summary>
    public RunSummary Summary { get; } = RunSummary.Of(Report);

    /// <summary>How large the report's pods and nodes were.</summary>
    public required RunSizes Sizes { get; init; }

    /// <summary>The same workload on other clusters, in the order in which they were asked for.</summary>
    public IReadOnlyList<VariationResult> Variations { get; init; } = [];

    public JsonNode ToJson()
    {
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text)) WriteTo(writer, static () => { });
        return JsonNode.Parse(text.WrittenSpan)!;
    }

    public void WriteTo(Utf8JsonWriter writer, Action flush)
    {
        writer.WriteStartObject();
        writer.WriteString("cluster", Report.Cluster);
        writer.WriteNumber("seed", Seed);
        writer.WriteNumber("virtualSeconds", Math.Round(Virtual.TotalSeconds, 3));
        writer.WriteNumber("wallSeconds", Math.Round(Wall.TotalSeconds, 3));
        if (Interrupted) writer.WriteBoolean("interrupted", true);
        Report.WriteTo(writer, flush);
        writer.WritePropertyName("summary");
        Summary.ToJson().WriteTo(writer);
        if (Variations.Count > 0)
        {
            writer.WritePropertyName("variations");
            new JsonArray([.. Variations.Select(variation => (JsonNode)variation.ToJson())]).WriteTo(writer);
        }
        writer.WriteEndObject();
    }
}

/// <summary>
/// Runs the whole cluster, its API server, scheduler, controllers and clouds, in one thread on a clock that jumps.
/// </summary>
internal static class Rehearsal
{
    // Any fixed day will do; a Monday at midnight keeps days, weeks and months of budgets and schedules whole.
    public static readonly DateTimeOffset Start = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(500);

    // How often, in virtual time, it is looked whether somebody pressed Ctrl-C.
    private static readonly TimeSpan Glance = TimeSpan.FromMinutes(1);

    private const int Heartbeats = 16;

    // A cancellation cannot be set for later than this; beyond it the glance above keeps the limit.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public static RehearsalResult Run(
        ClusterInput input, IReadOnlyList<TraceJob> jobs, RehearsalSettings settings, ILogger logger,
        CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var time = new VirtualTime(Start);
        var sent = 0;
        // On the pool's clock, beside the run: it reads two numbers and takes no part in it.
        using var ticker = new Timer(
            _ => settings.Progress?.Invoke(new RehearsalProgress(time.GetUtcNow() - Start, sent, jobs.Count)),
            null, Often, Often);
        return time.Run(async () =>
        {
            var options = new LocalClusterOptions(input.Model, time, logger)
            {
                Seed = settings.Seed, Sizes = new SizeBook(), Heartbeat = HeartbeatFor(jobs),
            };
            await using var cluster = await LocalCluster.StartAsync(options, CancellationToken.None);
            using var stop = settings.Until < LongestTimer
                ? new CancellationTokenSource(settings.Until.Value, time)
                : new CancellationTokenSource();
            // A signal comes on another thread; the run looks for it on its own.
            await using var glance = time.CreateTimer(_ =>
            {
                var isOver = time.GetUtcNow() - Start >= settings.Until;
                if (isOver || cancellationToken.IsCancellationRequested) stop.Cancel();
            }, null, Glance, Glance);
            var unfinished = await PlayAsync(cluster, input, jobs, time, count => sent = count, stop);
            // The ledger gathers changes for a moment before it writes them.
            await Task.Delay(TimeSpan.FromSeconds(1), time);
            var now = time.GetUtcNow();
            var report = RunReport.Of(input.Cluster.Name, cluster.Ledger, now);
            var sizes = RunSizes.Of(options.Sizes, report);
            report = report with { Series = LoadSweep.Of(report, sizes, Start) };
            return new RehearsalResult(report, settings.Seed, now - Start, Stopwatch.GetElapsedTime(began))
            {
                Sizes = sizes,
                Unfinished = unfinished,
                Interrupted = cancellationToken.IsCancellationRequested,
            };
        });
    }

    private static async Task<IReadOnlyList<Stranded>> PlayAsync(
        LocalCluster cluster, ClusterInput input, IReadOnlyList<TraceJob> jobs, VirtualTime time, Action<int> sent,
        CancellationTokenSource stop)
    {
        var submission = new WorkloadSubmission(cluster.Client);
        if (jobs.Count == 0)
        {
            var idle = new IdleWatch(cluster.Informers, input.Cluster, time);
            await cluster.WatchAsync(CancellationToken.None);
            await submission.SubmitAsync(input.Workload, CancellationToken.None);
            return await UntilIdleAsync(idle, stop);
        }
        await submission.SubmitAsync(input.Workload, CancellationToken.None);
        try
        {
            await new TraceSubmission(cluster.Client, time).SubmitAsync(jobs, sent, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return [];
        }
        var last = new IdleWatch(cluster.Informers, input.Cluster, time);
        await cluster.WatchAsync(CancellationToken.None);
        return await UntilIdleAsync(last, stop);
    }

    /// <summary>
    /// Machines do not die in a rehearsal unless they are told to, so over months their signs of life would be all the
    /// work there is: they get a few for the whole trace.
    /// </summary>
    private static TimeSpan? HeartbeatFor(IReadOnlyList<TraceJob> jobs)
    {
        var length = jobs.Count == 0 ? TimeSpan.Zero : jobs.Max(job => job.SubmittedAt ?? TimeSpan.Zero);
        return length < TimeSpan.FromHours(4) ? null : length / Heartbeats;
    }

    private static async Task<IReadOnlyList<Stranded>> UntilIdleAsync(IdleWatch idle, CancellationTokenSource stop)
    {
        try
        {
            return await idle.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return idle.Waiting();
        }
    }
}
