using System.Text.Json.Nodes;
using Spillway.Controllers.Objects;
using Spillway.Kubernetes;

namespace Spillway.Tests.Controllers;

/// <summary>Rented nodes that are not needed any more, from the half-empty fleet to the bill.</summary>
public sealed class ConsolidationSceneTests(ITestOutputHelper output)
{
    private const string Fleet = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: fleet}
        spec:
          pools:
            - name: cpu
              cloud: {simulated: {region: us-east-1, startup: 60s}}
              instanceTypes: [m5.large]
              max: 5
          policy:
            consolidation: {mode: MODE, settle: 2m}
        """;

    [Fact]
    public void Two_half_empty_nodes_become_one_and_then_nothing_moves_for_a_day()
    {
        var scene = new ControllerScene(Fleet.Replace("MODE", "auto")) { Log = new OutputLog(output) };
        scene.Play(async () =>
        {
            await HalveAsync(scene);
            await scene.PassAsync(900);

            var left = (await scene.ClaimsAsync()).ShouldHaveSingleItem();
            var pods = await RunningAsync(scene);
            pods.Count.ShouldBe(2);
            pods.ShouldAllBe(pod => pod.NodeName == left.Name);
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldHaveSingleItem();
            var decisions = scene.DecisionText();
            decisions.ShouldContain(" consolidate cpu 1 ");

            await scene.PassAsync(24 * 3600);

            (await RunningAsync(scene)).Select(pod => pod.Uid).Order().ShouldBe(pods.Select(pod => pod.Uid).Order());
            (await scene.ClaimsAsync()).ShouldHaveSingleItem().Verdict.ShouldStartWith("stays: ");
            scene.DecisionText().ShouldBe(decisions);
        });
        output.WriteLine(scene.DecisionText());
        scene.Ledger.Nodes().Single(node => node.RemovedAt is not null).Why.ShouldContain(
            "the other nodes have room for 1 pod");
    }

    [Fact]
    public void Advice_moves_nothing_and_says_what_could_go()
    {
        var scene = new ControllerScene(Fleet.Replace("MODE", "advise")) { Log = new OutputLog(output) };
        scene.Play(async () =>
        {
            await HalveAsync(scene);
            var before = (await RunningAsync(scene)).Select(pod => pod.Uid).Order().ToList();
            await scene.PassAsync(900);

            (await scene.ClaimsAsync()).Select(claim => claim.Verdict).ShouldContain(
                "could go: the other nodes have room for 1 pod: saves 0.096 USD/h");
            (await RunningAsync(scene)).Select(pod => pod.Uid).Order().ShouldBe(before);
        });
        scene.Ledger.Decisions().ShouldAllBe(one => one.Kind != "consolidate");
        scene.Ledger.Nodes().Count(node => node.Why.Contains("could go: ")).ShouldBe(1);
    }

    // Two nodes are needed while the large pods are there; without them one would do.
    private static async Task HalveAsync(ControllerScene scene)
    {
        await DeployAsync(scene, "large", "1500m");
        await DeployAsync(scene, "small", "300m");
        await UntilRunningAsync(scene, 4);
        (await scene.ClaimsAsync()).Count.ShouldBe(2);
        await scene.Client.DeleteAsync(
            Resources.Deployments, new ObjectKey("default", "large"), DeleteOptions.None, CancellationToken.None);
        await UntilRunningAsync(scene, 2);
    }

    private static async Task UntilRunningAsync(ControllerScene scene, int count)
    {
        for (var left = 600; left > 0; left--)
        {
            if ((await RunningAsync(scene)).Count == count) return;
            await scene.PassAsync(1);
        }

        throw new TimeoutException($"{(await RunningAsync(scene)).Count} pods run, not {count}\n{scene.DecisionText()}");
    }

    private static async Task<List<Pod>> RunningAsync(ControllerScene scene) =>
        [.. (await scene.AllAsync(Resources.Pods)).Where(pod => pod.Phase == "Running")];

    private static async Task DeployAsync(ControllerScene scene, string name, string cpu)
    {
        var json = JsonNode.Parse($$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{{name}}}", "namespace": "default"},
             "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "{{{name}}}"}},
               "template": {"metadata": {"labels": {"app": "{{{name}}}"}},
                 "spec": {"containers": [{"name": "main", "image": "work",
                   "resources": {"requests": {"cpu": "{{{cpu}}}", "memory": "64Mi"} } }] } } } }
            """)!.AsObject();
        (await scene.Client.CreateAsync(
            Resources.Deployments, Resources.Deployments.Wrap(json), CancellationToken.None)).OrThrow();
    }
}
