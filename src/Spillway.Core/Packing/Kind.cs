using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Packing;

/// <summary>At most this many pods that the matcher selects, on any node with a pod that says so.</summary>
internal readonly record struct HostLimit(int Matcher, int Most);

/// <summary>Pods that may be exchanged for one another wherever there is room for both: all but the size is equal.</summary>
internal sealed class Kind
{
    public required int Id { get; init; }

    /// <summary>One of the pods, to ask questions with.</summary>
    public required PodRecord Sample { get; init; }

    public required StaticRuleKey Rule { get; init; }

    /// <summary>Anti-affinity and spread by host, as limits that hold whatever the order in which pods are bound.</summary>
    public HostLimit[] Limits { get; init; } = [];

    /// <summary>Matchers of host limits that select these pods.</summary>
    public int[] Matched { get; init; } = [];

    /// <summary>What the pods ask of domains larger than a host, for the engine; null when they ask nothing.</summary>
    public PodEntry? Domain { get; init; }

    /// <summary>The limit that the pods set on themselves, the tightest first; -1 for none.</summary>
    public int Exclusive { get; init; } = -1;

    public int ExclusiveMost { get; init; } = int.MaxValue;

    /// <summary>Neither limited by the other pods of a node nor a limit to them.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Cannot be judged by kind.</summary>
    public bool NeedsSingleLook { get; init; }

    public bool IsMatched(int matcher) => Array.IndexOf(Matched, matcher) >= 0;
}
