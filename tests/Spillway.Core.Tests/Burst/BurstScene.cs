using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Burst;

/// <summary>Builds what the burst planner sees, in the words of a cluster file.</summary>
internal sealed class BurstScene
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly PlacementModel _model = new();
    private readonly List<PendingPod> _pending = [];
    private readonly List<PoolState> _pools = [];
    private readonly List<ClaimState> _claims = [];
    private readonly List<StockOut> _stockOuts = [];
    private readonly List<Accelerator> _accelerators = [];
    private readonly Dictionary<PodKey, DateTimeOffset> _ends = [];
    private readonly Dictionary<string, Pool> _files = [];

    public DateTimeOffset Now { get; set; } = Noon;

    public BurstPolicy Policy { get; set; } = new() { WaitForOnPrem = TimeSpan.Zero };

    public SpendSoFar Spend { get; set; } = SpendSoFar.Nothing;

    public PlacementModel Model => _model;

    public List<PodRecord> Daemons { get; } = [];

    public BurstScene Accelerator(string name, params (string Device, int PerDevice)[] provides)
    {
        _accelerators.Add(new Accelerator
        {
            Name = name,
            Resource = ClusterFile.Accelerator.ResourcePrefix + name,
            Provides = [.. provides.Select(one => new AcceleratorProvider(one.Device, one.PerDevice))],
        });
        return this;
    }

    public BurstScene Machine(string name, string capacity, params (string Model, int Count)[] devices)
    {
        var machine = new Machine
        {
            Name = name,
            Capacity = Amounts(capacity),
            Devices = [.. devices.Select(one => new DeviceClaim(one.Model, one.Count))],
        };
        var template = NodeTemplates.ForMachine(machine, FileModel());
        _model.SetNode(new NodeRecord
        {
            Name = name,
            Labels = LabelMap.From(template.Labels).With(NodeLabels.Hostname, name),
            Allocatable = ResourceAmounts.FromQuantities(
                template.Allocatable.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString()))),
        });
        return this;
    }

    public BurstScene Pool(string name, string types, Func<Pool, Pool>? change = null)
    {
        var pool = new Pool
        {
            Name = name,
            Cloud = new PoolCloud.Simulated { Region = "us-east-1" },
            InstanceTypes = types.Split(' '),
            Max = 5,
        };
        if (change is not null) pool = change(pool);
        _files[name] = pool;
        var offers = PoolOffers.For(pool, FileModel()).Select(Ports.Offer.Of).ToList();
        offers.ShouldNotBeEmpty($"no offer for {types}");
        _pools.Add(new PoolState(name, pool.Min, pool.Max, offers) { Purchases = pool.PurchaseOptions });
        return this;
    }

    public BurstScene Change(string pool, Func<PoolState, PoolState> change)
    {
        var index = _pools.FindIndex(one => one.Name == pool);
        _pools[index] = change(_pools[index]);
        return this;
    }

    public Offer Offer(string pool, int index = 0) => _pools.First(one => one.Name == pool).Offers[index];

    public BurstScene Claim(string name, string pool, ClaimPhase phase)
    {
        var claim = new ClaimState(name, Offer(pool), phase, Now - TimeSpan.FromSeconds(30));
        _claims.Add(claim);
        if (phase is ClaimPhase.Ready or ClaimPhase.Draining)
            _model.SetNode(OfferNodes.Node(claim.Offer, name) with { Unschedulable = phase == ClaimPhase.Draining });
        return this;
    }

    public BurstScene StockOut(Offer offer, TimeSpan retryIn)
    {
        _stockOuts.Add(new StockOut(offer.Key, 1, Now + retryIn, "InsufficientInstanceCapacity"));
        return this;
    }

    /// <summary>A pod that waits for a node since <paramref name="since"/> ago.</summary>
    public BurstScene Pending(
        string name, string requests, TimeSpan since = default, Func<PodRequirements, PodRequirements>? change = null,
        Func<PendingPod, PendingPod>? pending = null)
    {
        var pod = Record(name, requests, change) with { CreatedAt = Now - since };
        _model.SetPod(pod);
        var waits = new PendingPod(pod.Key, Now - since);
        _pending.Add(pending is null ? waits : pending(waits));
        return this;
    }

    public BurstScene Running(string name, string requests, string node, TimeSpan? endsIn = null)
    {
        var pod = Record(name, requests, null) with { NodeName = node, Phase = PodPhase.Running };
        _model.SetPod(pod);
        if (endsIn is { } end) _ends[pod.Key] = Now + end;
        return this;
    }

    public BurstPlan Decide() => BurstPlanner.Decide(Policy, Observation(), Now);

    public BurstObservation Observation() => new()
    {
        Placement = _model,
        Pending = _pending,
        Pools = _pools,
        Claims = _claims,
        StockOuts = _stockOuts,
        Spend = Spend,
        Accelerators = _accelerators,
        ExpectedEnds = _ends,
        DaemonPods = Daemons,
    };

    public static PodRecord Record(string name, string requests, Func<PodRequirements, PodRequirements>? change)
    {
        var requirements = new PodRequirements
        {
            Requests = ResourceAmounts.FromQuantities(
                Amounts(requests).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString()))),
        };
        return new PodRecord
        {
            Key = new PodKey("default", name),
            Uid = $"uid-{name}",
            Labels = LabelMap.Of(("app", name.Split('-')[0])),
            Requirements = change is null ? requirements : change(requirements),
        };
    }

    private ClusterModel FileModel() => new(new Cluster { Name = "test", Pools = [.. _files.Values] }, _accelerators);

    /// <summary>Reads <c>cpu=4 memory=8Gi</c>.</summary>
    private static ResourceList Amounts(string text) => new(
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            var equals = part.IndexOf('=');
            Quantity.TryParse(part[(equals + 1)..], out var quantity).ShouldBeTrue(part);
            return KeyValuePair.Create(part[..equals], quantity);
        }));
}
