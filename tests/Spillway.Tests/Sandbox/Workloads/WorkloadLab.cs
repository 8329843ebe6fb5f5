using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.ApiServer;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;
using Spillway.Sandbox.Workloads;

namespace Spillway.Tests.Sandbox.Workloads;

/// <summary>The embedded API server, the workload controllers and pods that start and end, in virtual time.</summary>
internal sealed class WorkloadLab
{
    public static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private WorkloadLab(VirtualTime time, KubernetesClient client)
    {
        Time = time;
        Client = client;
    }

    public VirtualTime Time { get; }

    public KubernetesClient Client { get; }

    /// <summary>How a started pod ends: its exit code after some seconds, or null to run on.</summary>
    public Func<Pod, (int Seconds, int ExitCode)?> Ends { get; set; } = static _ => null;

    /// <summary>False for pods that start but never become ready.</summary>
    public Func<Pod, bool> BecomesReady { get; set; } = static _ => true;

    public Func<Pod, bool> Starts { get; set; } = static _ => true;

    /// <summary>The node that a pod is bound to.</summary>
    public Func<Pod, string> Target { get; set; } = static _ => "node-1";

    public static void Play(Func<WorkloadLab, Task> play)
    {
        var time = new VirtualTime(Begin);
        time.Run(async () =>
        {
            var options = new KubeApiServerOptions { Time = time, Random = new Random(1) };
            await using var server = await KubeApiServer.OpenAsync(options, CancellationToken.None);
            var log = new Failures();
            var lab = new WorkloadLab(time, new KubernetesClient(server.Transport("test")));
            var client = new KubernetesClient(server.Transport("kube-controller-manager"));
            await using var informers = new InformerSet(client, time, new Random(2), log);
            informers.Get(Resources.Pods).OnChange(lab.See);
            await using var controllers = WorkloadControllers.Start(client, informers, time, log);
            await informers.WaitForSyncAsync(CancellationToken.None);
            await lab.AddNodeAsync("node-1", "{}");
            try
            {
                await play(lab);
            }
            catch (Exception failure) when (log.Seen.Count > 0)
            {
                throw new InvalidOperationException(string.Join('\n', log.Seen), failure);
            }

            log.Seen.ShouldBeEmpty();
        });
    }

    /// <summary>Nodes whose kubelet still sends heartbeats.</summary>
    public HashSet<string> Beating { get; } = new(StringComparer.Ordinal);

    public async Task AddNodeAsync(string name, string labels)
    {
        await CreateAsync(Resources.Nodes, $$$"""{"metadata": {"name": "{{{name}}}", "labels": {{{labels}}} }}""");
        var lease = Resources.Leases.New(new ObjectKey("kube-node-lease", name));
        lease.Json["spec"] = new JsonObject { ["holderIdentity"] = name };
        await Client.CreateAsync(Resources.Leases, lease, CancellationToken.None);
        await ReportReadyAsync(name);
        Beating.Add(name);
        Keep(BeatAsync(name));
    }

    public async Task ReportReadyAsync(string name)
    {
        var status = (JsonObject)JsonNode.Parse("""
            {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}}
            """)!;
        await Client.PatchAsync(
            Resources.Nodes, ObjectKey.Cluster(name), KubernetesPatch.Merge(status), WriteOptions.OnStatus,
                CancellationToken.None);
    }

    private async Task BeatAsync(string name)
    {
        while (Beating.Contains(name))
        {
            var spec = new JsonObject { ["renewTime"] = KubernetesJson.MicroTimestamp(Time.GetUtcNow()) };
            var patch = KubernetesPatch.Merge(new JsonObject { ["spec"] = spec });
            await Client.PatchAsync(
                Resources.Leases, new ObjectKey("kube-node-lease", name), patch, CancellationToken.None);
            await WaitAsync(10);
        }
    }

    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time);

    public async Task<T> CreateAsync<T>(KubernetesResource<T> resource, string json) where T : KubernetesObject
    {
        var wanted = resource.Wrap((JsonObject)JsonNode.Parse(json)!);
        wanted.Json["apiVersion"] = resource.ApiVersion;
        wanted.Json["kind"] = resource.Kind;
        if (resource.Namespaced && wanted.Namespace.Length == 0) wanted.Metadata["namespace"] = "default";
        return (await Client.CreateAsync(resource, wanted, CancellationToken.None)).OrThrow();
    }

    public async Task<T> GetAsync<T>(KubernetesResource<T> resource, string name) where T : KubernetesObject =>
        await FindAsync(resource, name) ?? throw new InvalidOperationException($"{resource} {name} is not there");

    public Task<T?> FindAsync<T>(KubernetesResource<T> resource, string name) where T : KubernetesObject =>
        Client.GetAsync(resource, new ObjectKey(resource.Namespaced ? "default" : "", name), CancellationToken.None);

    public async Task<IReadOnlyList<T>> ListAsync<T>(KubernetesResource<T> resource, string selector = "")
        where T : KubernetesObject =>
        (await Client.ListAsync(
            resource, new ListQuery { Namespace = "default", LabelSelector = selector }, default)).Items;

    public async Task MergeAsync<T>(KubernetesResource<T> resource, string name, string change)
        where T : KubernetesObject
    {
        var key = new ObjectKey(resource.Namespaced ? "default" : "", name);
        var patch = KubernetesPatch.Merge((JsonObject)JsonNode.Parse(change)!);
        (await Client.PatchAsync(resource, key, patch, CancellationToken.None)).OrThrow();
    }

    public Task DeleteAsync<T>(KubernetesResource<T> resource, string name, DeletePropagation? propagation = null)
        where T : KubernetesObject => Client.DeleteAsync(
            resource, new ObjectKey(resource.Namespaced ? "default" : "", name),
            new DeleteOptions { Propagation = propagation }, CancellationToken.None);

    private void See(InformerChange<Pod> change)
    {
        if (change.Kind == ChangeKind.Added) Keep(RunAsync(change.Current));
        else if (change is { Kind: ChangeKind.Updated, After.IsTerminating: true, Before.IsTerminating: false })
            Keep(StopAsync(change.Current));
    }

    // The lab's pods live as long as they live; what breaks in one is thrown into the run.
    private static void Keep(Task life) => _ = life.ContinueWith(
        static t => SynchronizationContext.Current!.Post(static e => throw (Exception)e!, t.Exception),
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.FromCurrentSynchronizationContext());

    private async Task RunAsync(Pod pod)
    {
        if (!Starts(pod) || pod.IsFinished) return;
        await WaitAsync(1);
        if (pod.NodeName.Length == 0) await Client.BindAsync(pod.Key, pod.Uid, Target(pod), CancellationToken.None);
        var ready = BecomesReady(pod);
        await StatusAsync(pod, "Running", ready, Running(ready));
        if (Ends(pod) is not var (seconds, code)) return;
        await WaitAsync(seconds);
        var state = new JsonObject
        {
            ["terminated"] =
                new JsonObject { ["exitCode"] = code, ["finishedAt"] = KubernetesJson.Timestamp(Time.GetUtcNow()) },
        };
        await StatusAsync(pod, code == 0 ? "Succeeded" : "Failed", ready: false, state);
    }

    private JsonObject Running(bool ready) => new()
    {
        ["running"] = new JsonObject { ["startedAt"] = KubernetesJson.Timestamp(Time.GetUtcNow()) },
    };

    private async Task StopAsync(Pod pod)
    {
        await WaitAsync(1);
        var options = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid };
        await Client.DeleteAsync(Resources.Pods, pod.Key, options, CancellationToken.None);
    }

    private async Task StatusAsync(Pod pod, string phase, bool ready, JsonObject state)
    {
        var now = KubernetesJson.Timestamp(Time.GetUtcNow());
        var status = new JsonObject
        {
            ["phase"] = phase,
            ["podIP"] = "10.244.0." + (Math.Abs(pod.Name.Sum(c => c * 7)) % 250 + 2),
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready", ["status"] = ready ? "True" : "False", ["lastTransitionTime"] = now,
            }),
            ["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = pod.Containers.First().Text("name"), ["image"] = "i", ["imageID"] = "i", ["ready"] = ready,
                ["restartCount"] = 0, ["state"] = state,
            }),
        };
        var patch = KubernetesPatch.Merge(
            new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid }, ["status"] = status });
        await Client.PatchAsync(Resources.Pods, pod.Key, patch, WriteOptions.OnStatus, CancellationToken.None);
    }

    /// <summary>Keeps warnings: a controller that failed and tried again is a bug in these tests.</summary>
    private sealed class Failures : ILogger
    {
        public List<string> Seen { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
                string> formatter)
        {
            if (IsEnabled(logLevel) && exception is not HttpRequestException)
                Seen.Add($"{formatter(state, exception)} {exception}");
        }
    }
}
