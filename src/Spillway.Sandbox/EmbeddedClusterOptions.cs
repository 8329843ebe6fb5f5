using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Sandbox;

/// <summary>How an embedded cluster is started.</summary>
public sealed record EmbeddedClusterOptions
{
    public required ClusterModel Model { get; init; }

    /// <summary>Where the API server and the clouds keep their state; null for memory only.</summary>
    public string? StateFolder { get; init; }

    /// <summary>
    /// The system's clock, a <see cref="Time.SpedUpTime"/>, or a <see cref="Time.VirtualTime"/>, within whose run the
    /// cluster is then started, used and stopped.
    /// </summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Decides names, boot times and chances. The same seed under virtual time gives the same run.</summary>
    public int Seed { get; init; }

    /// <summary>Objects that are there from the start, such as resource definitions and the cluster file's documents.</summary>
    public IReadOnlyList<JsonObject> Objects { get; init; } = [];

    /// <summary>How nodes are chosen.</summary>
    public PlacementPolicy Placement { get; init; } = PlacementPolicy.Spillway;

    /// <summary>Leaves pods to another scheduler, such as a real kube-scheduler.</summary>
    public bool WithoutScheduler { get; init; }

    /// <summary>Leaves workloads, garbage and node health to others, such as a real kube-controller-manager.</summary>
    public bool WithoutControllers { get; init; }

    /// <summary>How often nodes renew their Lease; null for 10 s, and ten minutes in virtual time.</summary>
    public TimeSpan? Heartbeat { get; init; }

    /// <summary>Whether kubelets tell of containers by Events; null for yes, and no in virtual time.</summary>
    public bool? KubeletEvents { get; init; }

    public ILogger Logger { get; init; } = NullLogger.Instance;
}
