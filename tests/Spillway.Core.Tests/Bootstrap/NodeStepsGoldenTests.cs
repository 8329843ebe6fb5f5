using Spillway.Core.Bootstrap;
using Spillway.Core.Overlay;

namespace Spillway.Core.Tests.Bootstrap;

public sealed class NodeStepsGoldenTests
{
    public static TheoryData<string> Cases() => Golden.Cases("bootstrap");

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_host_becomes_a_node_by_exactly_these_commands_and_files(string name)
    {
        var folder = Path.Combine(Golden.Root, "bootstrap", name);
        var read = ClusterFileGoldenTests.Read(folder);
        read.HasErrors.ShouldBeFalse(string.Join('\n', read.Diagnostics));
        var plan = OverlayPlanner.Plan(read.Cluster!, new Dictionary<string, System.Net.IPAddress>());

        foreach (var node in plan.Nodes)
        {
            var steps = NodeSteps.For(node, plan);

            steps.Select(step => step.Name).Distinct().Count().ShouldBe(steps.Count);
            Golden.Check(Path.Combine(folder, $"{node.Name}.txt"), NodeScript.Print(steps));
        }
    }
}
