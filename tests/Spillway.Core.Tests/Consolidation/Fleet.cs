using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Consolidation;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Consolidation;

/// <summary>Rented nodes with pods of Deployments on them, as the consolidation planner sees them.</summary>
internal sealed class Fleet
{
    public static readonly DateTimeOffset Now = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly List<ClaimState> _claims = [];
    private readonly List<Offer> _offers = [];
    private readonly List<PendingPod> _pending = [];

    public PlacementModel Model { get; private set; } = new();

    public ConsolidationPolicy Policy { get; set; } = new() { Mode = ConsolidationMode.Auto };

    public BurstPolicy Burst { get; set; } = new();

    public int Min { get; set; }

    public List<DisruptionBudgetRecord> Budgets { get; } = [];

    public Dictionary<string, NodeHistory> Histories { get; } = [];

    public Dictionary<PodKey, DateTimeOffset> Ends { get; } = [];

    public IReadOnlyList<ClaimState> Claims => _claims;

    /// <summary>An instance type of the one pool: so many CPUs, 4 GiB each, at so many dollars an hour.</summary>
    public Fleet Type(string name, int cpus, decimal price, string zone = "")
    {
        var room = new ResourceList(new Dictionary<string, string>
        {
            ["cpu"] = cpus.ToString(), ["memory"] = $"{4 * cpus}Gi", ["pods"] = "110",
        }.Select(pair => KeyValuePair.Create(pair.Key, Amount(pair.Value))));
        var labels = new Dictionary<string, string>
        {
            [NodeLabels.Pool] = "cpu", ["node.kubernetes.io/instance-type"] = name,
        };
        if (zone.Length > 0) labels[WellKnownLabels.Zone] = zone;
        _offers.Add(new Offer("cpu", name, zone, PurchaseOption.OnDemand, HourlyPrice.Usd(price), new NodeTemplate
        {
            Labels = labels,
            Annotations = new Dictionary<string, string>(),
            Taints = [],
            Capacity = room,
            Allocatable = room,
            Devices = [],
            Price = null,
        }));
        return this;
    }

    public Fleet Node(string name, string type, string zone = "", TimeSpan? age = null)
    {
        var offer = _offers.First(one => one.InstanceType == type && one.Zone == zone);
        var since = Now - (age ?? TimeSpan.FromDays(1));
        _claims.Add(new ClaimState(name, offer, ClaimPhase.Ready, since));
        Model.SetNode(OfferNodes.Node(offer, name) with { CreatedAt = since });
        return this;
    }

    public Fleet Machine(string name, int cpus)
    {
        var room = ResourceAmounts.Of(("cpu", cpus.ToString()), ("memory", $"{4 * cpus}Gi"), ("pods", "110"));
        Model.SetNode(new NodeRecord
        {
            Name = name, Labels = LabelMap.Of((WellKnownLabels.Hostname, name)), Allocatable = room, Capacity = room,
        });
        return this;
    }

    public Fleet Pod(string name, string cpu, string node, Func<PodRecord, PodRecord>? change = null)
    {
        var pod = Record(name, cpu) with { NodeName = node, Phase = PodPhase.Running, StartedAt = Now.AddHours(-5) };
        Model.SetPod(change is null ? pod : change(pod));
        return this;
    }

    public Fleet Waiting(string name, string cpu)
    {
        var pod = Record(name, cpu);
        Model.SetPod(pod);
        _pending.Add(new PendingPod(pod.Key, Now));
        return this;
    }

    public ConsolidationObservation Seen() => new()
    {
        Cluster = new BurstObservation
        {
            Placement = Model,
            Pending = _pending,
            Pools = [new PoolState("cpu", Min, 10_000, _offers)],
            Claims = _claims,
            Spend = SpendSoFar.Nothing,
            ExpectedEnds = Ends,
        },
        Budgets = Budgets,
        Histories = Histories,
    };

    public ConsolidationPlan Plan(DateTimeOffset? now = null) =>
        ConsolidationPlanner.Plan(Policy, Burst, Seen(), now ?? Now);

    public ConsolidationStep? Next(ConsolidationPlan plan, DateTimeOffset now) =>
        ConsolidationPlanner.Next(Policy, Seen(), plan, now);

    public string? Objection(ConsolidationStep step) => ConsolidationPlanner.Objection(Policy, Seen(), step, Now);

    /// <summary>Does what the step says, as the controller, the workload controllers and the cloud would together.</summary>
    public void Take(ConsolidationStep step, DateTimeOffset now)
    {
        if (step.Rent is { } offer)
        {
            var name = $"cpu-new-{now.UtcTicks}";
            _claims.Add(new ClaimState(name, offer, ClaimPhase.Ready, now));
            Model.SetNode(OfferNodes.Node(offer, name) with { CreatedAt = now });
        }

        foreach (var name in step.Remove) Model.SetNode(Model.Node(name)! with { Unschedulable = true });
        var moved = step.Moves.OrderBy(one => one.From, StringComparer.Ordinal).ThenBy(one => one.Pod)
            .Select(move => Model.Pod(move.Pod)!).ToList();
        foreach (var old in moved)
        {
            Model.RemovePod(old.Key);
            Model.SetPod(old with { Uid = $"{old.Uid}+", NodeName = "", Phase = PodPhase.Pending, StartedAt = null });
        }

        foreach (var old in moved)
        {
            var node = Model.Place(old.Key).ShouldBeOfType<PlacementOutcome.Placed>($"{old.Key}").Node;
            Model.SetPod(old with
            {
                Uid = $"{old.Uid}+", NodeName = node, Phase = PodPhase.Running, StartedAt = now,
            });
        }

        foreach (var name in step.Remove)
        {
            Model.PodsOn(name).ShouldBeEmpty();
            Model.RemoveNode(name);
            _claims.RemoveAll(claim => claim.Name == name);
        }
    }

    /// <summary>The idle rule of the reclaim planner, for nodes that nothing runs on.</summary>
    public void GiveBackIdle()
    {
        foreach (var claim in _claims.Where(claim => Model.PodsOn(claim.Name).Count == 0).ToList())
        {
            if (_claims.Count <= Min) return;
            Model.RemoveNode(claim.Name);
            _claims.Remove(claim);
        }
    }

    public decimal Price => _claims.Sum(claim => claim.Offer.Price.Amount);

    public static PodRecord Record(string name, string cpu)
    {
        var requests = ResourceAmounts.Of(("cpu", cpu), ("memory", "64Mi"));
        var app = name.Split('-')[0];
        return new PodRecord
        {
            Key = new PodKey("default", name),
            Uid = name,
            Labels = LabelMap.Of(("app", app)),
            Controller = new PodController("ReplicaSet", app, app),
            CreatedAt = Now.AddHours(-5),
            Requirements = new PodRequirements { Requests = requests, ScoringCpuMillis = requests.CpuMillis },
        };
    }

    private static Quantity Amount(string text)
    {
        Quantity.TryParse(text, out var quantity).ShouldBeTrue();
        return quantity;
    }
}
