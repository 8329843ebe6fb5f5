using System.Net;
using Spillway.Core.ClusterFile;
using Spillway.Core.Overlay;
using Spillway.Core.Plans;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests;

public sealed class PlanDiffTests
{
    [Fact]
    public void An_unchanged_file_changes_nothing()
    {
        var plan = Plan(Example());

        PlanPrinter.Print(PlanDiff.Between(plan, Plan(Example()))).ShouldBe(
            "Nothing to change: the cluster is as the file says.\n");
    }

    [Fact]
    public void What_changes_is_said_with_what_comes_of_it()
    {
        var example = Example();
        var fewer = example with
        {
            Machines = [.. example.Machines.Where(machine => machine.Role == MachineRole.ControlPlane)],
            Pools = [example.Pools[1] with { Max = 7 }],
        };

        PlanPrinter.Print(PlanDiff.Between(Plan(example), Plan(fewer))).ShouldBe(
            """
            ~ pool f1-4xlarge: nodes launched from now on follow it; running ones stay as they are
                nodes: 0 to 5 -> 0 to 7
                cost at max: up to 16.50 USD/h -> up to 23.10 USD/h
            ~ policy burst: it counts from the next decision on
                owned machines: 0.549543 USD/h, 401.166667 USD/month -> nothing
            - machine fpga-box: its node is cordoned, drained and removed; the machine is left as it is
            - pool f1-2xlarge: its nodes are cordoned, drained and given back
            0 to add, 2 to change, 2 to remove

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Everything_is_new_without_an_earlier_plan() =>
        PlanDiff.Between(null, Plan(Example())).ShouldAllBe(change => change is PlanChange.Added);

    [Fact]
    public void Machines_keep_their_overlay_addresses_when_others_come_and_go()
    {
        var cluster = new Cluster
        {
            Name = "lab",
            Overlay = new OverlaySettings { Kind = OverlayKind.WireGuard },
            Machines = [Box("a"), Box("b"), Box("c") with { Role = MachineRole.ControlPlane }],
        };
        var first = OverlayAddresses.Assign(cluster, new Dictionary<string, IPAddress>());
        Print(first).ShouldBe("a 10.77.0.2, b 10.77.0.3, c 10.77.0.1");

        var changed = cluster with
        {
            Machines =
            [
                Box("new"), Box("b"), Box("c"), Box("said") with { OverlayAddress = IPAddress.Parse("10.77.0.2") },
            ],
        };

        Print(OverlayAddresses.Assign(changed, first)).ShouldBe(
            "b 10.77.0.3, c 10.77.0.1, new 10.77.0.4, said 10.77.0.2");
    }

    private static string Print(IReadOnlyDictionary<string, IPAddress> addresses) =>
        string.Join(", ", addresses.Select(pair => $"{pair.Key} {pair.Value}"));

    private static Machine Box(string name) => new()
    {
        Name = name,
        Capacity = ResourceList.Empty.With(ResourceList.Cpu, Quantity.FromWhole(4)),
    };

    private static Cluster Example() =>
        ClusterFileGoldenTests.Read(Path.Combine(Golden.Root, "clusterfile", "design-example")).Cluster!;

    private static ClusterPlan Plan(Cluster cluster) =>
        ClusterPlanner.Plan(new ClusterModel(cluster, []), PlanHistory.Empty, []);
}
