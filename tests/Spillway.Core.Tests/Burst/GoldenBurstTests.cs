using System.Text;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Burst;

/// <summary>
/// Scenes as a user writes them, a folder each: <c>cluster.yaml</c> with the cluster, its accelerators and its pods, and
/// the plan that follows. UPDATE_GOLDEN=1 rewrites the plans; the diff is what is reviewed.
/// </summary>
public sealed class GoldenBurstTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Cases() =>
        [.. Directory.GetDirectories(Folder()).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_plan_is_the_one_that_was_agreed(string name)
    {
        var folder = Path.Combine(Folder(), name);
        var file = new SourceFile("cluster.yaml", File.ReadAllBytes(Path.Combine(folder, "cluster.yaml")));
        var read = ClusterFileReader.ReadCluster([file]);
        read.Diagnostics.Where(one => one.IsError).ShouldBeEmpty();

        var seen = Observe(read);
        var plan = BurstPlanText.Print(BurstPlanner.Decide(read.Cluster!.Policy.Burst, seen, Now));

        var golden = Path.Combine(folder, "plan.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(golden, plan);
        plan.ShouldBe(File.ReadAllText(golden));
    }

    private static BurstObservation Observe(ClusterFileResult read)
    {
        var (cluster, model) = (read.Cluster!, read.Model!);
        var placement = new PlacementModel();
        foreach (var machine in cluster.Machines) placement.SetNode(ToNode(machine, model));
        var pending = new List<PendingPod>();
        var ends = new Dictionary<PodKey, DateTimeOffset>();
        foreach (var document in read.KubernetesDocuments)
        {
            var pod = PodReader.Read(document.Json);
            pod = pod with
            {
                Key = new PodKey(document.Namespace ?? "default", document.Name),
                Phase = pod.IsBound ? PodPhase.Running : PodPhase.Pending,
                CreatedAt = Now,
            };
            placement.SetPod(pod);
            var lasts = Durations.TryParse(pod.Annotations["spillway.dev/duration"], out var span)
                ? span : (TimeSpan?)null;
            if (!pod.IsBound) pending.Add(new PendingPod(pod.Key, Now) { Duration = lasts });
            else if (lasts is { } left) ends[pod.Key] = Now + left;
        }

        return new BurstObservation
        {
            Placement = placement,
            Pending = pending,
            Pools = [.. cluster.Pools.Select(pool => new PoolState(
                pool.Name, pool.Min, pool.Max, [.. PoolOffers.For(pool, model).Select(Ports.Offer.Of)])
            {
                Purchases = pool.PurchaseOptions,
            })],
            Claims = [],
            Spend = SpendSoFar.Nothing,
            Accelerators = read.Accelerators,
            ExpectedEnds = ends,
        };
    }

    private static NodeRecord ToNode(Machine machine, ClusterModel model)
    {
        var template = NodeTemplates.ForMachine(machine, model);
        var offer = new Offer("", "", "", PurchaseOption.OnDemand, default, template);
        return OfferNodes.Node(offer, machine.Name);
    }

    private static string Folder()
    {
        var folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "tests", "Spillway.Core.Tests")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("the repository's root");
        return Path.Combine(folder, "tests", "Spillway.Core.Tests", "testdata", "burst");
    }
}
