using Spillway.Core.Burst;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Rehearsals;

/// <summary>
/// Plays a trace through the placement engine alone: no API server, no kubelets, no controllers. Jobs start the moment
/// they are placed, on rented nodes the moment these have joined; what cannot be placed waits in the order of arrival, and
/// whoever fits into room that has become free takes it. The same input gives the same outcome.
/// </summary>
public sealed partial class FastRehearsal
{
    // Above this many nodes a pod goes to the best of some that take it, as large Kubernetes clusters do.
    private const int LargeCluster = 4096;
    private const int NodesToCompare = 32;
    private const int ProgressEvery = 4096;

    private readonly RehearsalInput input;
    private readonly PlacementModel model;
    private readonly JobKinds kinds;
    private readonly WaitOrBurst? waitOrBurst;
    private readonly JobRun[] arrivals;
    private readonly List<RehearsedNode> nodes = [];
    private readonly Dictionary<string, RehearsedNode> byName = new(StringComparer.Ordinal);
    private readonly PriorityQueue<RehearsedPod, (TimeSpan At, int Order)> ends = new();
    private readonly PriorityQueue<RehearsedNode, (TimeSpan At, int Order)> idleChecks = new();
    private readonly List<JobKind> waitingKinds = [];
    private readonly List<RehearsedDecision> decisions = [];
    private readonly RehearsalSeries series = new();
    private readonly HashSet<RehearsedNode> freed = [];
    private TimeSpan now;
    private ClusterLoad load;
    private int order;
    private int done;

    private FastRehearsal(RehearsalInput input)
    {
        this.input = input;
        waitOrBurst = input.WaitShare > 0 ? new WaitOrBurst(input.WaitShare) : null;
        model = new PlacementModel(new PlacementOptions
        {
            NodesToCompare = input.Owned.Count > LargeCluster ? NodesToCompare : 0,
        });
        kinds = new JobKinds(input);
        arrivals = [.. input.Jobs.OrderBy(job => job.SubmittedAt ?? TimeSpan.Zero).Select(kinds.Run)];
        foreach (var owned in input.Owned) AddNode(new RehearsedNode(
            owned.Record, owned.Site, owned.Price, offer: null, TimeSpan.Zero));

        // The workload as a distribution, as a cluster knows its history: not the order, and not what comes next.
        model.SetDemand(DeviceDemand.Of(arrivals.SelectMany(run => run.Pods).Select(pod => pod.Requirements)));
    }

    /// <param name="input">What is played.</param>
    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellationToken">Stops it; what was played until then is the outcome.</param>
    public static RehearsalOutcome Run(
        RehearsalInput input, Action<RehearsalProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var rehearsal = new FastRehearsal(input);
        var finished = rehearsal.Play(progress, cancellationToken);
        rehearsal.series.Advance(rehearsal.now.TotalSeconds);
        return new RehearsalOutcome
        {
            End = rehearsal.now,
            Finished = finished,
            Pods = [.. rehearsal.arrivals.SelectMany(run => run.Pods)],
            Nodes = rehearsal.nodes,
            Decisions = rehearsal.decisions,
            Series = rehearsal.series,
        };
    }

    private bool Play(Action<RehearsalProgress>? progress, CancellationToken cancellationToken)
    {
        var next = 0;
        var steps = 0;
        RentMinimums();
        while (true)
        {
            if (++steps % ProgressEvery == 0)
            {
                progress?.Invoke(new RehearsalProgress(now, done, arrivals.Length));
                if (cancellationToken.IsCancellationRequested) return false;
            }
            var at = NextEvent(next);
            if (at == TimeSpan.MaxValue) return true;
            if (at > input.Until)
            {
                now = input.Until;
                return done == arrivals.Length;
            }
            now = at;
            while (ends.TryPeek(out _, out var end) && end.At == now) End(ends.Dequeue());
            while (idleChecks.TryPeek(out _, out var check) && check.At == now) GiveBackIfIdle(idleChecks.Dequeue());
            if (freed.Count > 0) ServeFreed();
            for (; next < arrivals.Length && arrivals[next].SubmittedAt == now; next++) Arrive(arrivals[next]);
            if (waitingKinds.Count > 0) Rent();
            series.Set(now.TotalSeconds, load);
        }
    }

    private TimeSpan NextEvent(int next)
    {
        var at = next < arrivals.Length ? arrivals[next].SubmittedAt : TimeSpan.MaxValue;
        if (ends.TryPeek(out _, out var end) && end.At < at) at = end.At;
        if (idleChecks.TryPeek(out _, out var check) && check.At < at) at = check.At;
        if (NextRenting() is { } due && due < at) at = due;
        return at;
    }

    private void Arrive(JobRun run)
    {
        if (run.Refusal.Length > 0)
        {
            Refuse(run);
            return;
        }
        waitOrBurst?.Saw();
        if (run.Kind.Waiting.Count == 0 && TryStart(run)) return;
        if (run.Kind.Waiting.Count == 0) waitingKinds.Add(run.Kind);
        run.Kind.Waiting.Enqueue(run);
        load.WaitingPods += run.Pods.Length;
        Hesitate(run);
    }

    private void Refuse(JobRun run)
    {
        done++;
        decisions.Add(new RehearsedDecision(now, "refuse", run.Refusal)
        {
            Pods = [.. run.Pods.Select(pod => pod.Name)],
            WouldChange = "a machine or a pool whose nodes are large enough",
        });
    }

    /// <summary>Places all pods of the job, or none.</summary>
    private bool TryStart(JobRun run)
    {
        if (run.Pods.Length == 1)
        {
            var pod = run.Pods[0];
            model.SetPod(RecordOf(pod));
            if (model.FindNode(pod.Key) is { } node)
            {
                Start(pod, byName[node]);
                return true;
            }
            model.RemovePod(pod.Key);
            return false;
        }
        using var tried = model.BeginWhatIf();
        var chosen = new RehearsedNode[run.Pods.Length];
        for (var part = 0; part < chosen.Length; part++)
        {
            var pod = run.Pods[part];
            model.SetPod(RecordOf(pod));
            if (model.FindNode(pod.Key) is not { } node) return false;
            model.Assume(pod.Key, node);
            chosen[part] = byName[node];
        }
        tried.Keep();

        // All parts begin when the last of their nodes is there.
        var from = chosen.Max(node => node.ReadyAt);
        for (var part = 0; part < chosen.Length; part++) Begin(run.Pods[part], chosen[part], from);
        return true;
    }

    private void Start(RehearsedPod pod, RehearsedNode node)
    {
        model.Assume(pod.Key, node.Name);
        Begin(pod, node, node.ReadyAt);
    }

    private void Begin(RehearsedPod pod, RehearsedNode node, TimeSpan notBefore)
    {
        pod.Node = node;
        pod.StartedAt = now > notBefore ? now : notBefore;
        node.Pods++;
        load.AddPod(pod.Requirements.Requests, pod.Kind.GpuMilli, node.Offer is not null, 1);
        if (pod.Run.Duration is { } duration) ends.Enqueue(pod, (pod.StartedAt.Value + duration, order++));
        else if (pod == pod.Run.Pods[^1]) done++;
    }

    private void End(RehearsedPod pod)
    {
        pod.FinishedAt = now;
        model.RemovePod(pod.Key);
        var node = pod.Node!;
        node.Pods--;
        load.AddPod(pod.Requirements.Requests, pod.Kind.GpuMilli, node.Offer is not null, -1);
        if (pod == pod.Run.Pods[^1]) done++;
        freed.Add(node);
        if (node.Pods > 0 || node.Offer is null) return;
        node.IdleSince = now;
        idleChecks.Enqueue(node, (now + input.Policy.IdleAfter, order++));
    }

    /// <summary>
    /// Room has become free on some nodes: those that wait take it in the order in which they came. Nobody who waits fits
    /// anywhere else, or they would not wait.
    /// </summary>
    private void ServeFreed()
    {
        if (waitingKinds.Count > 0)
        {
            foreach (var kind in waitingKinds.OrderBy(kind => kind.Waiting.Peek().SubmittedAt).ToArray())
            {
                while (kind.Waiting.TryPeek(out var run) && (kind.Parts == 1 ? TryFreed(run) : TryStart(run)))
                    Served(run);
            }
            foreach (var kind in waitingKinds) kind.Held &= kind.Waiting.Count > 0;
            waitingKinds.RemoveAll(static kind => kind.Waiting.Count == 0);
        }
        freed.Clear();
    }

    private bool TryFreed(JobRun run)
    {
        var pod = run.Pods[0];
        model.SetPod(RecordOf(pod));
        RehearsedNode? found = null;
        foreach (var node in freed)
        {
            if (node.RemovedAt is null && model.Fits(pod.Key, node.Name)) found = Better(found, node);
        }
        if (found is not null) Start(pod, found);
        else model.RemovePod(pod.Key);
        return found is not null;
    }

    // Owned before rented, then by name: a set has no order of its own.
    private static RehearsedNode Better(RehearsedNode? a, RehearsedNode b)
    {
        if (a is null) return b;
        if (a.Offer is null != b.Offer is null) return a.Offer is null ? a : b;
        return string.CompareOrdinal(a.Name, b.Name) <= 0 ? a : b;
    }

    private void Served(JobRun run)
    {
        run.Kind.Waiting.Dequeue();
        load.WaitingPods -= run.Pods.Length;
    }

    private PodRecord RecordOf(RehearsedPod pod) => new()
    {
        Key = pod.Key, Requirements = pod.Requirements, CreatedAt = input.Start + pod.SubmittedAt,
    };

    private void AddNode(RehearsedNode node)
    {
        nodes.Add(node);
        byName.Add(node.Name, node);
        model.SetNode(node.Record);
        Count(node, 1);
    }

    private void Count(RehearsedNode node, int sign) => load.AddNode(
        node.Record.Allocatable, (double)node.Price.Amount, node.Offer is not null, sign);
}
