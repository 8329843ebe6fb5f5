using System.Runtime.CompilerServices;
using Spillway.Kubernetes;

namespace Spillway.Simulation;

/// <summary>A way to the API server that loses requests and drops watches, as often as the dice say.</summary>
internal sealed class FaultyTransport(IKubernetesTransport inner, Random random) : IKubernetesTransport
{
    /// <summary>Chance that a request is lost: before it arrives, or its answer on the way back.</summary>
    public double LossRate { get; set; }

    /// <summary>Chance that a watch breaks after an event.</summary>
    public double BreakRate { get; set; }

    public async Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken)
    {
        if (request.Streaming) return Fragile(await inner.SendAsync(request, cancellationToken));
        var lost = random.NextDouble() < LossRate;
        if (lost && random.Next(2) == 0) throw new HttpRequestException("simulated: the request was lost");
        var answer = await inner.SendAsync(request, cancellationToken);
        return lost ? throw new HttpRequestException("simulated: the answer was lost") : answer;
    }

    private KubernetesResponse Fragile(KubernetesResponse response) => response.Lines is { } lines
        ? new KubernetesResponse(response.Status, Break(lines), response.DisposeAsync)
        : response;

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> Break(
        IAsyncEnumerable<ReadOnlyMemory<byte>> lines,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var line in lines.WithCancellation(cancellationToken))
        {
            yield return line;
            if (random.NextDouble() < BreakRate) throw new IOException("simulated: the watch broke");
        }
    }
}
