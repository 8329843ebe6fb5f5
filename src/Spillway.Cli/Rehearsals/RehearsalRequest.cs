using Microsoft.Extensions.Logging;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;
using Spillway.Core.ClusterFile.Variations;
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

    public double WaitShare { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Settings to try other values of; every combination is one run more.</summary>
    public IReadOnlyList<VariedSetting> Varied { get; init; } = [];

    /// <summary>Plays the file as it is, then one variation after the other; each is checked before any is played.</summary>
    public RehearsalResult Run(Terminal terminal, CancellationToken cancellationToken)
    {
        var manifests = Workloads.Where(path => !TraceFiles.IsTrace(path)).ToArray();
        var input = ClusterInput.Load([.. Files, .. manifests], terminal);
        var nodes = new TraceMachines(Nodes is null ? [] : TraceFiles.Nodes(Nodes), Nodes ?? "", input.Model);
        var variations = ClusterVariation.Product(Varied)
            .Select(variation => (variation, Model: nodes.Vary(input, variation, terminal))).ToArray();
        var jobs = Workloads.Where(TraceFiles.IsTrace).SelectMany(TraceFiles.Jobs).ToArray();
        var result = Play(input with { Model = nodes.Beside(input.Model) }, jobs, terminal, cancellationToken);
        var done = new List<VariationResult>();
        foreach (var (variation, model) in variations)
        {
            if (cancellationToken.IsCancellationRequested) break;
            terminal.Error.WriteLine($"rehearsing variation {done.Count + 1} of {variations.Length}: {variation.Name}");
            var run = Play(input with { Model = model }, jobs, terminal, cancellationToken);
            done.Add(new VariationResult(variation, run.Summary, run.Report.Cost, run.Virtual)
            {
                Interrupted = run.Interrupted && cancellationToken.IsCancellationRequested,
            });
        }
        return result with { Variations = done };
    }

    private RehearsalResult Play(
        ClusterInput input, IReadOnlyList<TraceJob> jobs, Terminal terminal, CancellationToken cancellationToken)
    {
        using var progress = new ProgressLine(terminal);
        if (Fast)
        {
            return FastRun.Run(
                input.Model, [.. jobs, .. ManifestJobs.From(input.Workload)],
                new RehearsalSettings(Seed)
                {
                    Until = Until, WaitShare = WaitShare, Progress = progress.Show,
                },
                cancellationToken);
        }
        return Rehearsal.Run(
            input, jobs, new RehearsalSettings(Seed)
            {
                Until = Until ?? (jobs.Count == 0 ? UsualHorizon : null), Progress = progress.Show,
            },
            Logger, cancellationToken);
    }
}
