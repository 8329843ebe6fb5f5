using Spillway.Controllers.Objects;
using Spillway.Kubernetes;

namespace Spillway.Tests.Controllers;

/// <summary>The controllers against the embedded cluster, from pending pods to the bill.</summary>
public sealed class BurstSceneTests(ITestOutputHelper output)
{
    private const string Xgboost = "accelerators.spillway.dev/com.inaccel.xgboost.exact";

    private const string Inaccel = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: inaccel}
        spec:
          machines:
            - name: fpga-box
              site: office
              capacity: {cpu: 32, memory: 128Gi}
              devices: [{model: xilinx-u250}, {model: xilinx-u280}]
              cost: {purchase: 14000 USD, lifetime: 4y, power: 600W, electricity: 0.25 USD/kWh}
          pools:
            - name: f1-2xlarge
              cloud: {simulated: {region: us-east-1, startup: 90s}}
              instanceTypes: [f1.2xlarge]
              devices: [{model: aws-vu9p-f1, count: 1}]
              max: 5
            - name: f1-4xlarge
              cloud: {simulated: {region: us-east-1, startup: 90s}}
              instanceTypes: [f1.4xlarge]
              devices: [{model: aws-vu9p-f1, count: 2}]
              max: 5
          policy:
            burst: {mode: auto, idleAfter: 5m, budget: {perDay: 50 USD}}
        ---
        apiVersion: spillway.dev/v1
        kind: Accelerator
        metadata: {name: com.inaccel.xgboost.exact}
        spec:
          resource: accelerators.spillway.dev/com.inaccel.xgboost.exact
          provides:
            - {device: xilinx-u250, perDevice: 4}
            - {device: aws-vu9p-f1, perDevice: 2}
        """;

    [Fact]
    public void The_scene_of_two_jobs_plays()
    {
        var scene = new ControllerScene(Inaccel) { Log = new OutputLog(output) };
        scene.Play(async () =>
        {
            await scene.PodAsync("job-1", $"cpu=4 {Xgboost}=4", "10m");
            await scene.PassAsync(1);
            await scene.PodAsync("job-2", $"cpu=4 {Xgboost}=4", "2m");

            var first = await scene.UntilAsync("job-1", "Running", 10);
            first.NodeName.ShouldBe("fpga-box");
            var second = await scene.UntilAsync("job-2", "Running", 120);
            second.NodeName.ShouldStartWith("f1-4xlarge-");
            await scene.UntilAsync("job-2", "Succeeded", 200);
            await scene.PassAsync(400);

            (await scene.ClaimsAsync()).ShouldBeEmpty();
            (await scene.AllAsync(Resources.Nodes)).ShouldHaveSingleItem().Name.ShouldBe("fpga-box");
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldBeEmpty();
        });

        output.WriteLine(scene.DecisionText());
        foreach (var pod in scene.Ledger.Pods()) output.WriteLine(pod.ToString());
        foreach (var node in scene.Ledger.Nodes()) output.WriteLine(node.ToString());
        output.WriteLine(scene.Ledger.Summary(scene.Time.GetUtcNow()).ToString());
        var burst = scene.Ledger.Decisions().Where(one => one.Kind == "burst").ShouldHaveSingleItem();
        burst.Pool.ShouldBe("f1-4xlarge");
        burst.Count.ShouldBe(1);
        burst.Rejected.ShouldHaveSingleItem().Pool.ShouldBe("f1-2xlarge");
        scene.Ledger.Decisions().Where(one => one.Kind == "reclaim").ShouldHaveSingleItem();
    }

    [Fact]
    public void Sixteen_accelerators_stay_pending_with_the_reason_on_the_pod()
    {
        var scene = new ControllerScene(Inaccel) { Log = new OutputLog(output) };
        scene.Play(async () =>
        {
            await scene.PodAsync("sixteen", $"cpu=4 {Xgboost}=16");
            await scene.PassAsync(5);

            var pod = await scene.FindPodAsync("sixteen");
            pod!.Annotation(SpillwayNames.WhyAnnotation).ShouldNotBeNull()
                .ShouldStartWith("needs 8 × xilinx aws-vu9p-f1 in one node (16 accelerators, 2 a device)");
            (await scene.ClaimsAsync()).ShouldBeEmpty();
        });
        scene.Ledger.Decisions().ShouldHaveSingleItem().Kind.ShouldBe("refuse");
    }
}
