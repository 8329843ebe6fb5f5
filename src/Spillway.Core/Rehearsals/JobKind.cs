using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Rehearsals;

/// <summary>Jobs that ask for the same, and what is known about all of them at once.</summary>
internal sealed class JobKind(int index, PodRequirements requirements, int parts)
{
    public const string Namespace = "rehearsal";

    public int Index { get; } = index;

    public PodRequirements Requirements { get; } = requirements;

    /// <summary>How many pods a job of the kind is; more than one start together or not at all.</summary>
    public int Parts { get; } = parts;

    /// <summary>Why no machine and no pool can take it; empty when one can.</summary>
    public string Refusal { get; set; } = "";

    /// <summary>Whether it was said already that nothing may be rented for those that wait.</summary>
    public bool Held { get; set; }

    public HourlyPrice? CloudPrice { get; set; }

    public long GpuMilli { get; } = requirements.GpuMilli + (requirements.Requests[GpuShares.Resource] * 1000);

    /// <summary>Those that wait, the one that came first in front.</summary>
    public Queue<JobRun> Waiting { get; } = new();

    /// <summary>The part of the node's price that one pod bears: the largest part of any resource it takes.</summary>
    public decimal ShareOf(NodeRecord node)
    {
        var share = CloudQuotes.ShareOf(Requirements.Requests, node.Allocatable);
        var gpus = node.Allocatable[GpuShares.Resource];
        return Requirements.GpuMilli == 0 || gpus == 0
            ? share
            : Math.Max(share, (decimal)Requirements.GpuMilli / (gpus * GpuShares.Whole));
    }

    /// <summary>How many pods of the kind an empty node takes, by amounts alone.</summary>
    public int PerNode(NodeRecord node)
    {
        var most = node.Allocatable.ContainsKey(ResourceAmounts.Pods) ? node.Allocatable[ResourceAmounts.Pods] : 110;
        foreach (var (name, amount) in Requirements.Requests)
        {
            if (amount > 0) most = Math.Min(most, node.Allocatable[name] / amount);
        }
        if (Requirements.GpuMilli > 0)
            most = Math.Min(most, node.Allocatable[GpuShares.Resource] * (GpuShares.Whole / Requirements.GpuMilli));
        return (int)most;
    }
}

/// <summary>One job in a rehearsal.</summary>
internal sealed class JobRun(RehearsedPod[] pods, TimeSpan submittedAt)
{
    public RehearsedPod[] Pods { get; } = pods;

    public TimeSpan SubmittedAt { get; } = submittedAt;

    public string Refusal { get; set; } = "";

    public JobKind Kind => Pods[0].Kind;

    /// <summary>How long it runs; null for ever.</summary>
    public TimeSpan? Duration => Pods[0].Job.Duration;
}
