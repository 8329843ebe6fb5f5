using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;
using Spillway.Core.ClusterFile.Variations;

namespace Spillway.Cli.Inputs;

/// <summary>A cluster file that is good enough to work with, and the workload that came with it.</summary>
internal sealed record ClusterInput(ClusterModel Model, ClusterFileResult Read)
{
    /// <summary>The files as they were read, for reading them again with changes.</summary>
    public IReadOnlyList<SourceFile> Files { get; init; } = [];

    public Cluster Cluster => Model.Cluster;

    public IReadOnlyList<FileDocument> Workload => Read.KubernetesDocuments;

    /// <summary>Reads the files, prints every finding to standard error, and ends the command on an error.</summary>
    public static ClusterInput Load(IReadOnlyList<string> paths, Terminal terminal)
    {
        var files = InputFiles.Read(paths);
        var read = ClusterFileReader.ReadCluster(files);
        Print(read.Diagnostics, terminal.Error);
        if (read.Model is { } model) return new ClusterInput(model, read) { Files = files };
        throw Refused(read);
    }

    /// <summary>
    /// The same with the cluster document changed. Prints what is not said of the file as it is, with the name.
    /// </summary>
    public ClusterInput Vary(ClusterVariation variation, string name, Terminal terminal)
    {
        var read = ClusterFileReader.ReadCluster(Files, variation.Changes);
        Print(
            read.Diagnostics.Except(Read.Diagnostics).Select(diagnostic => diagnostic with
            {
                Message = $"{diagnostic.Message}, with {name}",
            }),
            terminal.Error);
        return read.Model is { } model ? this with { Model = model } : throw Refused(read);
    }

    private static CommandFailure Refused(ClusterFileResult read)
    {
        var errors = read.Diagnostics.Count(diagnostic => diagnostic.IsError);
        return new CommandFailure(ExitCode.No, $"{Count(errors, "error")}; nothing was started");
    }

    public static void Print(IEnumerable<Diagnostic> diagnostics, TextWriter writer)
    {
        foreach (var diagnostic in diagnostics) writer.WriteLine(diagnostic.ToString());
    }

    public static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
