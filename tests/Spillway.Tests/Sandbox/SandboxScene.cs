using System.Text;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;
using Spillway.Sandbox;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Sandbox;

/// <summary>An embedded cluster under virtual time, for one test.</summary>
internal sealed class SandboxScene
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ClusterModel _model;

    public SandboxScene(string clusterYaml, int seed = 1)
    {
        Seed = seed;
        _model = Read(clusterYaml);
        Time = new VirtualTime(Start, new VirtualTimeLimits { StepsPerInstant = 500_000 });
    }

    public int Seed { get; }

    public VirtualTime Time { get; }

    public string? StateFolder { get; init; }

    public EmbeddedCluster Cluster { get; private set; } = null!;

    public KubernetesClient Client { get; private set; } = null!;

    /// <summary>Runs the story in a fresh cluster and stops it.</summary>
    public void Play(Func<Task> story)
    {
        var log = new SceneLog(Time);
        try
        {
            Time.Run(() => PlayAsync(story, log));
        }
        catch
        {
            TestContext.Current.TestOutputHelper?.WriteLine(log.Last(60));
            throw;
        }
    }

    private async Task PlayAsync(Func<Task> story, SceneLog log)
    {
        var options = new EmbeddedClusterOptions
        {
            Model = _model, Time = Time, Seed = Seed, StateFolder = StateFolder, Logger = log,
        };
        Cluster = await EmbeddedCluster.StartAsync(options, CancellationToken.None);
        Client = new KubernetesClient(Cluster.Transport);
        await using (Cluster) await story();
    }

    public Task PassAsync(TimeSpan time) => Task.Delay(time, Time);

    public async Task<Pod> CreatePodAsync(string name, string spec, string annotations = "{}", string labels = "{}")
    {
        var json = JsonNode.Parse($$$"""
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": "{{{name}}}", "namespace": "default", "annotations": {{{annotations}}},
              "labels": {{{labels}}}},
             "spec": {{{spec}}}}
            """)!.AsObject();
        var made = await Client.CreateAsync(Resources.Pods, Resources.Pods.Wrap(json), CancellationToken.None);
        return made.OrThrow();
    }

    public Task<Pod?> PodAsync(string name) =>
        Client.GetAsync(Resources.Pods, new ObjectKey("default", name), CancellationToken.None);

    public async Task<List<Pod>> PodsAsync()
    {
        var pods = new List<Pod>();
        await foreach (var pod in Client.ListAllAsync(Resources.Pods, ListQuery.All,
            CancellationToken.None)) pods.Add(pod);
        return pods;
    }

    public async Task<List<Node>> NodesAsync()
    {
        var nodes = new List<Node>();
        await foreach (var node in Client.ListAllAsync(Resources.Nodes, ListQuery.All,
            CancellationToken.None)) nodes.Add(node);
        return nodes;
    }

    /// <summary>Waits, in the scene's time, until the pod is as wanted.</summary>
    public async Task<Pod> WaitAsync(string name, Func<Pod, bool> wanted)
    {
        for (var tries = 0; tries < 3600; tries++)
        {
            if (await PodAsync(name) is { } pod && wanted(pod)) return pod;
            await PassAsync(TimeSpan.FromMilliseconds(250));
        }
        throw new TimeoutException($"{name} did not get there in 15 minutes: {(await PodAsync(name))?.Json.ToJsonString()}");
    }

    public static ClusterModel Read(string clusterYaml)
    {
        var result = ClusterFileReader.ReadCluster([new SourceFile("cluster.yaml",
            Encoding.UTF8.GetBytes(clusterYaml))]);
        result.Diagnostics.Where(d => d.IsError).ShouldBeEmpty();
        return result.Model!;
    }
}
