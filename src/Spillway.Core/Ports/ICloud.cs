using Spillway.Core.ClusterFile;

namespace Spillway.Core.Ports;

/// <summary>
/// What Spillway needs of a place that rents machines. One instance serves every pool of a cluster; an adapter
/// tells by the pool's name which account, region and template is meant.
/// </summary>
/// <remarks>
/// Failure contract, for every method: a "no" that the cloud gave is a result; no answer, a broken answer, or an
/// expired credential throws, and the caller repeats the same call later. Nothing here waits for a machine to start:
/// an accepted launch returns at once and the node joins by itself.
/// </remarks>
public interface ICloud
{
    /// <summary>
    /// What the pool may rent now: one offer for every instance type, zone and way to pay, with today's price and the
    /// node that would join. Never empty for a known pool; an unknown pool throws <see cref="ArgumentException"/>.
    /// Prices may move between two calls. Safe to repeat.
    /// </summary>
    Task<IReadOnlyList<Offer>> ListOffersAsync(string pool, CancellationToken cancellationToken);

    /// <summary>
    /// Starts one machine. Safe to repeat: the same token never starts a second one. A repeated token answers with
    /// the machine of the first call, even when that machine has been interrupted or removed since.
    /// A token whose first call was answered with a refusal may be asked again and is tried again.
    /// </summary>
    Task<LaunchResult> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a machine and its billing. Safe to repeat: a machine that is already ended, or that was never there,
    /// answers <see cref="RemoveResult.Gone"/>.
    /// </summary>
    Task<RemoveResult> RemoveAsync(string machineId, CancellationToken cancellationToken);

    /// <summary>
    /// Every machine that carries this cluster's mark and is not yet ended, whoever started it. Complete or an
    /// exception, never a part: a machine that is missing from the answer is positively gone.
    /// </summary>
    Task<IReadOnlyList<CloudMachine>> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Notices that the cloud will take a machine back (spot interruption, planned maintenance), as they come.
    /// Notices that were given before the call and whose machine still runs come first. Ends only with the token.
    /// </summary>
    IAsyncEnumerable<InterruptionNotice> WatchInterruptionsAsync(CancellationToken cancellationToken);
}

/// <summary>The name of one launch: the claim's uid. Two launches never share one, one launch never has two.</summary>
public readonly record struct LaunchToken(string Value)
{
    public override string ToString() => Value;
}

/// <summary>The machine that LaunchAsync is asked for.</summary>
/// <param name="Token">The claim's uid.</param>
/// <param name="Claim">The claim's name, which is also the name its node must join with.</param>
/// <param name="Offer">What was chosen: pool, instance type, zone, purchase, and the node it promises.</param>
public sealed record LaunchOrder(LaunchToken Token, string Claim, Offer Offer);

/// <summary>A machine that the cloud bills this cluster for.</summary>
public sealed record CloudMachine(
    string MachineId,
    LaunchToken Token,
    string Claim,
    string Pool,
    string InstanceType,
    string Zone,
    PurchaseOption Purchase,
    DateTimeOffset LaunchedAt);

/// <summary>The cloud takes the machine back at <paramref name="EndsAt"/>, drained or not.</summary>
public sealed record InterruptionNotice(string MachineId, DateTimeOffset EndsAt, string Why);
