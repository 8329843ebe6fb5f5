using Spillway.Controllers.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Rehearsals;

namespace Spillway.Cli.Reports;

/// <summary>How large the pods and nodes of a report were, by their place in its lists.</summary>
internal sealed record RunSizes(Func<int, PodSize?> Pod, Func<int, ResourceAmounts> Node)
{
    public static RunSizes Of(SizeBook book, RunReport report) =>
        new(index => book.Pod(report.Pods[index]), index => book.Node(report.Nodes[index]));
}

/// <summary>Use and cost over time from what a ledger knows of pods and nodes.</summary>
internal sealed class LoadSweep
{
    private readonly List<(long At, int Kind, int Index)> events = [];
    private readonly RunReport report;
    private readonly RunSizes sizes;
    private readonly DateTimeOffset start;
    private ClusterLoad load;

    private LoadSweep(RunReport report, RunSizes sizes, DateTimeOffset start)
    {
        this.report = report;
        this.sizes = sizes;
        this.start = start;
    }

    // What comes before what at one moment: nodes come, pods end before others start, nodes go.
    private enum Kind { NodeComes, PodEnds, PodWaits, PodStarts, NodeGoes }

    public static RehearsalSeries Of(RunReport report, RunSizes sizes, DateTimeOffset start) =>
        new LoadSweep(report, sizes, start).Run();

    private RehearsalSeries Run()
    {
        Gather();
        events.Sort();
        var series = new RehearsalSeries();
        for (var at = 0; at < events.Count;)
        {
            var now = events[at].At;
            for (; at < events.Count && events[at].At == now; at++) Apply((Kind)events[at].Kind, events[at].Index);
            series.Set(TimeSpan.FromTicks(now).TotalSeconds, load);
        }
        series.Advance((report.Now - start).TotalSeconds);
        return series;
    }

    private void Gather()
    {
        for (var index = 0; index < report.Nodes.Count; index++)
        {
            Add(report.Nodes[index].LaunchedAt, Kind.NodeComes, index);
            Add(report.Nodes[index].RemovedAt, Kind.NodeGoes, index);
        }
        for (var index = 0; index < report.Pods.Count; index++)
        {
            var pod = report.Pods[index];
            Add(pod.SubmittedAt, Kind.PodWaits, index);
            Add(pod.StartedAt, Kind.PodStarts, index);
            Add(pod.FinishedAt, Kind.PodEnds, index);
        }
    }

    private void Add(DateTimeOffset? at, Kind kind, int index)
    {
        if (at is not { } time || time > report.Now) return;
        events.Add((Math.Max((time - start).Ticks, 0), (int)kind, index));
    }

    private void Apply(Kind kind, int index)
    {
        switch (kind)
        {
            case Kind.NodeComes or Kind.NodeGoes:
                var node = report.Nodes[index];
                load.AddNode(
                    sizes.Node(index), (double)node.Price.Amount, node.IsRented, kind == Kind.NodeComes ? 1 : -1);
                break;
            case Kind.PodWaits:
                load.WaitingPods++;
                break;
            case Kind.PodStarts:
                load.WaitingPods--;
                Count(index, 1);
                break;
            default:
                if (report.Pods[index].StartedAt is null) load.WaitingPods--;
                else Count(index, -1);
                break;
        }
    }

    private void Count(int index, int sign)
    {
        var size = sizes.Pod(index) ?? new PodSize(ResourceAmounts.Empty, 0);
        load.AddPod(size.Requests, size.GpuMilli, report.Pods[index].Pool.Length > 0, sign);
    }
}
