using System.Text.Json.Serialization;
using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Sandbox.Clouds;

/// <summary>One simulated machine, running or ended. What is not known here is worked out again from the cluster file.</summary>
public sealed record RentedMachine
{
    public required string MachineId { get; init; }

    public required string Token { get; init; }

    /// <summary>Also the name of its node.</summary>
    public required string Claim { get; init; }

    public required string Pool { get; init; }

    public required string InstanceType { get; init; }

    public required string Zone { get; init; }

    [JsonConverter(typeof(JsonStringEnumConverter<PurchaseOption>))]
    public required PurchaseOption Purchase { get; init; }

    /// <summary>How many machines there were before it: its address comes from that.</summary>
    public required int Number { get; init; }

    /// <summary>When billing began.</summary>
    public required DateTimeOffset LaunchedAt { get; init; }

    /// <summary>When its kubelet starts.</summary>
    public required DateTimeOffset BootsAt { get; init; }

    /// <summary>When the cloud takes it back; null for never.</summary>
    public DateTimeOffset? TakenAt { get; init; }

    /// <summary>When the cloud says so.</summary>
    public DateTimeOffset? NoticeAt { get; init; }

    /// <summary>When billing ended; null while it runs.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    [JsonIgnore]
    public bool IsRunning => EndedAt is null;

    public CloudMachine ToCloudMachine() =>
        new(MachineId, new LaunchToken(Token), Claim, Pool, InstanceType, Zone, Purchase, LaunchedAt);
}
