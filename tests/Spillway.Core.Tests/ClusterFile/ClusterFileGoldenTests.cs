using Spillway.Core.ClusterFile;
using Spillway.Core.Plans;

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

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_good_file_has_a_plan_that_gives_its_reasons(string name)
    {
        var folder = Path.Combine(Golden.Root, "clusterfile", name);
        var result = Read(folder);
        if (result.Model is not { } model)
        {
            result.HasErrors.ShouldBeTrue();
            return;
        }

        var plan = ClusterPlanner.Plan(model, PlanHistory.Empty, result.Diagnostics);

        Golden.Check(Path.Combine(folder, "plan.txt"), PlanPrinter.Print(plan));
        PlanDiff.Between(ClusterPlan.FromJson(plan.ToJson()), plan).ShouldBeEmpty();
    }

    internal static ClusterFileResult Read(string folder)
    {
        var files = Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(Path.GetFileName(path), File.ReadAllBytes(path)));
        return ClusterFileReader.ReadCluster([.. files]);
    }
}
