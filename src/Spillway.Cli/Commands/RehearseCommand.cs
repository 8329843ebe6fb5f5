using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Cli.Output;
using Spillway.Cli.Rehearsals;
using Spillway.Cli.Reports;
using Spillway.Core.ClusterFile.Variations;

namespace Spillway.Cli.Commands;

/// <summary>Plays a cluster and its workload in virtual time.</summary>
internal static class RehearseCommand
{
    private const int MostVariations = 100;

    private static readonly (string, string)[] s_examples =
    [
        ("spillway rehearse examples/inaccel-fpga-burst", "who ran where, why, and what it cost"),
        ("spillway rehearse cluster.yaml jobs.yaml --seed 7 -o json",
            "one object for a script; same seed, same bytes"),
        ("spillway rehearse cluster.yaml --nodes nodes.csv --workload pods.csv.gz --fast",
            "months of a trace in seconds"),
        ("spillway rehearse cluster.yaml -w jobs.csv --fast --vary 'machines.+gpu-box=2'",
            "what if we bought two more GPU boxes? (+NAME=2 adds two copies of the machine NAME)"),
        ("spillway rehearse cluster.yaml -w jobs.csv --fast --vary 'pools.x.max=0,5,10' "
            + "--vary 'policy.burst.waitForOnPrem=0s,5m' --report report.html",
            "all six combinations beside the file as it is, and a page to look at"),
        ("spillway rehearse examples/inaccel-fpga-burst/cluster.yaml examples/inaccel-fpga-burst/sixteen.yaml",
            "a job that no node can take"),
    ];

    public static Command Build(Terminal terminal)
    {
        var flags = new Flags();
        var output = OutputOption.Create();
        var command = new ExampleCommand("rehearse", "Play the cluster and its workload in virtual time, with the bill")
        {
            Examples = s_examples,
        };
        foreach (var option in flags.Options) command.Add(option);
        command.Add(output);
        command.Add(flags.Files);
        command.SetAction((parsed, cancellationToken) =>
        {
            var request = new RehearsalRequest(parsed.GetValue(flags.Files) is { Length: > 0 } given ? given : ["."])
            {
                Workloads = parsed.GetValue(flags.Workload) ?? [],
                Nodes = parsed.GetValue(flags.Nodes),
                Fast = parsed.GetValue(flags.Fast),
                Seed = parsed.GetValue(flags.Seed),
                WaitShare = parsed.GetValue(flags.WaitShare),
                Varied = Varied(parsed.GetValue(flags.Vary) ?? []),
                Until = Until(parsed.GetValue(flags.Horizon)),
                Logger = parsed.GetValue(flags.Verbose) ? new ConsoleLogger(terminal.Error) : NullLogger.Instance,
            };
            var result = request.Run(terminal, cancellationToken);
            if (parsed.GetValue(flags.Page) is { } path) PageReport.Write(path, result);
            OutputOption.Write(terminal, parsed.GetValue(output), result.WriteTo, () => Table(result, terminal));
            if (result.Interrupted && cancellationToken.IsCancellationRequested)
            {
                terminal.Error.WriteLine(
                    $"spillway: interrupted at {ReportTables.Text(result.Virtual)}; the report is what had happened until then");
                return Task.FromResult((int)ExitCode.Outside);
            }
            return Task.FromResult((int)(result.Unfinished.Count == 0 ? ExitCode.Done : ExitCode.No));
        });
        return command;
    }

    private static IReadOnlyList<VariedSetting> Varied(string[] texts)
    {
        var settings = new List<VariedSetting>();
        foreach (var text in texts)
        {
            if (!VariedSetting.TryParse(text, out var setting, out var complaint))
                throw new CommandFailure(ExitCode.Usage, $"--vary: {complaint}");
            settings.Add(setting);
        }
        if (ClusterVariation.Count(settings) is > MostVariations and var count)
        {
            throw new CommandFailure(
                ExitCode.Usage, $"--vary: that makes {count} runs, and {MostVariations} is the most: give fewer values");
        }
        return settings;
    }

    private static TimeSpan? Until(string? text)
    {
        if (text is null) return null;
        if (Core.Quantities.Durations.TryParse(text, out var until) && until > TimeSpan.Zero) return until;
        throw new CommandFailure(ExitCode.Usage, "--until needs a duration such as 90m or 7d");
    }

    private static void Table(RehearsalResult result, Terminal terminal)
    {
        ReportTables.Write(result.Report, terminal);
        VariationTable.Write(result, terminal);
        terminal.Out.WriteLine(
            $"{ReportTables.Text(result.Virtual)} of cluster time in {result.Wall.TotalSeconds:0.0}s, seed {result.Seed}");
        foreach (var pod in result.Unfinished.Take(ReportTables.MostRows))
            terminal.Out.WriteLine($"could not run: {pod.Pod}: {pod.Why}");
        if (result.Unfinished.Count > ReportTables.MostRows)
            terminal.Out.WriteLine($"could not run: {result.Unfinished.Count - ReportTables.MostRows} more");
    }

    private sealed class Flags
    {
        public Argument<string[]> Files { get; } = new("FILE")
        {
            Description = "A folder, or a cluster file and workload files",
            Arity = ArgumentArity.ZeroOrMore,
        };

        public Option<int> Seed { get; } = SharedOptions.Seed();

        public Option<string[]> Workload { get; } = new("--workload", "-w")
        {
            Description = "A trace to play: pods as CSV, or a log in SWF, also gzipped; or manifests",
            HelpName = "FILE",
        };

        public Option<string?> Nodes { get; } = new("--nodes")
        {
            Description = "Machines beside the cluster file's, as CSV: name,cpu_milli,memory_mib,gpu,gpu_model",
            HelpName = "FILE",
        };

        public Option<bool> Fast { get; } = new("--fast")
        {
            Description = "Through the planner alone, without API server and controllers: for long traces",
        };

        public Option<double> WaitShare { get; } = new("--wait-share")
        {
            Description = "With --fast: the part of all jobs, such as 0.05, that may wait for an owned machine however"
                + " long; those that are dearest to rent for do",
            HelpName = "PART",
        };

        public Option<string[]> Vary { get; } = new("--vary")
        {
            Description = $"Compare with other values of a setting; several multiply, up to {MostVariations} runs",
            HelpName = "PATH=VALUE,...",
        };

        public Option<string?> Page { get; } = new("--report")
        {
            Description = "Write the report as one HTML page, too",
            HelpName = "FILE.html",
        };

        public Option<string?> Horizon { get; } = new("--until")
        {
            Description = "Virtual time after which it ends even when jobs still wait (default: 7d; a trace: its end)",
            HelpName = "DURATION",
        };

        public Option<bool> Verbose { get; } = new("--verbose", "-v")
        {
            Description = "Show what the cluster's parts log",
        };

        public IEnumerable<Option> Options =>
            [Seed, Workload, Nodes, Fast, WaitShare, Vary, Page, Horizon, Verbose];
    }
}
