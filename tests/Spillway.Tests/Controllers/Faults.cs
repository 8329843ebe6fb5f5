using System.Runtime.CompilerServices;
using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Tests.Controllers;

/// <summary>Ends the controllers' world at one of their effects: nothing they ask for after it is answered.</summary>
/// <param name="at">Which effect, counted from 1: writes to the API server and calls that change the cloud.</param>
/// <param name="afterEffect">Whether that effect still happens, with only its answer lost.</param>
internal sealed class Faults(int at, bool afterEffect)
{
    private int _effects;

    public bool IsDead { get; private set; }

    public async Task<T> EffectAsync<T>(string what, Func<Task<T>> effect)
    {
        if (IsDead) throw new HttpRequestException($"killed before {what}");
        if (++_effects != at) return await effect();
        IsDead = true;
        Killed = what;
        if (afterEffect) await effect();
        throw new HttpRequestException($"killed at {what}");
    }

    public string Killed { get; private set; } = "";

    public void Read()
    {
        if (IsDead) throw new HttpRequestException("killed");
    }
}

internal sealed class FaultyTransport(IKubernetesTransport inner, Faults faults) : IKubernetesTransport
{
    public Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken)
    {
        // Events are talk and may be lost at any time: killing there would only make the run longer.
        var isTalk = request.PathAndQuery.EndsWith("/events", StringComparison.Ordinal);
        if (request.Method != "GET" && !isTalk)
        {
            return faults.EffectAsync(
                $"{request.Method} {request.PathAndQuery}", () => inner.SendAsync(request, cancellationToken));
        }

        faults.Read();
        return inner.SendAsync(request, cancellationToken);
    }
}

internal sealed class FaultyCloud(ICloud inner, Faults faults) : ICloud
{
    public Task<IReadOnlyList<Offer>> ListOffersAsync(string pool, CancellationToken cancellationToken)
    {
        faults.Read();
        return inner.ListOffersAsync(pool, cancellationToken);
    }

    public Task<LaunchResult> LaunchAsync(LaunchOrder order, CancellationToken cancellationToken) =>
        faults.EffectAsync($"launch {order.Claim}", () => inner.LaunchAsync(order, cancellationToken));

    public Task<RemoveResult> RemoveAsync(string machineId, CancellationToken cancellationToken) =>
        faults.EffectAsync($"remove {machineId}", () => inner.RemoveAsync(machineId, cancellationToken));

    public Task<IReadOnlyList<CloudMachine>> ListAsync(CancellationToken cancellationToken)
    {
        faults.Read();
        return inner.ListAsync(cancellationToken);
    }

    public async IAsyncEnumerable<InterruptionNotice> WatchInterruptionsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var notice in inner.WatchInterruptionsAsync(cancellationToken)) yield return notice;
    }
}
