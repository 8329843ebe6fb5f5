using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Keeps the numbered pods of StatefulSets, in order, each with its own claims.</summary>
internal sealed partial class StatefulSets : IWorkloadController
{
    public const string PodNameLabel = "statefulset.kubernetes.io/pod-name";
    public const string IndexLabel = "apps.kubernetes.io/pod-index";

    private readonly WorkloadContext _context;
    private readonly Informer<StatefulSet> _sets;
    private readonly Informer<PersistentVolumeClaim> _claims;
    private readonly EventRecorder _events;
    private readonly PodWriter _pods;
    private readonly Claiming<Pod> _claiming;
    private readonly Revisions _revisions;
    private readonly Controller<ObjectKey> _loop;

    public StatefulSets(WorkloadContext context)
    {
        _context = context;
        _sets = context.Informers.Get(Resources.StatefulSets);
        _claims = context.Informers.Get(Resources.PersistentVolumeClaims);
        _events = context.Recorder("statefulset-controller");
        _pods = new PodWriter(context, _events);
        _claiming = new Claiming<Pod>(context, Resources.Pods);
        _revisions = new Revisions(context);
        _loop = new Controller<ObjectKey>("statefulset", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_sets, static change => [change.Key]);
        _loop.Watch(_context.Pods, static change =>
            change.Current.Controller is { Kind: "StatefulSet" } owner
                ? [new ObjectKey(change.Key.Namespace, owner.Name)]
                : []);
        _loop.Need(_revisions.Source);
        _loop.Need(_claims);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_sets.TryGet(key, out var set)) return Reconciled.Done;
        if (!_pods.Writes.AreSeen(key) || !_revisions.AreSeen(key)) return OwnWrites<Pod>.LookAgain;
        if (await _revisions.CurrentAsync(Resources.StatefulSets, set, cancellationToken) is not { } update)
            return Reconciled.Retry;
        var owned = _context.PodsByOwner.Find(set.Uid);
        var loose = _context.LoosePods.Find(key.Namespace).Where(p => Ordinal(set, p) >= 0).ToList();
        var claimed = await _claiming.ClaimAsync(
            Resources.StatefulSets, set, set.Selector, new Candidates<Pod>(owned, loose), cancellationToken);
        var known = set.Json.Text("status", "currentRevision");
        var current = _revisions.Of(set).Find(r => r.Name == known) ?? update;
        var pass = new Pass(set, current, update, claimed.Where(p => !_pods.Writes.IsDeleted(p)));
        if (!set.IsTerminating) await AdvanceAsync(pass, cancellationToken);
        var inUse = claimed.Select(p => p.Label(Revisions.HashLabel) ?? "").Append(current.Name).Append(update.Name)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var revision in _revisions.Of(set).Where(r => inUse.Contains(r.Name)))
            inUse.Add(Revisions.HashOf(revision));
        await _revisions.TidyAsync(set, inUse, cancellationToken);
        if (!await WriteAsync(pass, cancellationToken)) return Reconciled.Retry;
        return Availability.NextLook(claimed, set.MinReadySeconds, _context.Now);
    }

    /// <summary>One pass over one set: its pods by ordinal, those beyond the wanted ones apart.</summary>
    private sealed class Pass
    {
        public Pass(StatefulSet set, ControllerRevision current, ControllerRevision update, IEnumerable<Pod> pods)
        {
            Set = set;
            Current = current;
            Update = update;
            First = set.Json.Integer("spec", "ordinals", "start") ?? 0;
            Last = First + set.Replicas - 1;
            foreach (var pod in pods)
            {
                var ordinal = Ordinal(set, pod);
                if (ordinal >= First && ordinal <= Last) Replicas[ordinal] = pod;
                else if (ordinal >= 0) Condemned.Add((ordinal, pod));
            }

            Condemned.Sort(static (l, r) => r.Ordinal.CompareTo(l.Ordinal));
        }

        public StatefulSet Set { get; }

        public ControllerRevision Current { get; }

        public ControllerRevision Update { get; }

        public int First { get; }

        public int Last { get; }

        public SortedDictionary<int, Pod> Replicas { get; } = [];

        /// <summary>Pods beyond the wanted number, highest first.</summary>
        public List<(int Ordinal, Pod Pod)> Condemned { get; } = [];

        public int Partition => Set.Json.Integer("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;

        /// <summary>The template a pod of this ordinal is made from now.</summary>
        public ControllerRevision RevisionOf(int ordinal) =>
            Set.Json.Text("spec", "updateStrategy", "type") != "OnDelete" && ordinal >= Partition ? Update : Current;

        public IEnumerable<Pod> All => Replicas.Values.Concat(Condemned.Select(c => c.Pod));
    }

    /// <summary>Goes one step (OrderedReady), or as many as there are (Parallel).</summary>
    private async Task AdvanceAsync(Pass pass, CancellationToken cancellationToken)
    {
        var ordered = !pass.Set.IsParallel;
        for (var ordinal = pass.First; ordinal <= pass.Last; ordinal++)
        {
            var there = pass.Replicas.GetValueOrDefault(ordinal);
            if (there is { IsFinished: true, IsTerminating: false })
            {
                await _pods.DeleteAsync(pass.Set, there, cancellationToken);
                if (ordered) return;
                continue;
            }

            if (there is null)
            {
                await CreateAsync(pass, ordinal, cancellationToken);
                if (ordered) return;
                continue;
            }

            if (ordered && !IsHealthy(pass, there)) return;
        }

        foreach (var (_, pod) in pass.Condemned)
        {
            if (pod.IsTerminating)
            {
                if (ordered) return;
                continue;
            }

            // The last to go is the first that waits: an unhealthy lower one holds it up.
            if (ordered && pass.All.Any(p => p != pod && !p.IsTerminating && !p.IsReady)) return;
            await _pods.DeleteAsync(pass.Set, pod, cancellationToken);
            if (ordered) return;
        }

        await RollAsync(pass, cancellationToken);
    }

    private async Task RollAsync(Pass pass, CancellationToken cancellationToken)
    {
        if (pass.Set.Json.Text("spec", "updateStrategy", "type") == "OnDelete") return;
        var field = pass.Set.Json.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable");
        var most = field is null ? 1 : Math.Max(1, IntOrPercent.Resolve(field, pass.Set.Replicas, roundUp: false));
        var unavailable = pass.Replicas.Values.Count(p => !IsHealthy(pass, p));
        foreach (var (ordinal, pod) in pass.Replicas.Reverse())
        {
            if (ordinal < pass.Partition || unavailable >= most) return;
            if (pod.Label(Revisions.HashLabel) == pass.Update.Name || pod.IsTerminating) continue;
            await _pods.DeleteAsync(pass.Set, pod, cancellationToken);
            unavailable++;
        }
    }

    private bool IsHealthy(Pass pass, Pod pod) =>
        !pod.IsTerminating && pod.Phase == "Running" && pod.IsAvailable(pass.Set.MinReadySeconds, _context.Now);

    /// <summary>The pod's number in the set, or -1.</summary>
    private static int Ordinal(StatefulSet set, Pod pod) =>
        pod.Name.StartsWith(set.Name + "-", StringComparison.Ordinal)
        && int.TryParse(pod.Name.AsSpan(set.Name.Length + 1), out var ordinal) && ordinal >= 0
            ? ordinal
            : -1;
}
