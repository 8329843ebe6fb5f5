using Spillway.Core.ClusterFile;

namespace Spillway.Core.Tests;

public sealed class SharedManifestTests
{
    [Fact]
    public void Manifests_found_in_the_wild_are_read_without_complaint()
    {
        var shared = Environment.GetEnvironmentVariable("SPILLWAY_SHARED")
            ?? Path.Combine(Golden.Repository, "..", "shared");
        var folder = Path.Combine(shared, "data", "manifests");
        if (!Directory.Exists(folder))
            Assert.Skip($"{folder} is not there");

        // Values of a Helm chart are no manifest.
        var paths = Directory.GetFiles(folder, "*.y*ml", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith("values.yaml", StringComparison.Ordinal));
        foreach (var path in paths)
        {
            var file = new SourceFile(Path.GetFileName(path), File.ReadAllBytes(path));
            var result = ClusterFileReader.ReadWorkload([file]);

            result.Diagnostics.ShouldBeEmpty(path);
            result.KubernetesDocuments.Count.ShouldBeGreaterThan(0, path);
        }
    }
}
