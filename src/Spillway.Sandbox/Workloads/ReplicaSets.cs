using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Keeps the number of pods that each ReplicaSet asks for.</summary>
internal sealed class ReplicaSets : IWorkloadController
{
    /// <summary>Pods created or deleted in one pass, as the real controller bounds it.</summary>
    private const int BurstReplicas = 500;

    private readonly WorkloadContext _context;
    private readonly Informer<ReplicaSet> _sets;
    private readonly EventRecorder _events;
    private readonly PodWriter _pods;
    private readonly Claiming<Pod> _claiming;
    private readonly Controller<ObjectKey> _loop;

    public ReplicaSets(WorkloadContext context)
    {
        _context = context;
        _sets = context.Informers.Get(Resources.ReplicaSets);
        _events = context.Recorder("replicaset-controller");
        _pods = new PodWriter(context, _events);
        _claiming = new Claiming<Pod>(context, Resources.Pods);
        _loop = new Controller<ObjectKey>("replicaset", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_sets, static change => [change.Key]);
        _loop.Watch(_context.Pods, Concerned);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private IEnumerable<ObjectKey> Concerned(InformerChange<Pod> change)
    {
        foreach (var pod in new[] { change.Before, change.After })
        {
            if (pod?.Controller is { Kind: "ReplicaSet" } owner) yield return new ObjectKey(pod.Namespace, owner.Name);
        }

        // A loose pod may match any set of its namespace.
        if (change.After is not { Controller: null } loose) yield break;
        foreach (var set in _sets.List())
        {
            if (set.Namespace == loose.Namespace && set.Selector.Matches(loose.Labels)) yield return set.Key;
        }
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_sets.TryGet(key, out var set)) return Reconciled.Done;
        if (!_pods.Writes.AreSeen(key)) return OwnWrites<Pod>.LookAgain;
        var candidates =
            new Candidates<Pod>(_context.PodsByOwner.Find(set.Uid), _context.LoosePods.Find(set.Namespace));
        var claimed =
            await _claiming.ClaimAsync(Resources.ReplicaSets, set, set.Selector, candidates, cancellationToken);
        var active = claimed.Where(p => p.IsActive && !_pods.Writes.IsDeleted(p)).ToList();
        KubernetesStatusException? failure = null;
        if (!set.IsTerminating)
        {
            try
            {
                await ScaleAsync(set, active, cancellationToken);
            }
            catch (KubernetesStatusException refused)
            {
                failure = refused;
            }
        }

        var status = Status(set, claimed, active, failure);
        if (await WriteAsync(set, status, cancellationToken) is WriteResult<ReplicaSet>.Conflict)
            return Reconciled.Retry;
        if (failure is not null) return Reconciled.Retry;
        return Availability.NextLook(active, set.MinReadySeconds, _context.Now);
    }

    private async Task ScaleAsync(ReplicaSet set, List<Pod> active, CancellationToken cancellationToken)
    {
        var missing = set.Replicas - active.Count;
        for (var i = 0; i < Math.Min(missing, BurstReplicas); i++)
        {
            var wanted = PodWriter.FromTemplate(Resources.ReplicaSets, set, set.Template);
            await _pods.CreateAsync(set, wanted, cancellationToken);
        }

        if (missing >= 0) return;
        var perNode = active.GroupBy(p => p.NodeName).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        var victims = active.ToList();
        victims.Sort((l, r) => PodRanking.Compare(l, r, p => perNode[p.NodeName]));
        foreach (var victim in victims.Take(Math.Min(-missing, BurstReplicas)))
            await _pods.DeleteAsync(set, victim, cancellationToken);
    }

    private JsonObject Status(ReplicaSet set, List<Pod> claimed, List<Pod> active, KubernetesStatusException? failure)
    {
        var template = LabelSelector.OfLabels(set.Template.MapAt("metadata", "labels"));
        var now = _context.Now;
        var status = set.Status?.Copied() ?? [];
        status["replicas"] = active.Count;
        Count(status, "fullyLabeledReplicas", active.Count(p => template.Matches(p.Labels)));
        Count(status, "readyReplicas", active.Count(p => p.IsReady));
        Count(status, "availableReplicas", active.Count(p => p.IsAvailable(set.MinReadySeconds, now)));
        status["terminatingReplicas"] = claimed.Count(p => p.IsTerminating && !p.IsFinished);
        status["observedGeneration"] = set.Generation;
        var conditions = status.EnsureArray("conditions");
        if (failure is not null)
            Condition.Set(
                conditions, new ConditionState("ReplicaFailure", "True", "FailedCreate", failure.Status.Message), now);
        else
            RemoveFailure(conditions);
        if (conditions.Count == 0) status.Remove("conditions");
        return status;
    }

    private static void RemoveFailure(JsonArray conditions)
    {
        for (var i = conditions.Count - 1; i >= 0; i--)
        {
            if (conditions[i].Text("type") == "ReplicaFailure") conditions.RemoveAt(i);
        }
    }

    // Zero counts are left out on the wire, as the Go types leave them out.
    private static void Count(JsonObject status, string field, int count)
    {
        if (count > 0) status[field] = count;
        else status.Remove(field);
    }

    private async Task<WriteResult<ReplicaSet>?> WriteAsync(
        ReplicaSet set, JsonObject status, CancellationToken cancellationToken)
    {
        if (KubernetesJson.Same(set.Status, status)) return null;
        var changed = Resources.ReplicaSets.Copy(set);
        changed.Json["status"] = status;
        return await _context.Client.UpdateAsync(
            Resources.ReplicaSets, changed, WriteOptions.OnStatus, cancellationToken);
    }
}

/// <summary>When pods that are ready become available.</summary>
internal static class Availability
{
    /// <summary>Looks again when the next ready pod has been so for long enough.</summary>
    public static Reconciled NextLook(IEnumerable<Pod> pods, int minReadySeconds, DateTimeOffset now)
    {
        if (minReadySeconds == 0) return Reconciled.Done;
        var next = TimeSpan.MaxValue;
        foreach (var pod in pods)
        {
            if (pod.ReadySince is not { } since) continue;
            var left = since.AddSeconds(minReadySeconds) - now;
            if (left > TimeSpan.Zero && left < next) next = left;
        }

        return next == TimeSpan.MaxValue ? Reconciled.Done : Reconciled.After(next);
    }
}
