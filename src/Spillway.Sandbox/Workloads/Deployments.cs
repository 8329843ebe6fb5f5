using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Rolls Deployments out over ReplicaSets.</summary>
internal sealed partial class Deployments : IWorkloadController
{
    private readonly WorkloadContext _context;
    private readonly Informer<Deployment> _deployments;
    private readonly Informer<ReplicaSet> _sets;
    private readonly InformerIndex<ReplicaSet> _setsByOwner;
    private readonly InformerIndex<ReplicaSet> _looseSets;
    private readonly OwnWrites<ReplicaSet> _writes;
    private readonly Claiming<ReplicaSet> _claiming;
    private readonly EventRecorder _events;
    private readonly Controller<ObjectKey> _loop;

    public Deployments(WorkloadContext context)
    {
        _context = context;
        _deployments = context.Informers.Get(Resources.Deployments);
        _sets = context.Informers.Get(Resources.ReplicaSets);
        _setsByOwner = _sets.AddIndex(WorkloadContext.OwnerUid);
        _looseSets = _sets.AddIndex(static s => s.Controller is null ? [s.Namespace] : []);
        _writes = new OwnWrites<ReplicaSet>(_sets);
        _claiming = new Claiming<ReplicaSet>(context, Resources.ReplicaSets);
        _events = context.Recorder("deployment-controller");
        _loop = new Controller<ObjectKey>("deployment", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_deployments, static change => [change.Key]);
        _loop.Watch(_sets, Concerned);
        _loop.Watch(_context.Pods, LastPodGone);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private IEnumerable<ObjectKey> Concerned(InformerChange<ReplicaSet> change)
    {
        foreach (var set in new[] { change.Before, change.After })
        {
            if (set?.Controller is { Kind: "Deployment" } owner) yield return new ObjectKey(set.Namespace, owner.Name);
        }

        if (change.After is not { Controller: null } loose) yield break;
        foreach (var deployment in _deployments.List())
        {
            if (deployment.Namespace == loose.Namespace && deployment.Selector.Matches(loose.Labels))
                yield return deployment.Key;
        }
    }

    // Recreate starts the new pods only when the old ones are really gone, which no ReplicaSet's change tells.
    private IEnumerable<ObjectKey> LastPodGone(InformerChange<Pod> change)
    {
        if (change.Kind != ChangeKind.Removed || change.Current.Controller is not { Kind: "ReplicaSet" } owner)
            yield break;
        var set = _sets.Get(new ObjectKey(change.Key.Namespace, owner.Name));
        if (set?.Controller is { Kind: "Deployment" } deployment)
            yield return new ObjectKey(change.Key.Namespace, deployment.Name);
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_deployments.TryGet(key, out var deployment)) return Reconciled.Done;
        if (!_writes.AreSeen(key)) return OwnWrites<ReplicaSet>.LookAgain;
        if (deployment.Selector.IsEverything) return Reconciled.Done;
        var pass = new Pass(deployment);
        var candidates = new Candidates<ReplicaSet>(_setsByOwner.Find(deployment.Uid), _looseSets.Find(key.Namespace));
        var sets = await _claiming.ClaimAsync(
            Resources.Deployments, deployment, deployment.Selector, candidates, cancellationToken);
        pass.Take(sets);
        if (!deployment.IsTerminating && !await RollAsync(pass, cancellationToken)) return Reconciled.Retry;
        return await FinishAsync(pass, cancellationToken);
    }

    /// <summary>One pass over a deployment; the sets in it are replaced as they are written.</summary>
    private sealed class Pass(Deployment deployment)
    {
        public Deployment Deployment { get; set; } = deployment;

        public ReplicaSet? New { get; set; }

        public List<ReplicaSet> Old { get; private set; } = [];

        public int Collisions { get; set; } = deployment.Json.Integer("status", "collisionCount") ?? 0;

        public DeploymentStatus.Progress? Progress { get; set; }

        public DeploymentView View => new(Deployment, New, Old);

        public void Take(List<ReplicaSet> sets)
        {
            sets.Sort((l, r) =>
            {
                var order = Nullable.Compare(l.CreatedAt, r.CreatedAt);
                if (order == 0) order = DeploymentRevisions.Of(l).CompareTo(DeploymentRevisions.Of(r));
                return order == 0 ? string.CompareOrdinal(l.Name, r.Name) : order;
            });
            New = sets.Find(s => TemplateHash.SameTemplate(s.Template, Deployment.Template));
            Old = sets.FindAll(s => s.Uid != New?.Uid);
        }
    }

    private async Task<bool> RollAsync(Pass pass, CancellationToken cancellationToken)
    {
        NotePause(pass);
        var creates = !pass.Deployment.IsPaused;
        if (pass.Deployment.Strategy == "Recreate" && creates && pass.New is null && HasOldPods(pass)) creates = false;
        if (!await EnsureNewAsync(pass, creates, cancellationToken)) return false;
        if (pass.Deployment.IsPaused || WasRescaled(pass)) return await ScaleAsync(pass, cancellationToken);
        return pass.Deployment.Strategy == "Recreate"
            ? await RecreateAsync(pass, cancellationToken)
            : await RollingAsync(pass, cancellationToken);
    }

    private void NotePause(Pass pass)
    {
        var reason = pass.Deployment.FindCondition("Progressing")?.Reason;
        if (reason == "ProgressDeadlineExceeded") return;
        if (pass.Deployment.IsPaused && reason != "DeploymentPaused")
            pass.Progress = new DeploymentStatus.Progress("DeploymentPaused", "Deployment is paused");
        else if (!pass.Deployment.IsPaused && reason == "DeploymentPaused")
            pass.Progress = new DeploymentStatus.Progress("DeploymentResumed", "Deployment is resumed");
    }

    /// <summary>Sees that the newest set exists and carries the next revision. False to look again with fresh state.</summary>
    private async Task<bool> EnsureNewAsync(Pass pass, bool creates, CancellationToken cancellationToken)
    {
        var revision = pass.Old.Select(DeploymentRevisions.Of).DefaultIfEmpty(0).Max() + 1;
        if (pass.New is null)
        {
            if (!creates) return true;
            if (!await CreateNewAsync(pass, revision, cancellationToken)) return false;
        }
        else
        {
            var described = Resources.ReplicaSets.Copy(pass.New);
            var changed = DeploymentRevisions.Describe(described, pass.Deployment, revision);
            if (described.MinReadySeconds != pass.Deployment.MinReadySeconds)
            {
                described.Json.Ensure("spec")["minReadySeconds"] = pass.Deployment.MinReadySeconds;
                changed = true;
            }

            if (changed && !await StoreAsync(pass, described, cancellationToken)) return false;
            if (pass.Deployment.FindCondition("Progressing") is null)
            {
                pass.Progress ??= new DeploymentStatus.Progress(
                    "FoundNewReplicaSet", $"Found new replica set \"{pass.New.Name}\"");
            }
        }

        return await WriteRevisionAsync(pass, cancellationToken);
    }

    private async Task<bool> CreateNewAsync(Pass pass, long revision, CancellationToken cancellationToken)
    {
        var deployment = pass.Deployment;
        var set = DeploymentRevisions.NewSet(deployment, TemplateHash.Of(deployment.Template, pass.Collisions));
        var replicas = RolloutMath.NewReplicas(deployment, pass.View.AllReplicas, newReplicas: 0);
        set.Json.Ensure("spec")["replicas"] = replicas;
        DeploymentRevisions.Describe(set, deployment, revision);
        DeploymentRevisions.NoteScale(set, deployment);
        var result = await _context.Client.CreateAsync(Resources.ReplicaSets, set, cancellationToken);
        if (result is WriteResult<ReplicaSet>.AlreadyExists)
            return await ResolveCollisionAsync(pass, set, cancellationToken);
        if (result.Value is not { } created) return false;
        _writes.Wrote(deployment.Key, created);
        pass.New = created;
        pass.Progress =
            new DeploymentStatus.Progress("NewReplicaSetCreated", $"Created new replica set \"{created.Name}\"");
        if (replicas > 0) Tell(deployment, created.Name, before: 0, replicas);
        return true;
    }

    // Ours with the same template: the store was behind. Anything else has taken the name, so the next hash is counted on.
    private async Task<bool> ResolveCollisionAsync(Pass pass, ReplicaSet wanted, CancellationToken cancellationToken)
    {
        var there = await _context.Client.GetAsync(Resources.ReplicaSets, wanted.Key, cancellationToken);
        if (there?.Controller?.Uid == pass.Deployment.Uid
            && TemplateHash.SameTemplate(there.Template, pass.Deployment.Template))
            return false;
        pass.Collisions++;
        await FinishAsync(pass, cancellationToken);
        return false;
    }

    private async Task<bool> WriteRevisionAsync(Pass pass, CancellationToken cancellationToken)
    {
        if (pass.New is null) return true;
        var revision = pass.New.Annotation(DeploymentRevisions.Revision);
        if (revision is null || pass.Deployment.Annotation(DeploymentRevisions.Revision) == revision) return true;
        var annotations = new JsonObject { [DeploymentRevisions.Revision] = revision };
        var change = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } };
        // Through the status, as kube-controller-manager does: the annotation belongs to whoever writes that.
        var result = await _context.Client.PatchAsync(Resources.Deployments, pass.Deployment.Key,
            KubernetesPatch.Merge(change), WriteOptions.OnStatus, cancellationToken);
        if (result.Value is not { } stored) return false;
        pass.Deployment = stored;
        return true;
    }

    private async Task<Reconciled> FinishAsync(Pass pass, CancellationToken cancellationToken)
    {
        var now = _context.Now;
        var status = DeploymentStatus.Work(pass.View, pass.Collisions, pass.Progress, now);
        var deployment = pass.Deployment;
        if (!KubernetesJson.Same(deployment.Status, status))
        {
            var changed = Resources.Deployments.Copy(deployment);
            changed.Json["status"] = status;
            var result = await _context.Client.UpdateAsync(
                Resources.Deployments, changed, WriteOptions.OnStatus, cancellationToken);
            if (result is WriteResult<Deployment>.Conflict) return Reconciled.Retry;
        }

        if (DeploymentStatus.Deadline(deployment, status) is not { } deadline) return Reconciled.Done;
        return Reconciled.After(deadline > now ? deadline - now : TimeSpan.FromSeconds(1));
    }

    private void Tell(Deployment deployment, string set, int before, int after)
    {
        var way = after > before ? "up" : "down";
        _events.Record(
            deployment, "Normal", "ScalingReplicaSet", $"Scaled {way} replica set {set} from {before} to {after}");
    }
}
