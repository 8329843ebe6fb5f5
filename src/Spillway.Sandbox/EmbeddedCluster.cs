using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;
using Spillway.Sandbox.Clouds;
using Spillway.Sandbox.Kubelets;
using Spillway.Sandbox.Scheduling;
using Spillway.Sandbox.Time;
using Spillway.Sandbox.Workloads;

namespace Spillway.Sandbox;

/// <summary>
/// A whole cluster in this process: API server, scheduler, workload controllers, simulated kubelets of the file's
/// machines, and simulated clouds for its pools.
/// </summary>
/// <remarks>
/// Everything but the API server runs on one loop: the virtual time's, or a thread of its own. What is to run beside it,
/// such as Spillway's controllers, is started with <see cref="InvokeAsync(Func{Task})"/>.
/// </remarks>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    private readonly EmbeddedClusterOptions _options;
    private readonly KubeApiServer _server;
    private readonly WallLoop? _loop;
    private readonly InformerSet _informers;
    private readonly TimeSpan _heartbeat;
    private readonly Stack<IAsyncDisposable> _started = new();
    private bool _stopped;

    private EmbeddedCluster(EmbeddedClusterOptions options, KubeApiServer server, WallLoop? loop)
    {
        _options = options;
        _server = server;
        _loop = loop;
        Transport = server.Transport("spillway");
        var random = new Random(options.Seed);
        _informers = InformerSet.InProcess(
            ClientOf("kube-controller-manager"), options.Time, random, options.Logger);
        _heartbeat = options.Heartbeat ?? (IsVirtual ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(10));
        var settings = new KubeletSettings
        {
            Seed = options.Seed,
            PodCidr = options.Model.Cluster.Kubernetes.PodCidr,
            Runtime = options.Model.Cluster.Kubernetes.Runtime,
            KubernetesVersion = FullVersion(options.Model.Cluster.Kubernetes.Version),
            Heartbeat = _heartbeat,
            Events = options.KubeletEvents ?? !IsVirtual,
        };
        var nodes = options.Model.Cluster.Machines.Count + options.Model.Cluster.Pools.Sum(p => p.Max);
        Kubelets = new KubeletFleet(ClientOf("kubelet"), options.Time, settings, nodes, options.Logger);
        Clouds = new SimulatedClouds(
            options.Model, options.StateFolder, Kubelets, options.Time, options.Seed, options.Logger);
        Scheduler = new Scheduler(ClientOf("kube-scheduler"), options.Time,
            new PlacementOptions { Policy = options.Placement }, options.Seed, options.Logger);
    }

    /// <summary>The way in, as administrator.</summary>
    public IKubernetesTransport Transport { get; }

    public ICloud Cloud => Clouds;

    public SimulatedClouds Clouds { get; }

    public KubeletFleet Kubelets { get; }

    public Scheduler Scheduler { get; }

    public KubeApiServer Server => _server;

    private bool IsVirtual => _options.Time is VirtualTime;

    /// <summary>Starts the cluster; with a state folder, where the last run left it.</summary>
    public static async Task<EmbeddedCluster> StartAsync(
        EmbeddedClusterOptions options, CancellationToken cancellationToken)
    {
        var server = await KubeApiServer.OpenAsync(
            new KubeApiServerOptions
            {
                StateFolder = options.StateFolder, Time = options.Time, Random = new Random(options.Seed),
            },
            cancellationToken);
        EmbeddedCluster? cluster = null;
        try
        {
            var loop = options.Time is VirtualTime ? null : new WallLoop("embedded cluster");
            cluster = new EmbeddedCluster(options, server, loop);
            await cluster.InvokeAsync(() => cluster.StartPartsAsync(cancellationToken));
            return cluster;
        }
        catch
        {
            if (cluster is not null) await cluster.DisposeAsync();
            else await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client that writes under the name of a part of the control plane.</summary>
    public KubernetesClient ClientOf(string agent) => new(_server.Transport(agent));

    /// <summary>Runs something on the cluster's loop, where it may use the clouds and the scheduler's figures.</summary>
    public Task InvokeAsync(Func<Task> work) => _loop is null ? work() : _loop.RunAsync(work);

    /// <inheritdoc cref="InvokeAsync(Func{Task})"/>
    public Task<T> InvokeAsync<T>(Func<Task<T>> work) => _loop is null ? work() : _loop.RunAsync(work);

    /// <summary>Stops in reverse order: who writes first, the store last.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopped) return;
        _stopped = true;
        await InvokeAsync(StopPartsAsync);
        await _server.DisposeAsync();
        _loop?.Dispose();
    }

    private async Task StartPartsAsync(CancellationToken cancellationToken)
    {
        // First of all: discovery is kept once somebody has asked, and tells of measurements only when there are some.
        _server.Hooks.Logs = Kubelets.ReadLogsAsync;
        _server.Hooks.Metrics = (target, query, _) =>
            new ValueTask<JsonObject?>(InvokeAsync(() => Task.FromResult(Kubelets.Measure(target, query))));
        var client = ClientOf("spillway");
        await StartingObjects.EnsureServiceAccountAsync(client, cancellationToken);
        foreach (var wanted in _options.Objects) await StartingObjects.EnsureAsync(client, wanted, cancellationToken);
        _started.Push(_informers);
        if (!_options.WithoutControllers)
        {
            _started.Push(WorkloadControllers.Start(
                ClientOf("kube-controller-manager"), _informers, _options.Time, Workloads(), _options.Logger));
        }
        _started.Push(Kubelets);
        await Kubelets.StartAsync(cancellationToken);
        var machines = _options.Model.Cluster.Machines;
        for (var i = 0; i < machines.Count; i++)
            await Kubelets.JoinAsync(SimulatedMachine.Owned(machines[i], i, _options.Model), cancellationToken);
        _started.Push(Clouds);
        Clouds.Start();
        if (_options.WithoutScheduler) return;
        _started.Push(Scheduler);
        await Scheduler.StartAsync(cancellationToken);
    }

    private WorkloadOptions Workloads() => new()
    {
        RootCertificate = _server.Pki.AuthorityPem,
        Sign = _server.Pki.Sign,
        RefreshQuotas = async (ns, stop) => await _server.Quotas.RefreshAsync(ns, stop),

        // Five heartbeats must be missed before a node is given up, however far apart they are.
        NodeGrace = _heartbeat * 5,
    };

    private async Task StopPartsAsync()
    {
        _server.Hooks.Logs = null;
        _server.Hooks.Metrics = null;
        while (_started.TryPop(out var part)) await part.DisposeAsync();
    }

    private static string FullVersion(string version) =>
        "v" + (version.Count(c => c == '.') == 1 ? version + ".0" : version);
}
