using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>Keeps one pod of each DaemonSet on every node it belongs to.</summary>
internal sealed partial class DaemonSets : IWorkloadController
{
    private readonly WorkloadContext _context;
    private readonly Informer<DaemonSet> _sets;
    private readonly Informer<Node> _nodes;
    private readonly EventRecorder _events;
    private readonly PodWriter _pods;
    private readonly Claiming<Pod> _claiming;
    private readonly Revisions _revisions;
    private readonly Controller<ObjectKey> _loop;

    public DaemonSets(WorkloadContext context)
    {
        _context = context;
        _sets = context.Informers.Get(Resources.DaemonSets);
        _nodes = context.Informers.Get(Resources.Nodes);
        _events = context.Recorder("daemonset-controller");
        _pods = new PodWriter(context, _events);
        _claiming = new Claiming<Pod>(context, Resources.Pods);
        _revisions = new Revisions(context);
        _loop = new Controller<ObjectKey>("daemonset", context.Time, context.Logger, ReconcileAsync);
    }

    public void Start()
    {
        _loop.Watch(_sets, static change => [change.Key]);
        _loop.Watch(_context.Pods, static change =>
            change.Current.Controller is { Kind: "DaemonSet" } owner
                ? [new ObjectKey(change.Key.Namespace, owner.Name)] : []);
        _loop.Watch(_nodes, change => Matters(change) ? _sets.List().Select(s => s.Key) : []);
        _loop.Need(_revisions.Source);
        _loop.Start(workers: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _events.DisposeAsync();
    }

    // Heartbeats in a node's status are many and change nothing here.
    private static bool Matters(InformerChange<Node> change) => change.Kind != ChangeKind.Updated
        || !KubernetesJson.Same(
            change.Before!.Json.At("metadata", "labels"), change.After!.Json.At("metadata", "labels"))
        || !KubernetesJson.Same(change.Before.Spec, change.After.Spec);

    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (!_sets.TryGet(key, out var set)) return Reconciled.Done;
        if (!_pods.Writes.AreSeen(key) || !_revisions.AreSeen(key)) return OwnWrites<Pod>.LookAgain;
        if (set.IsTerminating) return Reconciled.Done;
        if (await _revisions.CurrentAsync(Resources.DaemonSets, set, cancellationToken) is not { } revision)
            return Reconciled.Retry;
        var candidates =
            new Candidates<Pod>(_context.PodsByOwner.Find(set.Uid), _context.LoosePods.Find(key.Namespace));
        var claimed =
            await _claiming.ClaimAsync(Resources.DaemonSets, set, set.Selector, candidates, cancellationToken);
        var pass = new Pass(set, Revisions.HashOf(revision), claimed.Where(p => !_pods.Writes.IsDeleted(p)));
        foreach (var node in _nodes.List().OrderBy(n => n.Name, StringComparer.Ordinal)) Place(pass, node);
        await ActAsync(pass, cancellationToken);
        if (set.Json.Text("spec", "updateStrategy", "type") != "OnDelete") await RollAsync(pass, cancellationToken);
        var inUse =
            claimed.Select(p => p.Label(Revisions.HashLabel) ?? "").Append(pass.Hash).ToHashSet(StringComparer.Ordinal);
        await _revisions.TidyAsync(set, inUse, cancellationToken);
        if (!await WriteAsync(pass, cancellationToken)) return Reconciled.Retry;
        return Availability.NextLook(claimed, set.MinReadySeconds, _context.Now);
    }

    /// <summary>One pass over one set.</summary>
    private sealed class Pass
    {
        public Pass(DaemonSet set, string hash, IEnumerable<Pod> pods)
        {
            Set = set;
            Hash = hash;
            Sample = PodReader.Read(Template(set, hash).Json).Requirements;
            foreach (var pod in pods)
            {
                var node = TargetOf(pod);
                if (!ByNode.TryGetValue(node, out var there)) ByNode[node] = there = [];
                there.Add(pod);
            }
        }

        public DaemonSet Set { get; }

        public string Hash { get; }

        public PodRequirements Sample { get; }

        public Dictionary<string, List<Pod>> ByNode { get; } = new(StringComparer.Ordinal);

        /// <summary>Nodes that should have a pod, in order.</summary>
        public List<string> Wanted { get; } = [];

        public List<string> ToStart { get; } = [];

        public List<Pod> ToStop { get; } = [];

        public int Misplaced { get; set; }
    }

    private static void Place(Pass pass, Node node)
    {
        var fit = DaemonFit.Of(pass.Sample, NodeReader.Read(node.Json));
        pass.ByNode.TryGetValue(node.Name, out var pods);
        if (fit.ShouldRun)
        {
            pass.Wanted.Add(node.Name);
            if (pods is null)
            {
                pass.ToStart.Add(node.Name);
                return;
            }
        }

        if (pods is null) return;
        if (!fit.MayContinue)
        {
            pass.Misplaced++;
            pass.ToStop.AddRange(pods.Where(p => !p.IsTerminating));
            return;
        }

        // A failed daemon pod is replaced; of several the oldest stays.
        pass.ToStop.AddRange(pods.Where(p => p.IsFinished && !p.IsTerminating));
        var live = pods.Where(p => p.IsActive).OrderBy(p => p.NodeName.Length == 0).ThenBy(p => p.CreatedAt)
            .ThenBy(p => p.Name, StringComparer.Ordinal).ToList();
        pass.ToStop.AddRange(live.Skip(1));
        if (!fit.ShouldRun && live.Count > 0) pass.Misplaced++;
    }

    private async Task ActAsync(Pass pass, CancellationToken cancellationToken)
    {
        foreach (var pod in pass.ToStop) await _pods.DeleteAsync(pass.Set, pod, cancellationToken);
        foreach (var node in pass.ToStart)
            await _pods.CreateAsync(pass.Set, ForNode(Template(pass.Set, pass.Hash), node), cancellationToken);
    }

    private static Pod Template(DaemonSet set, string hash)
    {
        var pod = PodWriter.FromTemplate(Resources.DaemonSets, set, set.Template);
        pod.Metadata.Ensure("labels")[Revisions.HashLabel] = hash;
        var tolerations = pod.Json.Ensure("spec").EnsureArray("tolerations");
        foreach (var (key, effect) in Borne)
        {
            if (key == "node.kubernetes.io/network-unavailable" && pod.Json.Flag("spec", "hostNetwork") != true)
                continue;
            tolerations.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = effect });
        }

        return pod;
    }

    // What a daemon is there for: it stays on nodes that are in trouble.
    private static readonly (string Key, string Effect)[] Borne =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
        ("node.kubernetes.io/network-unavailable", "NoSchedule"),
    ];

    // The scheduler binds it, but can choose one node only: by name, in place of the template's own terms.
    private static Pod ForNode(Pod pod, string node)
    {
        var terms = new JsonArray(new JsonObject
        {
            ["matchFields"] = new JsonArray(new JsonObject
            {
                ["key"] = "metadata.name", ["operator"] = "In", ["values"] = new JsonArray(node),
            }),
        });
        pod.Json.Ensure("spec", "affinity", "nodeAffinity")["requiredDuringSchedulingIgnoredDuringExecution"] =
            new JsonObject { ["nodeSelectorTerms"] = terms };
        return pod;
    }

    /// <summary>The node a daemon pod is on or is meant for.</summary>
    private static string TargetOf(Pod pod)
    {
        if (pod.NodeName.Length > 0) return pod.NodeName;
        var required =
            pod.Json.At("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
        foreach (var term in required.ObjectsAt("nodeSelectorTerms"))
        {
            foreach (var field in term.ObjectsAt("matchFields"))
            {
                if (field.Text("key") == "metadata.name") return field.TextsAt("values").FirstOrDefault() ?? "";
            }
        }

        return "";
    }
}
