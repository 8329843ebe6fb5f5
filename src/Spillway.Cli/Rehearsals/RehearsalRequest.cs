using Microsoft.Extensions.Logging;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;
using Spillway.Core.Traces;

namespace Spillway.Cli.Rehearsals;

/// <summary>What <c>rehearse</c> was asked for.</summary>
internal sealed record RehearsalRequest(IReadOnlyList<string> Files)
{
    private static readonly TimeSpan UsualHorizon = TimeSpan.FromDays(7);

    public IReadOnlyList<string> Workloads { get; init; } = [];

    public string? Nodes { get; init; }

    public bool Fast { get; init; }

    public int Seed { get; init; }

    public TimeSpan? Until { get; init; }

    public required ILogger Logger { get; init; }

    public RehearsalResult Run(Terminal terminal, CancellationToken cancellationToken)
    {
        var manifests = Workloads.Where(path => !TraceFiles.IsTrace(path)).ToArray();
        var input = ClusterInput.Load([.. Files, .. manifests], terminal);
        var model = input.Model;
        if (Nodes is not null) model = TraceCluster.With(model, TraceFiles.Nodes(Nodes), Nodes);
        var jobs = Workloads.Where(TraceFiles.IsTrace).SelectMany(TraceFiles.Jobs).ToArray();
        using var progress = new ProgressLine(terminal);
        if (Fast)
        {
            return FastRun.Run(
                model, [.. jobs, .. ManifestJobs.From(input.Workload)],
                new RehearsalSettings(Seed) { Until = Until, Progress = progress.Show }, cancellationToken);
        }
        return Rehearsal.Run(
            input with { Model = model }, jobs, new RehearsalSettings(Seed)
            {
                Until = Until ?? (jobs.Length == 0 ? UsualHorizon : null), Progress = progress.Show,
            },
            Logger, cancellationToken);
    }
}
