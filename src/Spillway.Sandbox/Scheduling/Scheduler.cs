using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Kubernetes;
using Spillway.Sandbox.Time;

namespace Spillway.Sandbox.Scheduling;

/// <summary>
/// The default scheduler of the embedded cluster: kube-scheduler's loop around Core's placement, the same placement that
/// plans bursts. It decides one pod at a time, assumes the answer, and binds in the background.
/// </summary>
public sealed partial class Scheduler : IAsyncDisposable
{
    /// <summary>Decisions after which others on the loop get their turn: about a millisecond's worth.</summary>
    private const int DecisionsPerTurn = 128;

    private readonly KubernetesClient _client;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InformerSet _informers;
    private readonly EventRecorder _events;
    private readonly PlacementModel _model;
    private readonly ClusterFeed _feed;
    private readonly SchedulingQueue _queue = new();
    private readonly FailureMemo _failures = new();
    private readonly HashSet<PodKey> _assumed = [];
    private readonly List<Task> _writing = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly WakeSignal _wake;
    private Task _running = Task.CompletedTask;

    public Scheduler(KubernetesClient client, TimeProvider time, PlacementOptions options, int seed, ILogger logger)
    {
        _client = client;
        _time = time;
        _logger = logger;
        _wake = new WakeSignal(time);
        _informers = InformerSet.InProcess(client, time, new Random(seed), logger);
        _events = new EventRecorder(client, "default-scheduler", time, logger);
        _model = new PlacementModel(options);
        _feed = new ClusterFeed(_model, _informers, OnEvent, OnPod);
    }

    /// <summary>Pods that wait for a node, whatever for.</summary>
    public int WaitingCount => _queue.Count;

    /// <summary>True when nothing is being decided or written: all that can be placed now is placed.</summary>
    public bool IsIdle { get; private set; } = true;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _informers.Start();
        await _feed.Synced.WaitAsync(cancellationToken);
        _running = RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _running;
        await Task.WhenAll(_writing);
        await _events.DisposeAsync();
        await _informers.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await DecideAllAsync();
                _writing.RemoveAll(static task => task.IsCompleted);
                IsIdle = _writing.Count == 0;
                await WaitAsync();
                IsIdle = false;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task DecideAllAsync()
    {
        var decided = 0;
        while (_queue.TryTake(_time.GetUtcNow(), out var key))
        {
            _feed.Refresh();
            Decide(key);
            if (++decided % DecisionsPerTurn == 0) await Task.Yield();
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    private void Decide(PodKey key)
    {
        if (_model.Pod(key) is not { } pod || _model.NodeOf(key).Length > 0) return;
        if (pod.Requirements.Gang is null)
        {
            Act(pod, _failures.Recall(pod) ?? _model.Place(key));
            return;
        }
        foreach (var (member, outcome) in _model.PlaceGang(key))
        {
            if (_model.Pod(member) is { } waiting) Act(waiting, outcome);
        }
    }

    private void Act(PodRecord pod, PlacementOutcome outcome)
    {
        if (outcome is PlacementOutcome.Placed placed) Bind(pod, placed.Node);
        else Fail(pod, outcome);
    }

    private async Task WaitAsync()
    {
        var due = _queue.NextDue() - _time.GetUtcNow();
        var lookAgain = _queue.UnschedulableCount > 0 ? SchedulingQueue.LongestRest : (TimeSpan?)null;
        var limit = due is null || lookAgain < due ? lookAgain : due;
        if (await _wake.SleepAsync(limit, _stop.Token) || limit != lookAgain) return;
        _failures.Clear();
        _queue.Wake(ClusterEvents.TimePassed, _time.GetUtcNow());
    }

    private void OnEvent(ClusterEvents events)
    {
        // A pod that is placed only takes room: what was refused stays refused.
        if (events != ClusterEvents.PodPlaced) _failures.Clear();
        if (_queue.Wake(events, _time.GetUtcNow())) _wake.Wake();
    }

    private void OnPod(InformerChange<ScheduledPod> change)
    {
        var key = new PodKey(change.Key.Namespace, change.Key.Name);
        if (change.After is { IsWaiting: true, Record: var pod }
            && pod.Requirements.SchedulerName == PodRequirements.DefaultScheduler)
        {
            if (_assumed.Contains(key) || (change.Before is { } before && !AsksAnew(before.Record, pod))) return;
            _queue.Add(key, pod.Requirements.Priority, _time.GetUtcNow());
            _wake.Wake();
            return;
        }
        _queue.Remove(key);
        _assumed.Remove(key);
        _verdicts.Remove(key);
    }

    // A new status alone (our own verdict above all) changes nothing that a try could see.
    private static bool AsksAnew(PodRecord before, PodRecord after) =>
        before.Uid != after.Uid || before.IsBound || !before.Requirements.Equals(after.Requirements)
        || !before.Labels.Equals(after.Labels);
}
