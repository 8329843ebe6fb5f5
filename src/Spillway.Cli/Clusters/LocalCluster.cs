using Microsoft.Extensions.Logging;
using Spillway.Controllers;
using Spillway.Controllers.Costs;
using Spillway.Core.ClusterFile;
using Spillway.Kubernetes;
using Spillway.Sandbox;

namespace Spillway.Cli.Clusters;

/// <summary>What a cluster in this process is started from.</summary>
internal sealed record LocalClusterOptions(ClusterModel Model, TimeProvider Time, ILogger Logger)
{
    /// <summary>Null keeps everything in memory, for a rehearsal.</summary>
    public StateFolder? State { get; init; }

    public int Seed { get; init; }

    /// <summary>Filled with the sizes of pods and nodes, for a report of use over time.</summary>
    public SizeBook? Sizes { get; init; }

    /// <summary>How often nodes say that they live; null for as often as the clock makes sensible.</summary>
    public TimeSpan? Heartbeat { get; init; }

    /// <summary>Parts of the control plane that are left to programs outside.</summary>
    public IReadOnlySet<ControlPlanePart> Without { get; init; } = new HashSet<ControlPlanePart>();
}

/// <summary>What <c>up --without</c> can leave out.</summary>
internal enum ControlPlanePart { Scheduler, Controllers }

/// <summary>The embedded cluster with Spillway's controllers beside it: what both <c>up</c> and <c>rehearse</c> run.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly ControllerHost _controllers;
    private readonly InformerSet _informers;

    private LocalCluster(
        LocalClusterOptions options, EmbeddedCluster embedded, ControllerHost controllers, Ledger ledger)
    {
        Embedded = embedded;
        Ledger = ledger;
        _controllers = controllers;
        Client = embedded.ClientOf("spillway-cli");
        // Names and jitter of watchers must not shift what the cluster itself draws, so their dice are their own.
        _informers = InformerSet.InProcess(Client, options.Time, new Random(options.Seed + 2), options.Logger);
    }

    public EmbeddedCluster Embedded { get; }

    public Ledger Ledger { get; }

    public KubernetesClient Client { get; }

    /// <summary>Informers for whoever watches this cluster from within the process. Started by <see cref="WatchAsync"/>.</summary>
    public InformerSet Informers => _informers;

    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, CancellationToken cancellationToken)
    {
        var ledger = Ledger.Open(options.State?.LedgerFile);
        EmbeddedCluster? embedded = null;
        try
        {
            embedded = await EmbeddedCluster.StartAsync(
                new EmbeddedClusterOptions
                {
                    Model = options.Model,
                    StateFolder = options.State?.Path,
                    Time = options.Time,
                    Seed = options.Seed,
                    Heartbeat = options.Heartbeat,
                    Logger = options.Logger,
                    WithoutScheduler = options.Without.Contains(ControlPlanePart.Scheduler),
                    WithoutControllers = options.Without.Contains(ControlPlanePart.Controllers),
                },
                cancellationToken);
            var controllers = new ControllerHost(
                new ControllerOptions(options.Model, embedded.Server.Transport("spillway"), embedded.Cloud, ledger)
                {
                    InProcess = true,
                    Time = options.Time,
                    Random = new Random(options.Seed + 1),
                    Logger = options.Logger,
                    Sizes = options.Sizes,
                });
            await embedded.InvokeAsync(() => controllers.StartAsync(cancellationToken));
            return new LocalCluster(options, embedded, controllers, ledger);
        }
        catch
        {
            if (embedded is not null) await embedded.DisposeAsync();
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>Starts the informers that were asked for and waits until they know the cluster.</summary>
    public Task WatchAsync(CancellationToken cancellationToken) => Embedded.InvokeAsync(async () =>
    {
        _informers.Start();
        await _informers.WaitForSyncAsync(cancellationToken);
    });

    /// <summary>Who decides stops first, the store last.</summary>
    public async ValueTask DisposeAsync()
    {
        await Embedded.InvokeAsync(async () =>
        {
            await _informers.DisposeAsync();
            await _controllers.DisposeAsync();
        });
        await Embedded.DisposeAsync();
        Ledger.Dispose();
    }
}
