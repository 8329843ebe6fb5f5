using Microsoft.Extensions.Logging;
using Spillway.Controllers.Accelerators;
using Spillway.Controllers.Burst;
using Spillway.Controllers.Consolidation;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Pools;
using Spillway.Controllers.Reclaim;
using Spillway.Controllers.State;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers;

/// <summary>Which change wakes which loop. Events only wake; every pass acts on the whole picture.</summary>
internal sealed class ControllerLoops : IAsyncDisposable
{
    private readonly ControllerContext _context;
    private readonly MachineWatch _machines;
    private readonly Bookkeeper _books;
    private readonly Controller<string> _pools;
    private readonly Controller<string> _claims;
    private readonly Controller<string> _burst;
    private readonly Controller<PodKey> _answers;
    private readonly Controller<string> _reclaim;
    private readonly Controller<string> _consolidation;
    private readonly Controller<string> _sweep;
    private readonly Controller<string> _accelerators;
    private readonly Controller<string> _ledger;
    private readonly List<IAsyncDisposable> _all;

    public ControllerLoops(ControllerContext context, ClusterState state)
    {
        _context = context;
        var (offers, stock) = (new OfferDesk(context.Cloud, context.Time), new StockBook());
        var observer = new BurstObserver(context, state, offers, stock);
        var answers = new PodAnswers(context, state);
        var burst = new BurstReconciler(context, state, observer, answers);
        _books = new Bookkeeper(context, state, offers);
        var accelerators = new AcceleratorReconciler(context, state);
        var pools = new PoolReconciler(context, state, offers, stock);
        var claims = new ClaimReconciler(context, state, offers, stock);
        _machines = new MachineWatch(context, state);
        var reclaim = new ReclaimReconciler(context, state, observer, burst, _machines);
        var consolidation = new ConsolidationReconciler(context, state, observer, burst);

        _pools = Loop<string>("pools", pools.ReconcileAsync);
        _claims = Loop<string>("claims", claims.ReconcileAsync);
        _burst = Loop<string>("burst", burst.ReconcileAsync);
        _answers = Loop<PodKey>("answers", answers.ReconcileAsync);
        _reclaim = Loop<string>("reclaim", reclaim.ReconcileAsync);
        _consolidation = Loop<string>("consolidation", consolidation.ReconcileAsync);
        _sweep = Loop<string>("machines", (_, token) => _machines.SweepAsync(WakeReclaim, token));
        _accelerators = Loop<string>("accelerators", accelerators.ReconcileAsync);
        _ledger = Loop<string>("ledger", (_, _) => _books.FlushAsync());
        _all = [_burst, _claims, _pools, _answers, _reclaim, _consolidation, _sweep, _accelerators, _ledger];
        answers.SendTo(_answers.Queue);
        foreach (var pool in state.Pools.List()) stock.Load(pool);
        WatchPods(state, answers);
        WatchNodes(state);
        WatchOwn(state, stock);
    }

    public void Start(int launchWorkers, int answerWorkers)
    {
        _pools.Start(1);
        _claims.Start(launchWorkers);
        _burst.Start(1);
        _answers.Start(answerWorkers);
        _reclaim.Start(1);
        _consolidation.Start(1);
        _sweep.Start(1);
        _accelerators.Start(1);
        _ledger.Start(1);
        WakeBurst();
        WakeReclaim();
        _sweep.Queue.Add(MachineWatch.Sweep);
    }

    /// <summary>Hears of interruptions until the end; a cloud that does not answer is asked again.</summary>
    public async Task FollowInterruptionsAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await _machines.FollowInterruptionsAsync(WakeReclaim, cancellationToken);
            }
            catch (Exception failure) when (failure is HttpRequestException or KubernetesStatusException or IOException)
            {
                _context.Logger.LogWarning(failure, "The cloud's notices stopped and are asked for again");
                await Task.Delay(TimeSpan.FromSeconds(5), _context.Time, cancellationToken);
            }
        }
    }

    /// <summary>Ends the loops; what is not yet written of the ledger is written.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var loop in _all) await loop.DisposeAsync();
        await _books.FlushAsync();
    }

    private Controller<TKey> Loop<TKey>(string name, Func<TKey, CancellationToken, Task<Reconciled>> reconcile)
        where TKey : notnull => new(name, _context.Time, _context.Logger, reconcile);

    private void WatchPods(ClusterState state, PodAnswers answers) => state.Pods.OnChange(change =>
    {
        _books.Note(change);
        _ledger.Queue.AddAfter(Bookkeeper.Everything, Bookkeeper.BatchWindow);
        var (pod, before) = (change.Current, change.Before);
        if (change.Kind == ChangeKind.Removed) answers.Forget(pod.Key, pod.Record.Uid);
        else if (pod.Record.IsBound && before is { Record.IsBound: false }) answers.Placed(pod);
        if (pod.Record.IsBound)
        {
            if (before is null || !before.Record.IsBound || change.Kind == ChangeKind.Removed || pod.Record.IsFinished)
            {
                _accelerators.Queue.Add(pod.Record.NodeName);
                WakeReclaim();
            }
        }

        // Room that is free again, or a pod that wants some. An annotation that we wrote ourselves is neither.
        var news = change.Kind != ChangeKind.Updated || before!.Record.IsBound != pod.Record.IsBound
            || before.IsPending != pod.IsPending || before.Record.IsFinished != pod.Record.IsFinished
            || !before.Record.Requirements.Equals(pod.Record.Requirements)
            || before.ToPending().Approved != pod.ToPending().Approved;
        if (news && (pod.IsPending || state.HasPending)) WakeBurst();
    });

    private void WatchNodes(ClusterState state) => state.Nodes.OnChange(change =>
    {
        _books.Note(change);
        _ledger.Queue.AddAfter(Bookkeeper.Everything, Bookkeeper.BatchWindow);
        var node = change.Current;
        _accelerators.Queue.Add(node.Name);
        if (change.Before is { } before && change.After is { } after && before.Record.Equals(after.Record)
            && before.Reachable == after.Reachable)
            return;
        if (node.Pool.Length > 0)
        {
            _claims.Queue.Add(node.Name);
            WakeReclaim();
        }

        if (state.HasPending) WakeBurst();
    });

    private void WatchOwn(ClusterState state, StockBook stock)
    {
        state.Claims.OnChange(change =>
        {
            _claims.Queue.Add(change.Key.Name);
            _pools.Queue.Add(change.Current.Pool);
            if (change.Kind == ChangeKind.Added) _sweep.Queue.AddAfter(MachineWatch.Sweep, TimeSpan.FromMinutes(1));
            WakeReclaim();

            // A claim that is gone without a node (no stock) leaves its pods to the next best offer; a claim that is
            // there may have filled a pool up.
            if (state.HasPending || change.Kind == ChangeKind.Removed) WakeBurst();
        });
        state.Pools.OnChange(change =>
        {
            _pools.Queue.Add(change.Key.Name);
            if (change.After is { } pool) stock.Load(pool);
            if (change.Before?.Spec is { } before && KubernetesJson.Same(before, change.After?.Spec)) return;
            WakeBurst();
            WakeReclaim();
        });
        state.Accelerators.OnChange(_ =>
        {
            foreach (var node in state.Nodes.List()) _accelerators.Queue.Add(node.Name);
            WakeBurst();
        });
    }

    private void WakeBurst() => _burst.Queue.AddAfter(BurstReconciler.Everything, BurstReconciler.BatchWindow);

    // What changes the work on rented nodes may also change which of them are needed, only not in such a hurry.
    private void WakeReclaim()
    {
        _reclaim.Queue.Add(ReclaimReconciler.Everything);
        if (_context.Model.Cluster.Policy.Consolidation.Mode != Core.ClusterFile.ConsolidationMode.Off)
            _consolidation.Queue.AddAfter(ReclaimReconciler.Everything, ConsolidationReconciler.Calm);
    }
}
