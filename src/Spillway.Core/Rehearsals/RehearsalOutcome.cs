using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Ports;
using Spillway.Core.Traces;

namespace Spillway.Core.Rehearsals;

/// <summary>One pod of a rehearsal: a job, or one of its parts.</summary>
public sealed class RehearsedPod
{
    internal RehearsedPod(JobKind kind, TraceJob job, string name)
    {
        Kind = kind;
        Job = job;
        Name = name;
    }

    internal JobKind Kind { get; }

    internal JobRun Run { get; set; } = null!;

    public TraceJob Job { get; }

    public string Name { get; }

    public PodRequirements Requirements => Kind.Requirements;

    /// <summary>The node it ran on; null while it has none.</summary>
    public RehearsedNode? Node { get; internal set; }

    /// <summary>Since the beginning; null while it waits.</summary>
    public TimeSpan? StartedAt { get; internal set; }

    /// <summary>Since the beginning; null while it runs.</summary>
    public TimeSpan? FinishedAt { get; internal set; }

    /// <summary>Why it will never run; empty for a pod that can.</summary>
    public string Refusal => Run.Refusal;

    public TimeSpan SubmittedAt => Run.SubmittedAt;

    /// <summary>The part of its node's price that it takes.</summary>
    public HourlyPrice Price => Node is null ? default : Node.Price * Kind.ShareOf(Node.Record);

    /// <summary>What its request would cost rented; null where nothing could hold it.</summary>
    public HourlyPrice? CloudPrice => Kind.CloudPrice;

    internal PodKey Key => new(JobKind.Namespace, Name);
}

/// <summary>One node of a rehearsal.</summary>
public sealed class RehearsedNode
{
    internal RehearsedNode(NodeRecord record, string site, HourlyPrice price, Offer? offer, TimeSpan launchedAt)
    {
        Record = record;
        Site = site;
        Price = price;
        Offer = offer;
        LaunchedAt = launchedAt;
        ReadyAt = launchedAt + (offer?.Startup ?? TimeSpan.Zero);
    }

    public NodeRecord Record { get; }

    public string Name => Record.Name;

    public string Site { get; }

    public HourlyPrice Price { get; }

    /// <summary>What was rented; null for a machine of the team's own.</summary>
    public Offer? Offer { get; }

    public TimeSpan LaunchedAt { get; }

    public TimeSpan ReadyAt { get; }

    public TimeSpan? RemovedAt { get; internal set; }

    /// <summary>Why it was rented.</summary>
    public string Why { get; internal set; } = "a machine of the team's own";

    internal int Pods { get; set; }

    internal TimeSpan IdleSince { get; set; }
}

/// <summary>One decision of a rehearsal.</summary>
public sealed record RehearsedDecision(TimeSpan At, string Kind, string Why)
{
    public string Pool { get; init; } = "";

    public int Count { get; init; }

    public IReadOnlyList<string> Pods { get; init; } = [];

    public IReadOnlyList<(string Pool, string Why)> Rejected { get; init; } = [];

    public string WouldChange { get; init; } = "";
}

/// <summary>What a rehearsal came to.</summary>
public sealed record RehearsalOutcome
{
    public required TimeSpan End { get; init; }

    /// <summary>False when it was stopped before there was nothing left to do.</summary>
    public required bool Finished { get; init; }

    /// <summary>In the order of arrival.</summary>
    public required IReadOnlyList<RehearsedPod> Pods { get; init; }

    /// <summary>Owned ones first, then in the order in which they were rented.</summary>
    public required IReadOnlyList<RehearsedNode> Nodes { get; init; }

    public required IReadOnlyList<RehearsedDecision> Decisions { get; init; }

    public required RehearsalSeries Series { get; init; }
}
