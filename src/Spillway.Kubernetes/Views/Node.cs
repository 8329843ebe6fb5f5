using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public sealed class Node(JsonObject json) : KubernetesObject(json)
{
    public bool IsUnschedulable => Json.Flag("spec", "unschedulable") == true;

    public bool IsReady => IsTrue("Ready");

    public string ProviderId => Json.Text("spec", "providerID") ?? "";

    public IEnumerable<Taint> Taints => Json.ObjectsAt("spec", "taints").Select(Taint.Read);

    /// <summary>What the machine has, as quantities on the wire.</summary>
    public IReadOnlyDictionary<string, string> Capacity => Json.MapAt("status", "capacity");

    /// <summary>What pods may use, as quantities on the wire.</summary>
    public IReadOnlyDictionary<string, string> Allocatable => Json.MapAt("status", "allocatable");
}

/// <summary>A node's heartbeat, or a leader's claim.</summary>
public sealed class Lease(JsonObject json) : KubernetesObject(json)
{
    public string Holder => Json.Text("spec", "holderIdentity") ?? "";

    public TimeSpan Duration => TimeSpan.FromSeconds(Json.Integer("spec", "leaseDurationSeconds") ?? 0);

    public DateTimeOffset? AcquiredAt => Json.Time("spec", "acquireTime");

    public DateTimeOffset? RenewedAt => Json.Time("spec", "renewTime");

    public int Transitions => Json.Integer("spec", "leaseTransitions") ?? 0;
}

public sealed class CsiNode(JsonObject json) : KubernetesObject(json)
{
    public IEnumerable<JsonObject> Drivers => Json.ObjectsAt("spec", "drivers");
}
