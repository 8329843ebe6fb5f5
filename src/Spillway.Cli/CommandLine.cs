using System.CommandLine;
using System.CommandLine.Help;
using Microsoft.Data.Sqlite;
using Spillway.ApiServer.Storage;
using Spillway.Cli.Commands;
using Spillway.Cli.Output;
using Spillway.Kubernetes;

namespace Spillway.Cli;

/// <summary>The whole command: its tree, its help, and the one place where an outcome becomes an exit code.</summary>
internal static class CommandLine
{
    public static async Task<ExitCode> RunAsync(string[] args, Terminal terminal)
    {
        var root = Build(terminal);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
        {
            foreach (var error in parsed.Errors) terminal.Error.WriteLine($"spillway: {error.Message}");
            var name = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
            terminal.Error.WriteLine($"Try 'spillway {name}--help'.");
            return ExitCode.Usage;
        }
        try
        {
            return (ExitCode)await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // Ctrl-C cancels the command's token; `up` then stops its parts in order, which takes a moment.
                ProcessTerminationTimeout = TimeSpan.FromSeconds(20),
                Output = terminal.Out,
                Error = terminal.Error,
            });
        }
        catch (CommandFailure failure)
        {
            terminal.Error.WriteLine($"spillway: {failure.Message}");
            return failure.Code;
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine("spillway: interrupted");
            return ExitCode.Outside;
        }
        catch (Exception failure) when (IsOutside(failure))
        {
            terminal.Error.WriteLine($"spillway: {failure.Message}");
            return ExitCode.Outside;
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            terminal.Error.WriteLine($"spillway: unexpected failure, please report it: {bug}");
            return ExitCode.Outside;
        }
    }

    // Disks, ports, servers and files that fail say so themselves; everything else is a bug of ours.
    private static bool IsOutside(Exception failure) => failure
        is StorageException or SqliteException or IOException or UnauthorizedAccessException
        or HttpRequestException or KubernetesStatusException or KubeconfigException;

    public static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand(
            "Turns the machines a team owns and the clouds it rents into one Kubernetes cluster. Jobs fill the owned "
            + "machines first and burst into the cheapest cloud node that fits only when that pays.")
        {
            CheckCommand.Build(terminal),
            PlanCommand.Build(terminal),
            UpCommand.Build(terminal),
            DownCommand.Build(terminal),
            StatusCommand.Build(terminal),
            SubmitCommand.Build(terminal),
            RehearseCommand.Build(terminal),
            CostCommand.Build(terminal),
            RenderCommand.Build(terminal),
            ImportCommand.Build(terminal),
            VpnCommand.Build(terminal),
            NodeCommand.Build(terminal),
            DoctorCommand.Build(terminal),
            CompletionCommand.Build(terminal),
        };
        foreach (var option in root.Options.OfType<HelpOption>())
            option.Action = new HelpWithExamples((HelpAction)option.Action!);
        return root;
    }
}
