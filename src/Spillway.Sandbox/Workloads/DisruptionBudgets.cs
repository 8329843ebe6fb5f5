using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Keeps each PodDisruptionBudget's status: how many more pods evictions may take now.</summary>
internal sealed class DisruptionBudgets : IWorkloadController
{
    /// <summary>An eviction that was granted but whose pod is still there counts against the budget this long.</summary>
    private static readonly TimeSpan EvictionHolds = TimeSpan.FromMinutes(2);

    private readonly WorkloadContext _context;
    private readonly Informer<PodDisruptionBudget> _budgets;
    private readonly Informer<ReplicaSet> _sets;
    private readonly Informer<Deployment> _deployments;
    private readonly Informer<StatefulSet> _statefulSets;
    private readonly EventRecorder _events;
    private readonly Controller<ObjectKey> _loop;

    public DisruptionBudgets(WorkloadContext context)
    {
        _context = context;
        _budgets = context.Informers.Get(Resources.PodDisruptionBudgets);
        _sets = context.Informers.Get(Resources.ReplicaSets);
        _deployments = context.Informers.Get(Resources.Deployments);
        _statefulSets = context.Informers.Get(Resources.StatefulSets);
        _events = context.Recorder("controllermanager");
        _loop = new Controller<ObjectKey>("disruption", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_budgets, static change => change.Kind == ChangeKind.Removed ? [] : [change.Key]);
        _loop.Watch(_context.Pods, Concerned);
        _loop.Watch(_sets, change => InNamespace(change.Key.Namespace));
        _loop.Watch(_deployments, change => InNamespace(change.Key.Namespace));
        _loop.Watch(_statefulSets, change => InNamespace(change.Key.Namespace));
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private List<ObjectKey> InNamespace(string ns) =>
        [.. _budgets.List().Where(b => b.Namespace == ns).Select(b => b.Key)];

    private IEnumerable<ObjectKey> Concerned(InformerChange<Pod> change)
    {
        foreach (var budget in _budgets.List())
        {
            if (budget.Namespace != change.Key.Namespace) continue;
            if (budget.Selector.Matches(change.Current.Labels)
                || (change.Before is { } before && budget.Selector.Matches(before.Labels)))
                yield return budget.Key;
        }
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_budgets.TryGet(key, out var budget) || budget.IsTerminating) return Reconciled.Done;
        var pods = _context.Pods.List()
            .Where(p => p.Namespace == key.Namespace && !p.IsFinished && budget.Selector.Matches(p.Labels)).ToList();
        var need = Need(budget, pods);
        var disrupted = StillDisrupted(budget, pods, out var next);
        var healthy = pods.Count(p => p.IsReady && !p.IsTerminating && !disrupted.ContainsKey(p.Name));
        var allowed = need.Failure is null ? Math.Max(0, healthy - need.Desired) : 0;
        if (need.Expected <= 0) allowed = 0;
        var status = budget.Status?.Copied() ?? [];
        status["currentHealthy"] = healthy;
        status["desiredHealthy"] = need.Desired;
        status["expectedPods"] = need.Expected;
        status["disruptionsAllowed"] = allowed;
        status["observedGeneration"] = budget.Generation;
        status.Remove("disruptedPods");
        if (disrupted.Count > 0) status["disruptedPods"] = disrupted;
        SetCondition(budget, status, allowed, need.Failure);
        if (!KubernetesJson.Same(budget.Status, status))
        {
            var changed = Resources.PodDisruptionBudgets.Copy(budget);
            changed.Json["status"] = status;
            var result = await _context.Client.UpdateAsync(
                Resources.PodDisruptionBudgets, changed, WriteOptions.OnStatus, cancellationToken);
            if (result is WriteResult<PodDisruptionBudget>.Conflict) return Reconciled.Retry;
        }

        return next > TimeSpan.Zero ? Reconciled.After(next) : Reconciled.Done;
    }

    private sealed record Wanted(int Expected, int Desired, string? Failure);

    private Wanted Need(PodDisruptionBudget budget, List<Pod> pods)
    {
        var most = budget.Json.At("spec", "maxUnavailable");
        var least = budget.Json.At("spec", "minAvailable");
        if (most is null && !IntOrPercent.IsPercent(least))
            return new Wanted(pods.Count, IntOrPercent.Resolve(least, pods.Count, roundUp: true), Failure: null);
        var expected = 0;
        var counted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            if (pod.Controller is not { } owner)
                return new Wanted(0, 0, $"found no controllers for pod \"{pod.Name}\"");
            if (Scale(pod.Namespace, owner) is not { } scale)
                return new Wanted(0, 0, $"found no scale of {owner.Kind} \"{owner.Name}\" for pod \"{pod.Name}\"");
            if (counted.Add(scale.Uid)) expected += scale.Replicas;
        }

        var desired = most is null
            ? IntOrPercent.Resolve(least, expected, roundUp: true)
            : Math.Max(0, expected - IntOrPercent.Resolve(most, expected, roundUp: true));
        return new Wanted(expected, desired, Failure: null);
    }

    private (string Uid, int Replicas)? Scale(string ns, OwnerReference owner)
    {
        var key = new ObjectKey(ns, owner.Name);
        if (owner.Kind == "StatefulSet" && _statefulSets.TryGet(key, out var stateful))
            return (stateful.Uid, stateful.Replicas);
        if (owner.Kind != "ReplicaSet" || !_sets.TryGet(key, out var set)) return null;
        if (set.Controller is { Kind: "Deployment" } above
            && _deployments.TryGet(new ObjectKey(ns, above.Name), out var deployment))
            return (deployment.Uid, deployment.Replicas);
        return (set.Uid, set.Replicas);
    }

    private JsonObject StillDisrupted(PodDisruptionBudget budget, List<Pod> pods, out TimeSpan next)
    {
        next = TimeSpan.Zero;
        var still = new JsonObject();
        foreach (var (name, value) in budget.Status.ObjectAt("disruptedPods") ?? [])
        {
            var pod = pods.Find(p => p.Name == name);
            if (pod is null || pod.IsTerminating
                || new JsonObject { ["at"] = value?.DeepClone() }.Time("at") is not { } at) continue;
            var left = at + EvictionHolds - _context.Now;
            if (left <= TimeSpan.Zero) continue;
            still[name] = value!.DeepClone();
            if (next == TimeSpan.Zero || left < next) next = left;
        }

        return still;
    }

    private void SetCondition(PodDisruptionBudget budget, JsonObject status, int allowed, string? failure)
    {
        var state = failure is not null
            ? new ConditionState("DisruptionAllowed", "False", "SyncFailed", failure)
            : allowed > 0
                ? new ConditionState("DisruptionAllowed", "True", "SufficientPods")
                : new ConditionState("DisruptionAllowed", "False", "InsufficientPods");
        var conditions = status.EnsureArray("conditions");
        Condition.Set(conditions, state, _context.Now);
        foreach (var condition in conditions.OfType<JsonObject>())
        {
            condition["observedGeneration"] = budget.Generation;
            condition["message"] ??= "";
        }

        if (failure is not null)
            _events.Record(budget, "Warning", "CalculateExpectedPodCountFailed",
                $"Failed to calculate the number of expected pods: {failure}");
    }
}
