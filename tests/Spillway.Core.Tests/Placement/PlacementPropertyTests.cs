using FsCheck;
using FsCheck.Fluent;
using Spillway.Core.Placement;

namespace Spillway.Core.Tests.Placement;

public sealed class PlacementPropertyTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);

    [Fact]
    public void Engine_finds_exactly_the_nodes_that_brute_force_finds() => ForAnySeed(seed =>
    {
        var (model, cluster, nodes, pods) = Build(seed);
        var judge = new BruteForce(nodes, pods, RandomCluster.NamespaceLabels);
        for (var i = 0; i < 8; i++)
        {
            var pod = cluster.Pod();
            using var tried = model.BeginWhatIf();
            model.SetPod(pod);

            model.FeasibleNodes(pod.Key).ShouldBe(judge.Feasible(pod), $"seed {seed}, pod {pod}");
            var outcome = model.Place(pod.Key);
            if (outcome is PlacementOutcome.Placed placed) judge.Feasible(pod).ShouldContain(placed.Node);
            else if (outcome is PlacementOutcome.Unplaceable refused)
                refused.Explanation.Reasons.SelectMany(reason => reason.Nodes).Distinct().Count().ShouldBe(nodes.Count);
        }
    });

    [Fact]
    public void A_pass_keeps_every_constraint_and_capacity() => ForAnySeed(seed =>
    {
        var cluster = new RandomCluster(seed);
        var model = NewModel();
        var nodes = Enumerable.Range(0, cluster.Next(6) + 1).Select(i => cluster.Node($"n{i}")).ToList();
        var waiting = Enumerable.Range(0, 20).Select(_ => cluster.Pod()).ToDictionary(pod => pod.Key);
        nodes.ForEach(model.SetNode);
        foreach (var pod in waiting.Values) model.SetPod(pod);

        var order = model.PendingPods().Select(pod => pod.Key).ToList();
        var decisions = model.PlaceAll();

        decisions.Select(decision => decision.Pod).ShouldBe(order);
        var placed = new List<PodRecord>();
        foreach (var decision in decisions)
        {
            if (decision.Outcome is PlacementOutcome.Placed done)
                placed.Add(waiting[decision.Pod] with { NodeName = done.Node });
        }
        var judge = new BruteForce(nodes, placed, RandomCluster.NamespaceLabels);
        judge.OverCapacity().ShouldBeEmpty();
        foreach (var decision in decisions)
        {
            if (decision.Outcome is PlacementOutcome.Unplaceable)
                judge.Feasible(waiting[decision.Pod]).ShouldBeEmpty($"seed {seed}: {decision.Pod} could be placed");
        }
    });

    [Fact]
    public void Incremental_model_equals_a_fresh_one() => ForAnySeed(seed =>
    {
        var (model, cluster, nodes, pods) = Build(seed);
        for (var i = 0; i < 40; i++) Event(model, cluster, nodes, pods);

        var fresh = NewModel();
        foreach (var pod in Enumerable.Reverse(pods)) fresh.SetPod(pod);
        foreach (var node in nodes) fresh.SetNode(node);

        Picture(model).ShouldBe(Picture(fresh), $"seed {seed}");
    });

    [Fact]
    public void Scores_kept_between_questions_equal_fresh_ones() => ForAnySeed(seed =>
    {
        var cluster = new RandomCluster(seed);
        var kinds = Enumerable.Range(0, 4).Select(_ => cluster.Plain()).ToArray();
        var nodes = Enumerable.Range(0, cluster.Next(90) + 1).Select(i => cluster.Node($"n{i}")).ToList();
        var policy = cluster.Pick(PlacementPolicy.Spillway, PlacementPolicy.KubeScheduler);
        var options = new PlacementOptions { Policy = policy };
        var model = new PlacementModel(options);
        var placed = new List<PodRecord>();
        nodes.ForEach(model.SetNode);
        for (var i = 0; i < 40; i++)
        {
            var pod = cluster.Pick(kinds) with { Key = new PodKey("default", $"kept-{i}") };
            if (cluster.Chance(20)) Event(model, cluster, nodes, placed, hosts: 90);
            using (model.BeginWhatIf())
            {
                model.SetNode(TestPods.Node("aaa", "64", "64Gi"));
                model.SetPod(pod);
                model.PlaceAll();
            }
            model.SetPod(pod);

            var fresh = new PlacementModel(options);
            nodes.ForEach(fresh.SetNode);
            placed.ForEach(fresh.SetPod);
            fresh.SetPod(pod);
            var outcome = model.Place(pod.Key);
            Show(outcome).ShouldBe(Show(fresh.Place(pod.Key)), $"seed {seed}, pod {i}");
            model.RemovePod(pod.Key);
            if (outcome is not PlacementOutcome.Placed there) continue;
            placed.Add(pod with { NodeName = there.Node });
            model.SetPod(placed[^1]);
        }
    });

    [Fact]
    public void Years_of_pods_and_hosts_leave_nothing_behind()
    {
        var (model, cluster, nodes, pods) = Build(seed: 11);
        for (var i = 0; i < 4_000; i++)
        {
            var passing = cluster.Pod($"passing-{i}") with { NodeName = nodes[cluster.Next(nodes.Count)].Name };
            passing = passing.Labeled(("job", $"{i}"), ("app", "a")).Asking(ask => ask with { Priority = i });
            model.SetPod(passing);
            model.SetNode(TestPods.Node($"host-{i}").Zone($"zone-{i}"));
            model.RemoveNode($"host-{i}");
            model.RemovePod(passing.Key);
        }
        model.ClassCount.ShouldBeLessThan(1_200);

        var fresh = NewModel();
        foreach (var pod in pods) fresh.SetPod(pod);
        foreach (var node in nodes) fresh.SetNode(node);
        Picture(model).ShouldBe(Picture(fresh));
    }

    [Fact]
    public void Rolling_back_a_what_if_restores_everything() => ForAnySeed(seed =>
    {
        var (model, cluster, nodes, pods) = Build(seed);
        for (var i = 0; i < 3; i++) model.SetPod(cluster.Pod());
        var before = Picture(model);
        using (model.BeginWhatIf())
        {
            for (var i = 0; i < 10; i++) Event(model, cluster, [.. nodes], [.. pods]);
            using (model.BeginWhatIf()) model.PlaceAll();
            model.PlaceAll();
            for (var i = 0; i < 10; i++) Event(model, cluster, [.. nodes], [.. pods]);
        }

        Picture(model).ShouldBe(before, $"seed {seed}");
    });

    private static void ForAnySeed(Action<int> property) => Check.One(Thorough, Prop.ForAll(
        Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), property));

    private static PlacementModel NewModel()
    {
        var model = new PlacementModel(new PlacementOptions { Policy = PlacementPolicy.KubeScheduler });
        foreach (var (name, labels) in RandomCluster.NamespaceLabels) model.SetNamespace(name, labels);
        return model;
    }

    private static (PlacementModel, RandomCluster, List<NodeRecord>, List<PodRecord>) Build(int seed)
    {
        var cluster = new RandomCluster(seed);
        var nodes = Enumerable.Range(0, cluster.Next(7) + 1).Select(i => cluster.Node($"n{i}")).ToList();
        var pods = Enumerable.Range(0, cluster.Next(15)).Select(_ => cluster.Bound(nodes)).ToList();
        var model = NewModel();
        nodes.ForEach(model.SetNode);
        pods.ForEach(model.SetPod);
        return (model, cluster, nodes, pods);
    }

    private static void Event(
        PlacementModel model, RandomCluster cluster, List<NodeRecord> nodes, List<PodRecord> pods, int hosts = 8)
    {
        switch (cluster.Next(6))
        {
            case 0 when nodes.Count > 1:
                var gone = cluster.Next(nodes.Count);
                model.RemoveNode(nodes[gone].Name);
                nodes.RemoveAt(gone);
                break;
            case 1:
                var node = cluster.Node($"n{cluster.Next(hosts)}");
                nodes.RemoveAll(other => other.Name == node.Name);
                nodes.Add(node);
                model.SetNode(node);
                break;
            case 2 when pods.Count > 0:
                var removed = cluster.Next(pods.Count);
                model.RemovePod(pods[removed].Key);
                pods.RemoveAt(removed);
                break;
            case 3 when pods.Count > 0:
                var changed = cluster.Next(pods.Count);
                pods[changed] = cluster.Pod(pods[changed].Key.Name) with
                {
                    Key = pods[changed].Key,
                    NodeName = nodes[cluster.Next(nodes.Count)].Name,
                    Terminating = cluster.Chance(20),
                };
                model.SetPod(pods[changed]);
                break;
            default:
                pods.Add(cluster.Chance(50) ? cluster.Bound(nodes) : cluster.Pod());
                model.SetPod(pods[^1]);
                break;
        }
    }

    /// <summary>All that can be seen of a model: free room, and the answer for every waiting pod and a few probes.</summary>
    private static string Picture(PlacementModel model)
    {
        var lines = model.Nodes.Select(node => $"{node.Name}: {model.FreeOn(node.Name).WithoutZeros()}").ToList();
        foreach (var pod in model.PendingPods()) lines.Add($"{pod.Key}: {Show(model.Place(pod.Key))}");
        var probes = new RandomCluster(7);
        for (var i = 0; i < 12; i++)
        {
            var probe = probes.Pod($"probe{i}");
            using var tried = model.BeginWhatIf();
            model.SetPod(probe);
            lines.Add($"probe {i}: {string.Join(",", model.FeasibleNodes(probe.Key))} {Show(model.Place(probe.Key))}");
        }
        return string.Join("\n", lines);
    }

    private static string Show(PlacementOutcome outcome) => outcome switch
    {
        PlacementOutcome.Unplaceable refused =>
            refused.Explanation.ToSchedulerMessage() + refused.Explanation.ToSentence(),
        PlacementOutcome.Preempts preempts => $"preempts {preempts.Victims} on {preempts.Node}",
        _ => outcome.ToString(),
    };
}
