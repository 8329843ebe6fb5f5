using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Controllers;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;
using Spillway.Kubernetes;
using Spillway.Sandbox;
using Spillway.Sandbox.Time;

namespace Spillway.Tests.Controllers;

/// <summary>An embedded cluster with Spillway's controllers under virtual time, for one test.</summary>
internal sealed class ControllerScene
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly ClusterModel _model;
    private readonly Ledger _ledger = Ledger.Open(null);

    public ControllerScene(string clusterYaml)
    {
        var result = ClusterFileReader.ReadCluster(
            [new SourceFile("cluster.yaml", Encoding.UTF8.GetBytes(clusterYaml))]);
        result.Diagnostics.Where(diagnostic => diagnostic.IsError).ShouldBeEmpty();
        _model = result.Model!;
    }

    public VirtualTime Time { get; } = new(Start, new VirtualTimeLimits { StepsPerInstant = 500_000 });

    public EmbeddedCluster Cluster { get; private set; } = null!;

    public KubernetesClient Client { get; private set; } = null!;

    public ControllerHost Host { get; private set; } = null!;

    public Ledger Ledger => _ledger;

    /// <summary>Stands between the controllers and the cloud, to lose answers; the cluster's own by default.</summary>
    public Func<ICloud, ICloud> Cloud { get; init; } = cloud => cloud;

    public Func<IKubernetesTransport, IKubernetesTransport> Transport { get; init; } = transport => transport;

    /// <summary>Runs the story in a fresh cluster and stops it.</summary>
    public void Play(Func<Task> story) => Time.Run(async () =>
    {
        Cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions { Model = _model, Time = Time, Seed = 1, Logger = Log }, CancellationToken.None);
        await using (Cluster)
        {
            Client = new KubernetesClient(Cluster.Transport);
            using var stop = new CancellationTokenSource();
            var untaint = NodeUntaint.RunAsync(Cluster, Time, stop.Token);
            try
            {
                await StartHostAsync();
            }
            catch (HttpRequestException) when (StartsBroken)
            {
                // The story starts it again.
            }

            await story();
            stop.Cancel();
            await untaint;
            await Host.DisposeAsync();
        }
    });

    public async Task StartHostAsync()
    {
        Host = new ControllerHost(
            new ControllerOptions(_model, Transport(Cluster.Transport), Cloud(Cluster.Cloud), _ledger)
        {
            Time = Time,
            Random = new Random(1),
            Logger = Log,
        });
        await Host.StartAsync(CancellationToken.None);
    }

    /// <summary>True when the first start may end in the fault that the test has planned.</summary>
    public bool StartsBroken { get; init; }

    public ILogger Log { get; init; } = NullLogger.Instance;

    public Task PassAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    public async Task PodAsync(string name, string requests, string duration = "60s", string spec = "",
        string labels = "")
    {
        var amounts = string.Join(",", requests.Split(' ').Select(part =>
            $"\"{part[..part.IndexOf('=')]}\": \"{part[(part.IndexOf('=') + 1)..]}\""));
        var json = JsonNode.Parse($$$"""
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": "{{{name}}}", "namespace": "default", "labels": { {{{labels}}} },
               "annotations": {"spillway.dev/duration": "{{{duration}}}"}},
             "spec": {"restartPolicy": "Never", {{{spec}}} "containers": [{"name": "main", "image": "work",
               "resources": {"requests": { {{{amounts}}} }, "limits": { {{{amounts}}} } } }] } }
            """)!.AsObject();
        (await Client.CreateAsync(Resources.Pods, Resources.Pods.Wrap(json), CancellationToken.None)).OrThrow();
    }

    public Task<Pod?> FindPodAsync(string name) =>
        Client.GetAsync(Resources.Pods, new ObjectKey("default", name), CancellationToken.None);

    public async Task<List<NodeClaim>> ClaimsAsync() => await AllAsync(SpillwayResources.NodeClaims);

    public async Task<List<T>> AllAsync<T>(KubernetesResource<T> resource) where T : KubernetesObject
    {
        var all = new List<T>();
        await foreach (var one in Client.ListAllAsync(resource, ListQuery.All, CancellationToken.None)) all.Add(one);
        return all;
    }

    /// <summary>Waits, in the scene's time, until the pod is in the phase.</summary>
    public async Task<Pod> UntilAsync(string pod, string phase, double seconds = 900)
    {
        for (var left = seconds; left > 0; left -= 0.25)
        {
            if (await FindPodAsync(pod) is { } found && found.Phase == phase) return found;
            await PassAsync(0.25);
        }

        var last = await FindPodAsync(pod);
        throw new TimeoutException($"{pod} is {last?.Phase}, not {phase}, after {seconds} s: "
            + $"{last?.Json.ToJsonString()}\n{(await AllAsync(Resources.Nodes))[0].Json.ToJsonString()}\n{DecisionText()}");
    }

    /// <summary>The ledger's decisions, a line each.</summary>
    public string DecisionText()
    {
        var text = new StringBuilder();
        foreach (var one in Ledger.Decisions())
        {
            text.Append(one.At.ToString("HH:mm:ss")).Append(' ').Append(one.Kind).Append(' ').Append(one.Pool).Append(
                ' ')
                .Append(one.Count).Append(" [").AppendJoin(' ', one.Pods).Append("] ").Append(one.Why).Append('\n');
            foreach (var rejected in one.Rejected)
                text.Append("    not ").Append(rejected.Pool).Append(": ").Append(rejected.Why).Append('\n');
        }

        return text.ToString();
    }
}
