using System.CommandLine;
using System.Text.Json.Nodes;
using Spillway.Cli.Inputs;
using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Commands;

/// <summary>Reports every problem of the files in one go.</summary>
internal static class CheckCommand
{
    public static Command Build(Terminal terminal)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Cluster files, workload files, or a folder with both; - is standard input",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var output = OutputOption.Create();
        var schema = new Option<bool>("--print-schema") { Description = "Print the JSON Schema for editors and end" };
        var command = new ExampleCommand("check", "Report every problem of a cluster file, with its place and a suggestion")
        {
            Examples =
            [
                ("spillway check examples/inaccel-fpga-burst", "check a folder: its cluster.yaml and its workload"),
                ("spillway check cluster.yaml -o json", "findings for a script"),
                ("spillway check --print-schema > spillway.schema.json", "completion and checks in an editor"),
            ],
        };
        command.Add(files);
        command.Add(output);
        command.Add(schema);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(schema))
            {
                OutputOption.WriteJson(terminal, ClusterFileReference.JsonSchema());
                return (int)ExitCode.Done;
            }
            var paths = parsed.GetValue(files) ?? [];
            if (paths.Length == 0)
                throw new CommandFailure(ExitCode.Usage, "check needs a FILE (try 'spillway check --help')");
            return (int)Check(paths, parsed.GetValue(output), terminal);
        });
        return command;
    }

    private static ExitCode Check(string[] paths, OutputFormat format, Terminal terminal)
    {
        var read = ClusterFileReader.ReadCluster(InputFiles.Read(paths));
        OutputOption.Write(terminal, format, Json(read), () =>
        {
            ClusterInput.Print(read.Diagnostics, terminal.Out);
            terminal.Out.WriteLine(Summary(read));
        });
        return read.HasErrors ? ExitCode.No : ExitCode.Done;
    }

    private static string Summary(ClusterFileResult read)
    {
        var errors = read.Diagnostics.Count(diagnostic => diagnostic.IsError);
        if (errors > 0 || read.Cluster is not { } cluster) return ClusterInput.Count(errors, "error");
        return $"{cluster.Name}: good; {ClusterInput.Count(cluster.Machines.Count, "machine")}, "
            + $"{ClusterInput.Count(cluster.Pools.Count, "pool")}, "
            + $"{ClusterInput.Count(read.Accelerators.Count, "accelerator")}, "
            + $"{ClusterInput.Count(read.KubernetesDocuments.Count, "workload object")}";
    }

    private static JsonObject Json(ClusterFileResult read) => new()
    {
        ["valid"] = !read.HasErrors,
        ["diagnostics"] = new JsonArray([.. read.Diagnostics.Select(diagnostic => (JsonNode)new JsonObject
        {
            ["code"] = diagnostic.Code,
            ["severity"] = diagnostic.Severity.ToString().ToLowerInvariant(),
            ["file"] = diagnostic.Place.File,
            ["line"] = diagnostic.Place.Line,
            ["column"] = diagnostic.Place.Column,
            ["message"] = diagnostic.Message,
            ["suggestion"] = diagnostic.Suggestion,
        })]),
    };
}
