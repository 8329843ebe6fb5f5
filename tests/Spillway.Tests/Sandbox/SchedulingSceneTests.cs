using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Tests.Sandbox;

public sealed class SchedulingSceneTests
{
    private const string TwoMachines = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - {name: cpu-box, site: office, capacity: {cpu: 4, memory: 8Gi}}
            - {name: gpu-box, site: office, capacity: {cpu: 4, memory: 8Gi}, labels: {disk: ssd},
             taints: ["gpu=yes:NoSchedule"]}
        """;

    [Fact]
    public void Taints_and_node_selectors_decide_where_a_pod_goes()
    {
        var scene = new SandboxScene(TwoMachines);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("plain", Spec("1"));
            await scene.CreatePodAsync("tolerant", Spec("1", """
                , "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "gpu", "operator": "Exists"}]
                """));
            await scene.CreatePodAsync("shut-out", Spec("1", """, "nodeSelector": {"disk": "ssd"}"""));
            await scene.PassAsync(TimeSpan.FromSeconds(5));

            (await scene.PodAsync("plain"))!.NodeName.ShouldBe("cpu-box");
            (await scene.PodAsync("tolerant"))!.NodeName.ShouldBe("gpu-box");
            var refused = (await scene.PodAsync("shut-out"))!;
            refused.NodeName.ShouldBe("");
            refused.FindCondition("PodScheduled")!.Message.ShouldStartWith("0/2 nodes are available:");
        });
    }

    [Fact]
    public void A_lifted_taint_lets_the_waiting_pod_in()
    {
        var scene = new SandboxScene(TwoMachines);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("waiting", Spec("1", """, "nodeSelector": {"disk": "ssd"}"""));
            await scene.PassAsync(TimeSpan.FromMinutes(1));

            var change = KubernetesPatch.Merge(new JsonObject { ["spec"] = new JsonObject { ["taints"] = null } });
            await scene.Client.PatchAsync(Resources.Nodes, ObjectKey.Cluster("gpu-box"), change, default);
            await scene.PassAsync(TimeSpan.FromSeconds(5));

            (await scene.PodAsync("waiting"))!.Phase.ShouldBe("Running");
        });
    }

    [Fact]
    public void A_higher_priority_pushes_a_lower_one_out()
    {
        var scene = new SandboxScene(TwoMachines);
        scene.Play(async () =>
        {
            var important = Resources.PriorityClasses.New(ObjectKey.Cluster("important"));
            important.Json["value"] = 1000;
            (await scene.Client.CreateAsync(Resources.PriorityClasses, important, default)).OrThrow();
            await scene.CreatePodAsync("low", Spec("3"));
            await scene.WaitAsync("low", p => p.Phase == "Running");

            await scene.CreatePodAsync("high", Spec("3", """, "priorityClassName": "important" """));

            (await scene.WaitAsync("high", p => p.Phase == "Running")).NodeName.ShouldBe("cpu-box");
            (await scene.PodAsync("low")).ShouldBeNull();
            (scene.Time.GetUtcNow() - SandboxScene.Start).ShouldBeLessThan(TimeSpan.FromSeconds(30));
        });
    }

    [Fact]
    public void A_gang_starts_together_or_not_at_all()
    {
        var scene = new SandboxScene(TwoMachines);
        scene.Play(async () =>
        {
            const string Gang = """{"spillway.dev/gang": "ring"}""";
            const string Size = """{"spillway.dev/gang-size": "2"}""";
            for (var i = 0; i < 3; i++)
                await scene.CreatePodAsync($"lone-{i}", Spec("1"), annotations: """{"spillway.dev/duration": "60s"}""");
            await scene.CreatePodAsync("ring-0", Spec("2"), Size, Gang);
            await scene.CreatePodAsync("ring-1", Spec("2"), Size, Gang);
            await scene.PassAsync(TimeSpan.FromSeconds(10));

            var pods = await scene.PodsAsync();
            pods.Where(p => p.Name.StartsWith("ring")).Select(p => p.NodeName).ShouldAllBe(n => n == "");
            await scene.WaitAsync("ring-0", p => p.Phase == "Running");
            await scene.WaitAsync("ring-1", p => p.Phase == "Running");
        });
    }

    [Fact]
    public void Pods_of_other_schedulers_and_gated_pods_are_left_alone()
    {
        var scene = new SandboxScene(TwoMachines);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("theirs", Spec("1", """, "schedulerName": "other" """));
            await scene.CreatePodAsync("gated", Spec("1", """, "schedulingGates": [{"name": "example.com/wait"}]"""));
            await scene.PassAsync(TimeSpan.FromMinutes(10));
            (await scene.PodsAsync()).ShouldAllBe(p => p.NodeName == "");

            var open = KubernetesPatch.Merge(new JsonObject { ["spec"] =
                new JsonObject { ["schedulingGates"] = null } });
            await scene.Client.PatchAsync(Resources.Pods, new ObjectKey("default", "gated"), open, default);
            await scene.PassAsync(TimeSpan.FromSeconds(5));

            (await scene.PodAsync("gated"))!.NodeName.ShouldBe("cpu-box");
            (await scene.PodAsync("theirs"))!.NodeName.ShouldBe("");
        });
    }

    [Fact]
    public void Two_runs_with_one_seed_write_the_same_objects()
    {
        Run(3).ShouldBe(Run(3));
        Run(3).ShouldNotBe(Run(4));

        static string Run(int seed)
        {
            var scene = new SandboxScene(TwoMachines, seed);
            var log = new List<string>();
            scene.Play(async () =>
            {
                for (var i = 0; i < 12; i++)
                {
                    var seconds = 5 + (i * 7 % 30);
                    await scene.CreatePodAsync($"p{i}", Spec("1"), $$"""{"spillway.dev/duration": "{{seconds}}s"}""");
                    await scene.PassAsync(TimeSpan.FromSeconds(i % 3));
                }
                await scene.PassAsync(TimeSpan.FromMinutes(5));
                log.AddRange((await scene.PodsAsync()).Select(p => p.Json.ToJsonString()));
                log.AddRange((await scene.NodesAsync()).Select(n => n.Json.ToJsonString()));
            });
            log.Add($"{scene.Time.Steps} steps");
            return string.Join('\n', log);
        }
    }

    private static string Spec(string cpu, string more = "") => """
        {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox",
          "resources": {"requests": {"cpu": "CPU", "memory": "1Gi"}}}] MORE}
        """.Replace("CPU", cpu).Replace("MORE", more);
}
