using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Spillway.Kubernetes;

/// <summary>Whose lease, under which name, and how long it holds. The figures are kube-controller-manager's.</summary>
public sealed record LeaderElectionOptions(ObjectKey Lease, string Identity)
{
    /// <summary>How long others wait after the last renewal they saw.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the leader tries to renew before it steps down.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>
/// Leads while it holds a Lease. The clocks of two candidates need not agree: each measures by its own how long a
/// record it has seen stays the same.
/// </summary>
public sealed partial class LeaderElection(
    KubernetesClient client, LeaderElectionOptions options, TimeProvider time, ILogger logger)
{
    private string _seen = "";
    private long _seenAt;

    /// <summary>True while the lease is held.</summary>
    public bool IsLeader { get; private set; }

    /// <summary>
    /// Waits for the lease, runs <paramref name="lead"/> while it is held, and returns when that is done or the lease is
    /// lost; the token tells the work to stop. The lease is given back at the end.
    /// </summary>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        while (!await TryHoldAsync(cancellationToken)) await Task.Delay(options.RetryPeriod, time, cancellationToken);
        IsLeader = true;
        LogLeading(logger, options.Identity, options.Lease);
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var keeping = KeepAsync(term);
        try
        {
            await lead(term.Token);
        }
        finally
        {
            term.Cancel();
            await keeping;
            IsLeader = false;
            await GiveBackAsync();
        }
    }

    /// <summary>Renews until the term ends; ends it when renewing has failed for too long.</summary>
    private async Task KeepAsync(CancellationTokenSource term)
    {
        var renewed = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(options.RetryPeriod, time, term.Token);
                if (await TryHoldAsync(term.Token)) renewed = time.GetTimestamp();
                else if (time.GetElapsedTime(renewed) >= options.RenewDeadline) break;
            }
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            return;
        }

        LogLost(logger, options.Identity, options.Lease);
        IsLeader = false;
        term.Cancel();
    }

    private async Task<bool> TryHoldAsync(CancellationToken cancellationToken)
    {
        try
        {
            var lease = await client.GetAsync(Resources.Leases, options.Lease, cancellationToken);
            if (lease is null)
            {
                var created = Write(Resources.Leases.New(options.Lease), transitions: 0, acquired: true);
                return await client.CreateAsync(
                    Resources.Leases, created, cancellationToken) is WriteResult<Lease>.Written;
            }

            var mine = lease.Holder == options.Identity;
            if (!mine && lease.Holder.Length > 0 && !HasLapsed(lease)) return false;
            var next = Write(Resources.Leases.Copy(lease), lease.Transitions + (mine ? 0 : 1), acquired: !mine);
            return await client.UpdateAsync(Resources.Leases, next, cancellationToken) is WriteResult<Lease>.Written;
        }
        catch (Exception failure) when (failure is HttpRequestException or KubernetesStatusException)
        {
            LogUnreachable(logger, options.Lease, failure.Message);
            return false;
        }
    }

    private bool HasLapsed(Lease lease)
    {
        var record = $"{lease.Holder} {lease.ResourceVersion}";
        if (record != _seen)
        {
            _seen = record;
            _seenAt = time.GetTimestamp();
        }

        var duration = lease.Duration > TimeSpan.Zero ? lease.Duration : options.LeaseDuration;
        return time.GetElapsedTime(_seenAt) >= duration;
    }

    private Lease Write(Lease lease, int transitions, bool acquired)
    {
        var spec = lease.Json.Ensure("spec");
        var now = KubernetesJson.MicroTimestamp(time.GetUtcNow());
        spec["holderIdentity"] = options.Identity;
        spec["leaseDurationSeconds"] = (int)options.LeaseDuration.TotalSeconds;
        spec["renewTime"] = now;
        spec["leaseTransitions"] = transitions;
        if (acquired) spec["acquireTime"] = now;
        return lease;
    }

    // Without this a successor waits the whole lease out. Not cancellable: it runs because the work was cancelled.
    private async Task GiveBackAsync()
    {
        try
        {
            var lease = await client.GetAsync(Resources.Leases, options.Lease, CancellationToken.None);
            if (lease?.Holder != options.Identity) return;
            var released = Resources.Leases.Copy(lease);
            released.Json.Ensure("spec")["holderIdentity"] = "";
            released.Json.Ensure("spec")["leaseDurationSeconds"] = 1;
            await client.UpdateAsync(Resources.Leases, released, CancellationToken.None);
        }
        catch (Exception failure) when (failure is HttpRequestException or KubernetesStatusException)
        {
            LogUnreachable(logger, options.Lease, failure.Message);
        }
    }

    [LoggerMessage(20, LogLevel.Information, "{Identity} leads by lease {Lease}")]
    private static partial void LogLeading(ILogger logger, string identity, ObjectKey lease);

    [LoggerMessage(21, LogLevel.Warning, "{Identity} lost lease {Lease} and stops leading")]
    private static partial void LogLost(ILogger logger, string identity, ObjectKey lease);

    [LoggerMessage(22, LogLevel.Warning, "Lease {Lease} could not be written: {Why}")]
    private static partial void LogUnreachable(ILogger logger, ObjectKey lease, string why);
}
