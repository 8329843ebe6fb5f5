using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

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
    private readonly Dictionary<(string Namespace, string Gang), SortedSet<PodKey>> _gangs = [];
    private readonly HashSet<PodKey> _assumed = [];
    private readonly List<Task> _writing = [];
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _wake = NewWake();
    private Task _running = Task.CompletedTask;

    public Scheduler(KubernetesClient client, TimeProvider time, PlacementOptions options, int seed, ILogger logger)
    {
        _client = client;
        _time = time;
        _logger = logger;
        _informers = new InformerSet(client, time, new Random(seed), logger);
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
            Decide(key);
            if (++decided % DecisionsPerTurn == 0) await Task.Yield();
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    private void Decide(PodKey key)
    {
        if (_model.Pod(key) is not { } pod) return;
        if (pod.Requirements.Gang is { } gang)
        {
            DecideGang(pod, gang);
            return;
        }
        var outcome = _failures.Recall(pod) ?? _model.Place(key);
        if (outcome is PlacementOutcome.Placed placed) Bind(pod, placed.Node);
        else Fail(pod, outcome);
    }

    /// <summary>All members of a gang that wait, or none: tried one after the other and taken back when one finds no place.</summary>
    private void DecideGang(PodRecord pod, Gang gang)
    {
        var members = _gangs.TryGetValue((pod.Key.Namespace, gang.Name), out var known) ? known : [pod.Key];
        if (members.Count < gang.Size)
        {
            Fail(pod, new PlacementOutcome.Waits(WaitReason.Gang,
                $"Waits for its gang {gang.Name}: {members.Count} of {gang.Size} members are there."));
            return;
        }
        var placed = new List<(PodRecord Pod, string Node)>();
        PlacementOutcome? refusal = null;
        PodKey refused = default;
        using (_model.BeginWhatIf())
        {
            foreach (var member in members)
            {
                if (_model.Pod(member) is not { } waiting || _model.NodeOf(member).Length > 0) continue;
                if (_model.Place(member) is PlacementOutcome.Placed found)
                {
                    _model.Assume(member, found.Node);
                    placed.Add((waiting, found.Node));
                    continue;
                }
                (refusal, refused) = (_model.Place(member), member);
                break;
            }
        }
        if (refusal is null)
        {
            foreach (var (member, node) in placed) Bind(member, node);
            return;
        }
        FailGang(gang, members, refused, refusal);
    }

    private void FailGang(Gang gang, SortedSet<PodKey> members, PodKey refused, PlacementOutcome refusal)
    {
        foreach (var key in members)
        {
            if (_model.Pod(key) is not { } member || _model.NodeOf(key).Length > 0) continue;
            Fail(member, key == refused || refusal is not PlacementOutcome.Unplaceable
                ? refusal
                : new PlacementOutcome.Waits(WaitReason.Gang,
                    $"Waits for its gang {gang.Name}: {refused} finds no place beside the others."));
        }
    }

    private async Task WaitAsync()
    {
        var due = _queue.NextDue() - _time.GetUtcNow();
        var lookAgain = _queue.UnschedulableCount > 0 ? SchedulingQueue.LongestRest : (TimeSpan?)null;
        var timeout = due < lookAgain || lookAgain is null ? due : lookAgain;
        if (timeout is not { } wait)
        {
            await _wake.Task.WaitAsync(_stop.Token);
        }
        else if (wait > TimeSpan.Zero && !await WokenWithinAsync(wait) && wait == lookAgain)
        {
            _failures.Clear();
            _queue.Wake(ClusterEvents.TimePassed, _time.GetUtcNow());
        }
        _wake = _wake.Task.IsCompleted ? NewWake() : _wake;
    }

    private async Task<bool> WokenWithinAsync(TimeSpan wait)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var timer = Task.Delay(wait, _time, over.Token);
        var first = await Task.WhenAny(_wake.Task, timer);
        _stop.Token.ThrowIfCancellationRequested();
        over.Cancel();
        return first != timer;
    }

    private void OnEvent(ClusterEvents events)
    {
        // A pod that is placed only takes room: what was refused stays refused.
        if (events != ClusterEvents.PodPlaced) _failures.Clear();
        if (_queue.Wake(events, _time.GetUtcNow())) _wake.TrySetResult();
    }

    private void OnPod(InformerChange<ScheduledPod> change)
    {
        var key = new PodKey(change.Key.Namespace, change.Key.Name);
        if (change.After is { IsWaiting: true, Record: var pod } && pod.Requirements.SchedulerName == PodRequirements.DefaultScheduler)
        {
            JoinGang(pod);
            if (_assumed.Contains(key) || (change.Before is { } before && !AsksAnew(before.Record, pod))) return;
            _queue.Add(key, pod.Requirements.Priority, _time.GetUtcNow());
            _wake.TrySetResult();
            return;
        }
        _queue.Remove(key);
        _assumed.Remove(key);
        _verdicts.Remove(key);
        if (change.After is null) LeaveGang(key);
    }

    // A new status alone (our own verdict above all) changes nothing that a try could see.
    private static bool AsksAnew(PodRecord before, PodRecord after) =>
        before.Uid != after.Uid || before.IsBound || !before.Requirements.Equals(after.Requirements)
        || !before.Labels.Equals(after.Labels);

    private void JoinGang(PodRecord pod)
    {
        if (pod.Requirements.Gang is not { } gang) return;
        var key = (pod.Key.Namespace, gang.Name);
        if (!_gangs.TryGetValue(key, out var members)) _gangs[key] = members = [];
        members.Add(pod.Key);
    }

    private void LeaveGang(PodKey pod)
    {
        foreach (var (gang, members) in _gangs)
        {
            if (gang.Namespace != pod.Namespace || !members.Remove(pod) || members.Count > 0) continue;
            _gangs.Remove(gang);
            return;
        }
    }

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
