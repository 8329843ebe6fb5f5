using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>
/// All simulated kubelets of a cluster: one watch on pods, one loop that works off what is due, one timer for the
/// heartbeats, however many nodes there are.
/// </summary>
public sealed partial class KubeletFleet : IAsyncDisposable
{
    /// <summary>Status writes under way at one time: enough for a store that commits in groups to fill a group.</summary>
    private const int Workers = 16;

    private readonly KubernetesClient _client;
    private readonly TimeProvider _time;
    private readonly KubeletSettings _settings;
    private readonly ILogger _logger;
    private readonly PodRanges _ranges;
    private readonly Heartbeats _heartbeats;
    private readonly InformerSet _informers;
    private readonly Informer<KubeletPod> _pods;
    private readonly InformerIndex<KubeletPod> _podsByNode;
    private readonly Controller<ObjectKey> _loop;
    private readonly PodStories? _stories;
    private readonly Dictionary<string, SimulatedKubelet> _kubelets = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, SimulatedKubelet> _whereRun = [];

    /// <param name="nodesExpected">How many nodes there may be, to deal out the pod network.</param>
    public KubeletFleet(
        KubernetesClient client, TimeProvider time, KubeletSettings settings, int nodesExpected, ILogger logger)
    {
        _client = client;
        _time = time;
        _settings = settings;
        _logger = logger;
        _ranges = new PodRanges(settings.PodCidr, nodesExpected);
        _heartbeats = new Heartbeats(client, time, settings.Heartbeat, logger);
        _informers = InformerSet.InProcess(client, time, new Random((int)settings.Seed), logger);
        _pods = _informers.Get(Resources.Pods, KubeletPod.Decode);
        _podsByNode = _pods.AddIndex(static p => p.NodeName.Length > 0 ? [p.NodeName] : []);
        _stories = settings.Events ? new PodStories(new EventRecorder(client, "kubelet", time, logger)) : null;
        _loop = new Controller<ObjectKey>("kubelets", time, logger, ReconcileAsync);
        _loop.Watch(_pods, Concerned);
    }

    /// <summary>Nodes whose machine runs, in the order in which they joined.</summary>
    public IReadOnlyCollection<string> Nodes => _kubelets.Keys;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await foreach (var node in _client.ListAllAsync(Resources.Nodes, ListQuery.All, cancellationToken))
        {
            if (node.Json.Text("spec", "podCIDR") is { } range) _ranges.Take(range);
        }
        _informers.Start();
        _heartbeats.Start();
        await _pods.Synced.WaitAsync(cancellationToken);
        _loop.Start(Workers);
    }

    /// <summary>
    /// The machine's kubelet starts: it registers its node, or takes up the one it had, and runs what is bound to it.
    /// </summary>
    public async Task JoinAsync(SimulatedMachine machine, CancellationToken cancellationToken)
    {
        var node = await RegisterAsync(machine, cancellationToken);
        var range = Cidr.TryParse(node.Json.Text("spec", "podCIDR"), out var known) ? known : _settings.PodCidr;
        _kubelets[machine.Name] = new SimulatedKubelet(machine, range, new Dice(_settings.Seed));
        await _heartbeats.AddAsync(machine.Name, node.Uid, cancellationToken);
        foreach (var pod in _podsByNode.Find(machine.Name))
        {
            if (pod.Whole is { } whole) _loop.Queue.Add(whole.Key);
        }
        LogJoined(_logger, machine.Name);
    }

    /// <summary>The machine is gone: its containers with it, and nobody writes for it any more.</summary>
    public void Leave(string node)
    {
        if (!_kubelets.Remove(node, out var kubelet)) return;
        _heartbeats.Remove(node);
        foreach (var run in kubelet.Runs) _whereRun.Remove(run.Key);
        _ranges.Free(kubelet.PodCidr);
        LogLeft(_logger, node);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        if (_stories is not null) await _stories.DisposeAsync();
        await _heartbeats.DisposeAsync();
        await _informers.DisposeAsync();
    }

    internal SimulatedKubelet? Find(string node) => _kubelets.GetValueOrDefault(node);

    private async Task<Node> RegisterAsync(SimulatedMachine machine, CancellationToken cancellationToken)
    {
        var range = _ranges.Next();
        var wanted = NodeJson.Write(machine, range.ToString(), _settings, _time.GetUtcNow());
        var made = await _client.CreateAsync(Resources.Nodes, wanted, cancellationToken);
        var status = KubernetesPatch.Strategic(new JsonObject { ["status"] = wanted.Status?.Copied() });
        if (made is WriteResult<Node>.AlreadyExists)
        {
            // A kubelet that starts again: labels and taints that others have put on the node since stay.
            _ranges.Free(range);
            var labels = new JsonObject { ["labels"] = NodeJson.Labels(machine) };
            var change = KubernetesPatch.Strategic(new JsonObject { ["metadata"] = labels });
            await _client.PatchAsync(Resources.Nodes, wanted.Key, change, cancellationToken);
        }
        var patched = await _client.PatchAsync(Resources.Nodes, wanted.Key, status, WriteOptions.OnStatus,
            cancellationToken);
        return await ShowReadyAsync(patched.OrThrow(), cancellationToken);
    }

    // Admission taints every new node as not ready. The node lifecycle controller lifts that in its next pass; the fleet
    // need not wait for it, since its nodes are ready when they register.
    private async Task<Node> ShowReadyAsync(Node node, CancellationToken cancellationToken)
    {
        var taints = node.Json.ObjectsAt("spec", "taints").ToList();
        if (!taints.Exists(IsNotReady)) return node;
        var others = new JsonArray([.. taints.Where(t => !IsNotReady(t)).Select(t => (JsonNode)t.Copied())]);
        var change = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.ResourceVersion },
            ["spec"] = new JsonObject { ["taints"] = others },
        };
        var shown = await _client.PatchAsync(Resources.Nodes, node.Key, KubernetesPatch.Merge(change),
            cancellationToken);
        return shown.Value ?? node;

        static bool IsNotReady(JsonObject taint) => taint.Text("key") == "node.kubernetes.io/not-ready";
    }

    private IEnumerable<ObjectKey> Concerned(InformerChange<KubeletPod> change)
    {
        var concerned = change.After?.Whole is { } pod
            ? _kubelets.ContainsKey(pod.NodeName)
            : _whereRun.ContainsKey(change.Key);
        return concerned ? [change.Key] : [];
    }

    [LoggerMessage(202, LogLevel.Information, "Node {Node} joined")]
    private static partial void LogJoined(ILogger logger, string node);

    [LoggerMessage(203, LogLevel.Information, "The machine of node {Node} is gone")]
    private static partial void LogLeft(ILogger logger, string node);
}
