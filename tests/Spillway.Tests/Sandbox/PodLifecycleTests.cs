using Spillway.Kubernetes;

namespace Spillway.Tests.Sandbox;

public sealed class PodLifecycleTests
{
    private const string OneMachine = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - name: box
              site: office
              capacity: {cpu: 4, memory: 8Gi}
        """;

    private const string OneCpu = """
        {"restartPolicy": "Never",
         "containers": [{"name": "main", "image": "busybox", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}
        """;

    [Fact]
    public void A_pod_is_scheduled_runs_its_time_and_succeeds()
    {
        var scene = new SandboxScene(OneMachine);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("job", OneCpu, """{"spillway.dev/duration": "90s"}""");

            var running = await scene.WaitAsync("job", p => p.Phase == "Running");
            running.NodeName.ShouldBe("box");
            running.IsReady.ShouldBeTrue();
            running.Ip.ShouldStartWith("10.244.0.");
            running.IsTrue("PodScheduled").ShouldBeTrue();
            (scene.Time.GetUtcNow() - SandboxScene.Start).ShouldBeLessThan(TimeSpan.FromSeconds(5));

            var done = await scene.WaitAsync("job", p => p.IsFinished);
            done.Phase.ShouldBe("Succeeded");
            (scene.Time.GetUtcNow() - SandboxScene.Start).ShouldBeInRange(TimeSpan.FromSeconds(90),
                TimeSpan.FromSeconds(95));
        });
    }

    [Fact]
    public void A_deleted_pod_ends_gracefully_and_is_gone()
    {
        var scene = new SandboxScene(OneMachine);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("server", OneCpu);
            await scene.WaitAsync("server", p => p.IsReady);

            await scene.Client.DeleteAsync(
                Resources.Pods, new ObjectKey("default", "server"), DeleteOptions.None, CancellationToken.None);
            (await scene.PodAsync("server"))!.IsTerminating.ShouldBeTrue();
            await scene.PassAsync(TimeSpan.FromSeconds(2));

            (await scene.PodAsync("server")).ShouldBeNull();
        });
    }

    [Fact]
    public void A_pod_that_does_not_fit_waits_with_the_reason_and_starts_when_there_is_room()
    {
        var scene = new SandboxScene(OneMachine);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("first", OneCpu.Replace("\"1\"", "\"3\""), """{"spillway.dev/duration": "30s"}""");
            await scene.WaitAsync("first", p => p.Phase == "Running");
            await scene.CreatePodAsync("second", OneCpu.Replace("\"1\"", "\"3\""), """{"spillway.dev/duration": "30s"}""");
            await scene.PassAsync(TimeSpan.FromSeconds(5));

            var waiting = (await scene.PodAsync("second"))!;
            waiting.Phase.ShouldBe("Pending");
            var scheduled = waiting.FindCondition("PodScheduled")!;
            scheduled.Status.ShouldBe("False");
            scheduled.Reason.ShouldBe("Unschedulable");
            scheduled.Message.ShouldContain("1 Insufficient cpu");

            (await scene.WaitAsync("second", p => p.IsFinished)).Phase.ShouldBe("Succeeded");
        });
    }

    [Fact]
    public void A_node_refuses_what_a_wrong_scheduler_puts_on_it()
    {
        var scene = new SandboxScene(OneMachine);
        scene.Play(async () =>
        {
            await scene.CreatePodAsync("forced", """
                {"nodeName": "box", "containers": [{"name": "main", "image": "x",
                 "resources": {"requests": {"cpu": "16"}}}]}
                """);

            var refused = await scene.WaitAsync("forced", p => p.IsFinished);

            refused.Phase.ShouldBe("Failed");
            refused.Json.Text("status", "reason").ShouldBe("OutOfcpu");
            refused.Json.Text("status", "message")!.ShouldContain("requested: 16000, used: 0, capacity: 4000");
        });
    }

    [Fact]
    public void Nodes_of_the_files_machines_are_there_from_the_start()
    {
        var scene = new SandboxScene(OneMachine);
        scene.Play(async () =>
        {
            var node = (await scene.NodesAsync()).ShouldHaveSingleItem();

            node.Name.ShouldBe("box");
            node.IsReady.ShouldBeTrue();
            node.Label("spillway.dev/site").ShouldBe("office");
            node.Label("spillway.dev/pool").ShouldBeNull();
            node.Capacity["cpu"].ShouldBe("4");
            node.Json.Text("spec", "podCIDR").ShouldBe("10.244.0.0/24");
            var lease = await scene.Client.GetAsync(
                Resources.Leases, new ObjectKey("kube-node-lease", "box"), CancellationToken.None);
            lease.ShouldNotBeNull().RenewedAt.ShouldBe(SandboxScene.Start);
        });
    }

    [Fact]
    public void An_idle_hour_of_ten_nodes_costs_next_to_nothing()
    {
        var machines = string.Join('\n', Enumerable.Range(0, 10).Select(i =>
            $"    - {{name: box-{i}, site: office, capacity: {{cpu: 4, memory: 8Gi}}}}"));
        var scene = new SandboxScene("apiVersion: spillway.dev/v1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  machines:\n" + machines);
        scene.Play(async () =>
        {
            await scene.PassAsync(TimeSpan.FromMinutes(30));
            var before = scene.Time.Steps;
            await scene.PassAsync(TimeSpan.FromHours(1));

            (scene.Time.Steps - before).ShouldBeLessThan(60_000);
        });
    }
}
