using Spillway.Core.Placement;

namespace Spillway.Core.Packing;

/// <summary>What a pod asks of a node besides room: pods of one profile differ in size and labels only.</summary>
internal readonly struct Profile(PodRecord pod) : IEquatable<Profile>
{
    private readonly PodRequirements asks = pod.Requirements;

    // Constraints on pods and volumes are read in the pod's namespace; all else means the same everywhere.
    private readonly string scope = IsScoped(pod.Requirements) ? pod.Key.Namespace : "";

    public static bool IsScoped(PodRequirements asks) => !asks.Spread.IsEmpty || !asks.Affinity.IsEmpty
        || !asks.AntiAffinity.IsEmpty || !asks.PreferredAffinity.IsEmpty || !asks.PreferredAntiAffinity.IsEmpty
        || !asks.Volumes.IsEmpty;

    public bool Equals(Profile other) => scope == other.scope && (ReferenceEquals(asks, other.asks) || (
        asks.NodeSelector.Equals(other.asks.NodeSelector) && Equals(asks.NodeTerms, other.asks.NodeTerms)
        && asks.PreferredNodeTerms.Equals(other.asks.PreferredNodeTerms)
        && asks.Tolerations.Equals(other.asks.Tolerations)
        && asks.Affinity.Equals(other.asks.Affinity) && asks.AntiAffinity.Equals(other.asks.AntiAffinity)
        && asks.PreferredAffinity.Equals(other.asks.PreferredAffinity)
        && asks.PreferredAntiAffinity.Equals(other.asks.PreferredAntiAffinity)
        && asks.Spread.Equals(other.asks.Spread) && asks.HostPorts.Equals(other.asks.HostPorts)
        && asks.Volumes.Equals(other.asks.Volumes)));

    public override bool Equals(object? obj) => obj is Profile other && Equals(other);

    // Lists that are empty for nearly all pods are left to Equals.
    public override int GetHashCode() => HashCode.Combine(
        asks.NodeSelector, asks.NodeTerms, asks.Tolerations, asks.Affinity, asks.AntiAffinity, asks.Spread);
}
