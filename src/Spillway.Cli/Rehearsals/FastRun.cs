using System.Diagnostics;
using Spillway.Cli.Reports;
using Spillway.Controllers.Costs;
using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Plans;
using Spillway.Core.Ports;
using Spillway.Core.Rehearsals;
using Spillway.Core.Traces;

namespace Spillway.Cli.Rehearsals;

/// <summary>A rehearsal through the planner alone, and its outcome as the report that every rehearsal has.</summary>
internal sealed class FastRun
{
    private readonly DateTimeOffset start;
    private readonly Dictionary<RehearsedNode, string> reasons = [];

    private FastRun(DateTimeOffset start) => this.start = start;

    public static RehearsalResult Run(
        ClusterModel model, IReadOnlyList<TraceJob> jobs, RehearsalSettings settings,
        CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var quotes = new CloudQuotes(model);
        var input = new RehearsalInput
        {
            Owned = [.. model.Cluster.Machines.Select(machine => Owned(machine, model))],
            Pools = [.. model.Cluster.Pools.Select(pool => PoolOf(pool, model))],
            Jobs = jobs,
            Policy = model.Cluster.Policy.Burst,
            Start = Rehearsal.Start,
            WaitShare = settings.WaitShare,
            Until = settings.Until ?? TimeSpan.MaxValue,
            CloudPrice = quotes.PerHour,
        };
        var outcome = FastRehearsal.Run(input, settings.Progress, cancellationToken);
        return new FastRun(Rehearsal.Start).Result(model.Cluster.Name, outcome, settings.Seed, began);
    }

    private static OwnedNode Owned(Machine machine, ClusterModel model)
    {
        var template = NodeTemplates.ForMachine(machine, model);
        var amounts = ResourceAmounts.FromQuantities(
            template.Allocatable.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.ToString())));
        var record = new NodeRecord
        {
            Name = machine.Name,
            Labels = LabelMap.From([
                .. template.Labels, KeyValuePair.Create(WellKnownLabels.Hostname, machine.Name)]),
            Taints = template.Taints.ToValueList(),
            Allocatable = amounts,
            Capacity = amounts,
        };
        return new OwnedNode(record, machine.Site, template.Price ?? HourlyPrice.Zero);
    }

    private static PoolState PoolOf(Pool pool, ClusterModel model)
    {
        var startup = pool.Cloud is PoolCloud.Simulated simulated ? simulated.Startup : (TimeSpan?)null;
        var offers = PoolOffers.For(pool, model).Select(Offer.Of)
            .Select(offer => startup is { } known ? offer with { Startup = known } : offer);
        return new PoolState(pool.Name, pool.Min, pool.Max, [.. offers]) { Purchases = pool.PurchaseOptions };
    }

    private RehearsalResult Result(string cluster, RehearsalOutcome outcome, int seed, long began)
    {
        var now = start + outcome.End;
        var pods = outcome.Pods.Select(PodOf).ToArray();
        var nodes = outcome.Nodes.Select(NodeOf).ToArray();
        var report = new RunReport(cluster, now)
        {
            Pods = pods,
            Nodes = nodes,
            Decisions = [.. outcome.Decisions.Select(DecisionOf)],
            Cost = CostSummary.Of(nodes, pods, now),
            Series = outcome.Series,
        };
        return new RehearsalResult(report, seed, outcome.End, Stopwatch.GetElapsedTime(began))
        {
            Sizes = new RunSizes(
                index => PodSize.Of(outcome.Pods[index].Requirements),
                index => outcome.Nodes[index].Record.Allocatable),
            Unfinished = [.. outcome.Pods.Where(pod => pod.StartedAt is null)
                .Select(pod => new Clusters.Stranded(pod.Name, Why(pod)))],
            Interrupted = !outcome.Finished,
        };
    }

    private PodEntry PodOf(RehearsedPod pod) => new(
        pod.Name, new PodKey("default", pod.Name), start + pod.SubmittedAt)
    {
        Node = pod.Node?.Name ?? "",
        NodeId = pod.Node?.Name ?? "",
        Site = pod.Node?.Site ?? "",
        Pool = pod.Node?.Offer?.Pool ?? "",
        StartedAt = start + pod.StartedAt,
        FinishedAt = start + pod.FinishedAt,
        Phase = pod.FinishedAt is not null ? "Succeeded" : pod.StartedAt is not null ? "Running" : "Pending",
        Price = pod.Price.Currency is null ? HourlyPrice.Zero : pod.Price,
        CloudPrice = pod.CloudPrice,
        Why = Why(pod),
    };

    private string Why(RehearsedPod pod)
    {
        if (pod.Refusal.Length > 0) return pod.Refusal;
        if (pod.Node is not { } node) return "no node has room for it, and none may be rented";
        if (reasons.TryGetValue(node, out var known)) return known;
        return reasons[node] = node.Offer is null
            ? $"on-prem first: {node.Name} has room, and of the machines with room it is the one whose rest stays most useful"
            : $"rented: no machine of our own had room, and {node.Name} of pool {node.Offer.Pool} has";
    }

    private NodeEntry NodeOf(RehearsedNode node) => new(node.Name, node.Name, node.Price, start + node.LaunchedAt)
    {
        Pool = node.Offer?.Pool ?? "",
        Site = node.Site,
        InstanceType = node.Offer?.InstanceType ?? "",
        Zone = node.Offer?.Zone ?? "",
        Purchase = node.Offer?.Purchase,
        MinimumBilling = node.Offer?.MinimumBilling ?? TimeSpan.Zero,
        ReadyAt = start + node.ReadyAt,
        RemovedAt = start + node.RemovedAt,
        Why = node.Why,
    };

    private DecisionEntry DecisionOf(RehearsedDecision decision, int index) => new(
        $"{index}", start + decision.At, decision.Kind, decision.Why)
    {
        Pool = decision.Pool,
        Count = decision.Count,
        Pods = [.. decision.Pods.Select(pod => new PodKey("default", pod))],
        Rejected = [.. decision.Rejected.Select(rejected => new RejectedPool(rejected.Pool, rejected.Why))],
        WouldChange = decision.WouldChange,
    };
}

/// <summary>What a rehearsal was told beside its input.</summary>
internal sealed record RehearsalSettings(int Seed)
{
    /// <summary>Virtual time after which it ends; null for when there is nothing left to do.</summary>
    public TimeSpan? Until { get; init; }

    /// <summary>The part of all jobs that may wait for an owned machine however long.</summary>
    public double WaitShare { get; init; }

    public Action<RehearsalProgress>? Progress { get; init; }
}
