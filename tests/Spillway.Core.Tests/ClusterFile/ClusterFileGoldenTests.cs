using Spillway.Core.ClusterFile;

namespace Spillway.Core.Tests;

public sealed class ClusterFileGoldenTests
{
    public static TheoryData<string> Cases() => Golden.Cases("clusterfile");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_problem_of_a_file_is_told_with_its_place(string name)
    {
        var folder = Path.Combine(Golden.Root, "clusterfile", name);

        var result = Read(folder);

        var lines = result.Diagnostics.Select(diagnostic => diagnostic.ToString()).ToList();
        lines.Add($"{result.Diagnostics.Count(diagnostic => diagnostic.IsError)} errors, "
            + $"{result.SpillwayDocuments.Count} Spillway documents, {result.KubernetesDocuments.Count} other");
        Golden.Check(Path.Combine(folder, "diagnostics.txt"), string.Join('\n', lines) + "\n");
    }

    internal static ClusterFileResult Read(string folder)
    {
        var files = Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(Path.GetFileName(path), File.ReadAllBytes(path)));
        return ClusterFileReader.ReadCluster([.. files]);
    }
}
