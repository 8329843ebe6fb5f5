using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;
using Spillway.Core.Placement;
using Spillway.Core.Traces;

namespace Spillway.Core.Rehearsals;

/// <summary>A machine of the team's own, as a rehearsal sees it.</summary>
/// <param name="Price">What it costs an hour, idle or not.</param>
public sealed record OwnedNode(NodeRecord Record, string Site, HourlyPrice Price);

/// <summary>What is rehearsed: machines, pools, jobs and the policy between them.</summary>
public sealed record RehearsalInput
{
    public required IReadOnlyList<OwnedNode> Owned { get; init; }

    /// <summary>In the order of the cluster file, which breaks ties.</summary>
    public required IReadOnlyList<PoolState> Pools { get; init; }

    /// <summary>In any order; a job whose submit time is not known comes at the beginning.</summary>
    public required IReadOnlyList<TraceJob> Jobs { get; init; }

    public required BurstPolicy Policy { get; init; }

    /// <summary>
    /// The part of all jobs that may wait for an owned machine however long, the dearest to rent for; 0 for none. See
    /// <see cref="WaitOrBurst"/>.
    /// </summary>
    public double WaitShare { get; init; }

    /// <summary>When the trace begins.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>Time after which it ends even when jobs still wait or run.</summary>
    public TimeSpan Until { get; init; } = TimeSpan.MaxValue;

    /// <summary>What a request would cost an hour in the cloud; null where nothing could hold it.</summary>
    public Func<ResourceAmounts, HourlyPrice?> CloudPrice { get; init; } = static _ => null;
}

/// <summary>How far a rehearsal is.</summary>
/// <param name="Done">Jobs that have come to an end or will never run.</param>
/// <param name="Jobs">All jobs.</param>
public readonly record struct RehearsalProgress(TimeSpan At, int Done, int Jobs);
