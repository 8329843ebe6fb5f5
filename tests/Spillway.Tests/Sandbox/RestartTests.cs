using Spillway.Core.Ports;
using Spillway.Kubernetes;
using Spillway.Sandbox;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Sandbox;

/// <summary>The cluster on a state folder, at sixty times the wall's speed: what it kept must go on.</summary>
public sealed class RestartTests : IDisposable
{
    private const string Lab = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - {name: box, site: office, capacity: {cpu: 4, memory: 8Gi}}
          pools:
            - name: burst
              cloud: {simulated: {region: us-east-1, startup: 30s}}
              instanceTypes: [m5.large]
              max: 2
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("spillway-restart").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Pods_nodes_and_machines_go_on_where_they_were()
    {
        var stop = TestContext.Current.CancellationToken;
        var time = new SpedUpTime(60);
        string uid, machine;
        DateTimeOffset started;
        await using (var first = await StartAsync(time))
        {
            var client = new KubernetesClient(first.Transport);
            await CreateAsync(client, "job", "120s");
            machine = await first.InvokeAsync(async () =>
            {
                var offer = (await first.Cloud.ListOffersAsync("burst", stop))[0];
                var order = new LaunchOrder(new LaunchToken("token-1"), "burst-aaaaa", offer);
                return ((LaunchResult.Launched)await first.Cloud.LaunchAsync(order, stop)).MachineId;
            });
            var running = await WaitAsync(client, time, "job", p => p.Phase == "Running");
            uid = running.Uid;
            started = running.StartedAt!.Value;
        }

        await using var second = await StartAsync(time);
        var again = new KubernetesClient(second.Transport);
        var pod = (await again.GetAsync(Resources.Pods, new ObjectKey("default", "job"), stop))!;
        pod.Uid.ShouldBe(uid);
        var done = await WaitAsync(again, time, "job", p => p.IsFinished);
        done.Phase.ShouldBe("Succeeded");
        done.ContainerStatuses.Single().Integer("restartCount").ShouldBe(0);
        (time.GetUtcNow() - started).ShouldBeInRange(TimeSpan.FromSeconds(118), TimeSpan.FromSeconds(300));

        var machines = await second.InvokeAsync(() => second.Cloud.ListAsync(stop));
        machines.ShouldHaveSingleItem().MachineId.ShouldBe(machine);
        var repeated = await second.InvokeAsync(async () =>
        {
            var offer = (await second.Cloud.ListOffersAsync("burst", stop))[0];
            return await second.Cloud.LaunchAsync(new LaunchOrder(new LaunchToken("token-1"), "burst-aaaaa", offer),
                stop);
        });
        repeated.ShouldBe(new LaunchResult.Launched(machine));
        await WaitForNodeAsync(again, time, "burst-aaaaa");
        var nodes = await again.ListAsync(Resources.Nodes, ListQuery.All, stop);
        nodes.Items.Select(n => n.Name).Order().ShouldBe(["box", "burst-aaaaa"]);
    }

    [Fact]
    public async Task A_damaged_cloud_state_is_named_and_left_alone()
    {
        var path = Path.Combine(_folder, "clouds.json");
        await File.WriteAllTextAsync(path, "{ not json", TestContext.Current.CancellationToken);

        var error = await Should.ThrowAsync<InvalidDataException>(() => StartAsync(TimeProvider.System));

        error.Message.ShouldContain(path);
        (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).ShouldBe("{ not json");
    }

    private Task<EmbeddedCluster> StartAsync(TimeProvider time) => EmbeddedCluster.StartAsync(
        new EmbeddedClusterOptions { Model = SandboxScene.Read(Lab), Time = time, StateFolder = _folder, Seed = 1 },
        TestContext.Current.CancellationToken);

    private static async Task CreateAsync(KubernetesClient client, string name, string duration)
    {
        var pod = Resources.Pods.New(new ObjectKey("default", name));
        pod.Metadata.Ensure("annotations")["spillway.dev/duration"] = duration;
        pod.Json["spec"] = System.Text.Json.Nodes.JsonNode.Parse(
            """{"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}""");
        (await client.CreateAsync(Resources.Pods, pod, TestContext.Current.CancellationToken)).OrThrow();
    }

    private static async Task<Pod> WaitAsync(KubernetesClient client, TimeProvider time, string name,
        Func<Pod, bool> wanted)
    {
        var stop = TestContext.Current.CancellationToken;
        for (var tries = 0; tries < 600; tries++)
        {
            if (await client.GetAsync(Resources.Pods, new ObjectKey("default", name), stop) is { } pod
                && wanted(pod)) return pod;
            await Task.Delay(TimeSpan.FromSeconds(2), time, stop);
        }
        throw new TimeoutException($"{name} did not get there.");
    }

    private static async Task WaitForNodeAsync(KubernetesClient client, TimeProvider time, string name)
    {
        var stop = TestContext.Current.CancellationToken;
        for (var tries = 0; tries < 600; tries++)
        {
            if (await client.GetAsync(Resources.Nodes, ObjectKey.Cluster(name), stop) is not null) return;
            await Task.Delay(TimeSpan.FromSeconds(2), time, stop);
        }
        throw new TimeoutException($"{name} did not join.");
    }
}
