using Spillway.Core.Accelerators;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Ports;

namespace Spillway.Core.Burst;

/// <summary>
/// The cluster as it would be: the placement model inside a what-if, with nodes that do not exist yet. All of it is
/// taken back when the scene is disposed.
/// </summary>
internal sealed class Scene : IDisposable
{
    // No name in Kubernetes contains it, so a daemon that is only imagined meets no pod that is there.
    private const string OnNode = " on ";

    private const string NotReadyTaint = "node.kubernetes.io/not-ready";

    // A kubelet registers first and reports ready within seconds; two minutes leave room for a slow network plugin.
    private static readonly TimeSpan StartingFor = TimeSpan.FromMinutes(2);

    private readonly PlacementModel _model;
    private readonly IReadOnlyList<Accelerator> _accelerators;
    private readonly IReadOnlyList<PodRecord> _daemons;
    private readonly Stack<PlacementModel.WhatIf> _open = new();
    private readonly Dictionary<string, Offer> _offers = new(StringComparer.Ordinal);
    private int _next;

    public Scene(
        PlacementModel model, IReadOnlyList<Accelerator> accelerators, IReadOnlyList<PodRecord> daemons)
    {
        _daemons = daemons;
        _model = model;
        _accelerators = accelerators;
        Mark();
    }

    public void Dispose() => Rollback(0);

    /// <summary>Where <see cref="Rollback"/> comes back to.</summary>
    public int Mark()
    {
        _open.Push(_model.BeginWhatIf());
        return _open.Count - 1;
    }

    public void Rollback(int mark)
    {
        while (_open.Count > mark) _open.Pop().Dispose();
    }

    /// <summary>The engine's model, with what has been tried so far.</summary>
    public PlacementModel Model => _model;

    public bool HasDaemons => _daemons.Count > 0;

    /// <summary>What a new node of the offer has left for work once its daemons run.</summary>
    public ResourceAmounts RoomOn(Offer offer)
    {
        var mark = Mark();
        var room = _model.FreeOn(AddNode(offer));
        Rollback(mark);
        return room;
    }

    /// <summary>Takes a pod that was tried off its node.</summary>
    public void Forget(PodKey pod, string node)
    {
        if (_model.NodeOf(pod) == node) _model.Forget(pod);
    }

    public PodRecord? Find(PodKey pod) => _model.Pod(pod);

    public NodeRecord? Node(string name) => _model.Node(name);

    public IReadOnlyList<PodRecord> PodsOn(string node) => _model.PodsOn(node);

    public PlacementOutcome Place(PodKey pod) => _model.Place(pod);

    public IReadOnlyList<PlacementDecision> PlaceAll() => _model.PlaceAll();

    /// <summary>The team's own machines that take pods now, by name.</summary>
    public IEnumerable<string> OwnedNodes()
    {
        foreach (var node in _model.Nodes)
        {
            if (!node.IsRented && node.Ready && !_offers.ContainsKey(node.Name)) yield return node.Name;
        }
    }

    /// <summary>
    /// Counts nodes that are just starting as if they were up, and names them: a machine that registers, or whose taint
    /// has not followed its readiness yet, must not make pods rent another.
    /// </summary>
    public HashSet<string> CountStarting(DateTimeOffset now)
    {
        var starting = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in _model.Nodes)
        {
            if (!node.Taints.Any(taint => taint.Key == NotReadyTaint)) continue;
            if (!node.Ready && now - node.CreatedAt > StartingFor) continue;
            starting.Add(node.Name);
            _model.SetNode(node with
            {
                Ready = true,
                Taints = [.. node.Taints.Where(taint => taint.Key != NotReadyTaint)],
            });
        }

        return starting;
    }

    /// <summary>How many members of a gang are there, bound or pending.</summary>
    public int GangMembers(string ns, string gang) => _model.GangMembers(ns, gang);

    /// <summary>Adds a node of the offer under a name of its own.</summary>
    public string AddNode(Offer offer)
    {
        var name = $"{offer.Pool}-new-{_next++}";
        AddNode(offer, name);
        return name;
    }

    public void AddNode(Offer offer, string name)
    {
        _offers[name] = offer;
        _model.SetNode(OfferNodes.Node(offer, name));

        // What every node has to hold besides its work is taken off before the work is tried.
        foreach (var daemon in _daemons)
        {
            var pod = daemon with { Key = daemon.Key with { Name = $"{daemon.Key.Name}{OnNode}{name}" } };
            _model.SetPod(pod);
            if (_model.Fits(pod.Key, name)) _model.Assume(pod.Key, name);
            else _model.RemovePod(pod.Key);
        }
    }

    /// <summary>Takes the node away; pods that were tried on it are without a node again.</summary>
    public void RemoveNode(string name)
    {
        foreach (var pod in _model.PodsOn(name))
        {
            if (pod.Key.Name.EndsWith(OnNode + name, StringComparison.Ordinal)) _model.RemovePod(pod.Key);
            else _model.Forget(pod.Key);
        }

        _model.RemoveNode(name);
    }

    public void RemovePod(PodKey pod) => _model.RemovePod(pod);

    /// <summary>Brings back a node that was there, and pods that were on it.</summary>
    public void Restore(NodeRecord node, IEnumerable<PodRecord> pods)
    {
        _model.SetNode(node);
        foreach (var pod in pods) _model.SetPod(pod);
    }

    public void Cordon(string node) => _model.SetNode(_model.Node(node)! with { Unschedulable = true });

    public void Vacate(PodKey pod) => _model.Vacate(pod);

    public string? FindNode(PodKey pod) => _model.FindNode(pod);

    public string NodeOf(PodKey pod) => _model.NodeOf(pod);

    public bool HasFree(string node, ResourceAmounts amounts) => _model.HasFree(node, amounts);

    public void Assume(PodKey pod, string node)
    {
        _model.Assume(pod, node);
        ShareDevices(pod, node);
    }

    public bool FitsOn(PodKey pod, string node) => _model.Fits(pod, node);

    public bool TryPlaceOn(PodKey pod, string node)
    {
        if (!_model.Fits(pod, node)) return false;
        Assume(pod, node);
        return true;
    }

    /// <summary>Puts a gang's member on a node that has room; null when none has.</summary>
    public string? TryPlaceAlone(PodKey pod) => _model.AssumeAlone(pod);

    /// <summary>Why the node does not take the pod, as a clause; null when it does.</summary>
    public string? WhyNotOn(PodKey pod, string node)
    {
        if (_model.Fits(pod, node)) return null;
        var sentence = _model.WhyNot(pod, node).ToSentence();
        var help = sentence.IndexOf(" Would help:", StringComparison.Ordinal);
        sentence = (help > 0 ? sentence[..help] : sentence).TrimEnd('.');
        return sentence.Length == 0 ? $"{node} does not take it" : char.ToLowerInvariant(sentence[0]) + sentence[1..];
    }

    /// <summary>A quick no: true when the node, empty, has as much of everything as the pod asks for.</summary>
    public bool IsLargeEnough(PodKey pod, string node)
    {
        var (wanted, there) = (_model.Pod(pod)!.Requirements.Requests, _model.Node(node)!.Allocatable);
        foreach (var (resource, amount) in wanted)
        {
            if (there[resource] < amount) return false;
        }

        return true;
    }

    // Accelerators on the same devices exclude each other device by device: what one pod takes, the others lose. On
    // nodes that exist the Accelerators controller keeps the node's status right; here it is done for those that do not.
    private void ShareDevices(PodKey pod, string node)
    {
        if (!_offers.TryGetValue(node, out var offer) || offer.Template.Devices.Count == 0) return;
        if (!UsesDevices(_model.Pod(pod)!, offer)) return;
        var used = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var other in _model.PodsOn(node))
        {
            foreach (var (resource, amount) in other.Requirements.Requests)
                used[resource] = used.GetValueOrDefault(resource) + amount;
        }

        var record = _model.Node(node)!;
        var allocatable = record.Allocatable;
        foreach (var (resource, amount) in LogicalAccelerators.Allocatable(offer.Template.Devices, _accelerators, used))
            allocatable = allocatable.With(resource, amount);
        if (!allocatable.Equals(record.Allocatable)) _model.SetNode(record with { Allocatable = allocatable });
    }

    private bool UsesDevices(PodRecord pod, Offer offer)
    {
        foreach (var (resource, _) in pod.Requirements.Requests)
        {
            if (resource.StartsWith(Accelerator.ResourcePrefix, StringComparison.Ordinal)) return true;
            foreach (var accelerator in _accelerators)
            {
                if (accelerator.Resource == resource) return true;
            }

            foreach (var group in offer.Template.Devices)
            {
                if (group.Resource == resource) return true;
            }
        }

        return false;
    }
}
