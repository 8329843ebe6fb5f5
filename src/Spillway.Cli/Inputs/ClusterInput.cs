using Spillway.Cli.Output;
using Spillway.Core.ClusterFile;

namespace Spillway.Cli.Inputs;

/// <summary>A cluster file that is good enough to work with, and the workload that came with it.</summary>
internal sealed record ClusterInput(ClusterModel Model, ClusterFileResult Read)
{
    public Cluster Cluster => Model.Cluster;

    public IReadOnlyList<FileDocument> Workload => Read.KubernetesDocuments;

    /// <summary>Reads the files, prints every finding to standard error, and ends the command on an error.</summary>
    public static ClusterInput Load(IReadOnlyList<string> paths, Terminal terminal)
    {
        var read = ClusterFileReader.ReadCluster(InputFiles.Read(paths));
        Print(read.Diagnostics, terminal.Error);
        if (read.Model is { } model) return new ClusterInput(model, read);
        var errors = read.Diagnostics.Count(diagnostic => diagnostic.IsError);
        throw new CommandFailure(ExitCode.No, $"{Count(errors, "error")}; nothing was started");
    }

    public static void Print(IEnumerable<Diagnostic> diagnostics, TextWriter writer)
    {
        foreach (var diagnostic in diagnostics) writer.WriteLine(diagnostic.ToString());
    }

    public static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
