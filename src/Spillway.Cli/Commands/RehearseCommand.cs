using System.CommandLine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Cli.Rehearsals;
using Spillway.Cli.Reports;

namespace Spillway.Cli.Commands;

/// <summary>Plays a cluster and its workload in virtual time.</summary>
internal static class RehearseCommand
{
    public static Command Build(Terminal terminal)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "A folder, or a cluster file and workload files",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var seed = SharedOptions.Seed();
        var horizon = new Option<string>("--until")
        {
            Description = "Virtual time after which it ends even when jobs still wait",
            DefaultValueFactory = _ => "7d",
            HelpName = "DURATION",
        };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Show what the cluster's parts log" };
        var output = OutputOption.Create();
        var command = new ExampleCommand("rehearse", "Play the cluster and its workload in virtual time, with the bill")
        {
            Examples =
            [
                ("spillway rehearse examples/inaccel-fpga-burst", "who ran where, why, and what it cost"),
                ("spillway rehearse cluster.yaml jobs.yaml --seed 7 -o json",
                    "one object for a script; same seed, same bytes"),
                ("spillway rehearse examples/inaccel-fpga-burst/cluster.yaml examples/inaccel-fpga-burst/sixteen.yaml",
                    "a job that no node can take"),
            ],
        };
        command.Add(files);
        command.Add(seed);
        command.Add(horizon);
        command.Add(verbose);
        command.Add(output);
        command.SetAction(parsed =>
        {
            var paths = parsed.GetValue(files) is { Length: > 0 } given ? given : ["."];
            if (!Core.Quantities.Durations.TryParse(parsed.GetRequiredValue(horizon), out var until)
                || until <= TimeSpan.Zero)
                throw new CommandFailure(ExitCode.Usage, "--until needs a duration such as 90m or 7d");
            var input = ClusterInput.Load(paths, terminal);
            var logger = parsed.GetValue(verbose) ? new ConsoleLogger(terminal.Error) : (ILogger)NullLogger.Instance;
            var result = Rehearsal.Run(
                input, parsed.GetValue(seed), until, logger, at => Progress(at, until, terminal));
            if (terminal.ErrorIsScreen) terminal.Error.Write($"\r{"",40}\r");
            OutputOption.Write(terminal, parsed.GetValue(output), result.ToJson(), () => Table(result, terminal));
            return (int)(result.Unfinished.Count == 0 ? ExitCode.Done : ExitCode.No);
        });
        return command;
    }

    private static void Progress(TimeSpan at, TimeSpan until, Terminal terminal)
    {
        if (terminal.ErrorIsScreen)
            terminal.Error.Write($"\rrehearsing: {ReportTables.Text(at)} of at most {ReportTables.Text(until)} ");
    }

    private static void Table(RehearsalResult result, Terminal terminal)
    {
        ReportTables.Write(result.Report, terminal);
        terminal.Out.WriteLine(
            $"{ReportTables.Text(result.Virtual)} of cluster time in {result.Wall.TotalSeconds:0.0}s, seed {result.Seed}");
        foreach (var pod in result.Unfinished) terminal.Out.WriteLine($"could not run: {pod.Pod}: {pod.Why}");
    }
}
