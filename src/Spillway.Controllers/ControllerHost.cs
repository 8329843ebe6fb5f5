using Microsoft.Extensions.Logging;
using Spillway.Controllers.Accelerators;
using Spillway.Controllers.Burst;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Pools;
using Spillway.Controllers.Reclaim;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Controllers;

/// <summary>What the controllers need from whoever runs them.</summary>
public sealed record ControllerOptions(ClusterModel Model, IKubernetesTransport Transport, ICloud Cloud, Ledger Ledger)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Source of node names; seeded where runs must repeat.</summary>
    public required Random Random { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Filled with the sizes of pods and nodes; null where nobody asks for them.</summary>
    public SizeBook? Sizes { get; init; }

    /// <summary>The API server is in this process: nothing lies between that could break.</summary>
    public bool InProcess { get; init; }

    /// <summary>Set to lead by a Lease, when several copies may run against one cluster; null for a copy that is alone.</summary>
    public string? Identity { get; init; }
}

/// <summary>
/// All controllers of a cluster. They speak the Kubernetes API and a cloud's, and cannot tell a real cluster from the
/// embedded one; in virtual time all of it runs in the one thread that starts it.
/// </summary>
public sealed class ControllerHost : IAsyncDisposable
{
    // Launch calls of a real cloud take a second or two each: several at once keep a large burst short.
    private const int LaunchWorkers = 8;
    private const int AnswerWorkers = 4;

    private readonly ControllerOptions _options;
    private readonly KubernetesClient _client;
    private readonly EventRecorder _events;
    private readonly CancellationTokenSource _stop = new();
    // Without RunContinuationsAsynchronously: WhenAny over it would go through the thread pool, which the loop of virtual
    // time must not.
    private readonly TaskCompletionSource _started = new();
    private Task _running = Task.CompletedTask;

    public ControllerHost(ControllerOptions options)
    {
        _options = options;
        _client = new KubernetesClient(options.Transport);
        _events = new EventRecorder(_client, "spillway", options.Time, options.Logger);
    }

    public Ledger Ledger => _options.Ledger;

    /// <summary>
    /// Installs the definitions and objects, then runs the loops, as leader if leading is asked for. Returns once the
    /// loops run; a copy that does not lead returns once it waits for its turn.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var context = Context();
        await new Installation(context).RunAsync(cancellationToken);
        if (_options.Identity is not { } identity)
        {
            _running = LeadAsync(context, _stop.Token);
            await await Task.WhenAny(_started.Task, _running);
            return;
        }

        var election = new LeaderElection(
            _client,
            new LeaderElectionOptions(new ObjectKey("kube-system", "spillway-controllers"), identity),
            _options.Time,
            _options.Logger);
        _running = LeadAgainAsync(context, election);
    }

    public async ValueTask DisposeAsync()
    {
        // Not CancelAsync, which leaves the loop of virtual time.
        _stop.Cancel();
        try
        {
            await _running;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Ended because it was asked to.
        }

        await _events.DisposeAsync();
        _stop.Dispose();
    }

    private async Task LeadAgainAsync(ControllerContext context, LeaderElection election)
    {
        while (!_stop.IsCancellationRequested) await election.RunAsync(token => LeadAsync(context, token), _stop.Token);
    }

    private ControllerContext Context() =>
        new(_client, _options.Cloud, _options.Ledger, _options.Time, _options.Logger, _options.Random)
        {
            Model = _options.Model,
            Events = _events,
            Sizes = _options.Sizes,
        };

    private async Task LeadAsync(ControllerContext context, CancellationToken cancellationToken)
    {
        await using var informers = _options.InProcess
            ? InformerSet.InProcess(_client, _options.Time, _options.Random, _options.Logger)
            : new InformerSet(_client, _options.Time, _options.Random, _options.Logger);
        var state = new ClusterState(informers);
        var loops = new ControllerLoops(context, state);
        informers.Start();
        await informers.WaitForSyncAsync(cancellationToken);
        await using (loops)
        {
            loops.Start(LaunchWorkers, AnswerWorkers);
            _started.TrySetResult();
            await loops.FollowInterruptionsAsync(cancellationToken);
        }
    }
}
