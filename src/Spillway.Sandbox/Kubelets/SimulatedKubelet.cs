using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>One node's side of the pods bound to it: what it has let in, what it has pulled, which addresses it gave.</summary>
internal sealed class SimulatedKubelet(SimulatedMachine machine, Cidr podCidr, Dice dice)
{
    // Seen pulls of common images on a home or cloud line: a fraction of a second from a near registry up to a few.
    private static readonly TimeSpan FastestPull = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan SlowestPull = TimeSpan.FromMilliseconds(900);

    private readonly Dictionary<ObjectKey, (PodRun Run, ResourceAmounts Requests)> _runs = [];
    private readonly HashSet<ObjectKey> _holding = [];
    private readonly Dictionary<string, long> _used = new(StringComparer.Ordinal);
    private readonly HashSet<string> _images = new(StringComparer.Ordinal);
    private readonly HashSet<string> _addresses = new(StringComparer.Ordinal);
    private int _nextAddress = 2;

    public SimulatedMachine Machine { get; } = machine;

    public Cidr PodCidr { get; } = podCidr;

    /// <summary>The node object's amounts as last read; null before.</summary>
    public ResourceAmounts? Allocatable { get; set; }

    public IEnumerable<PodRun> Runs => _runs.Values.Select(r => r.Run);

    public PodRun? Find(ObjectKey key) => _runs.TryGetValue(key, out var known) ? known.Run : null;

    /// <summary>
    /// What of the pod does not fit beside the pods that are here, in a kubelet's words; null when all fits. The scheduler
    /// decides first, with more knowledge; this catches one that decides wrongly.
    /// </summary>
    public (string Reason, string Message)? WhyNot(ResourceAmounts requests, ResourceAmounts allocatable)
    {
        var pods = allocatable[ResourceAmounts.Pods];
        if (_holding.Count + 1 > pods) return TooLittle(ResourceAmounts.Pods, 1, _holding.Count, pods);
        foreach (var (name, requested) in requests)
        {
            var used = _used.GetValueOrDefault(name);
            var capacity = allocatable[name];
            if (requested > 0 && used + requested > capacity) return TooLittle(name, requested, used, capacity);
        }
        return null;
    }

    /// <summary>Takes the run in; one that was refused takes nothing of the node.</summary>
    public void Admit(PodRun run, ResourceAmounts requests)
    {
        _runs.Add(run.Key, (run, requests));
        if (run.HasEnded) return;
        _holding.Add(run.Key);
        foreach (var (name, amount) in requests) _used[name] = _used.GetValueOrDefault(name) + amount;
        if (run.Ip.Length == 0) run.Ip = run.Script.HostNetwork ? Machine.InternalIp : NextAddress();
        else _addresses.Add(run.Ip);
    }

    /// <summary>The pod has ended: its resources and its address are free.</summary>
    public void Release(ObjectKey key)
    {
        if (!_holding.Remove(key)) return;
        var (run, requests) = _runs[key];
        foreach (var (name, amount) in requests) _used[name] -= amount;
        _addresses.Remove(run.Ip);
    }

    public void Drop(ObjectKey key)
    {
        Release(key);
        _runs.Remove(key);
    }

    /// <summary>How long until the image is there; the second pod of an image does not wait.</summary>
    public TimeSpan Pull(string image) =>
        _images.Add(image) ? dice.Between(FastestPull, SlowestPull, "pull", Machine.Name, image) : TimeSpan.Zero;

    // Goes round and takes the next free one, so that an address rests a while before it names another pod.
    private string NextAddress()
    {
        var size = (int)UInt128.Min(PodCidr.Size, 4096);
        for (var tries = 0; tries < size; tries++)
        {
            var address = PodCidr.AddressAt((UInt128)_nextAddress).ToString();
            _nextAddress = _nextAddress + 2 >= size ? Math.Min(2, size - 1) : _nextAddress + 1;
            if (_addresses.Add(address)) return address;
        }
        return "";
    }

    private static (string, string) TooLittle(string resource, long requested, long used, long capacity) =>
        ($"OutOf{resource}",
            $"Pod was rejected: Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, "
            + $"capacity: {capacity}");
}
