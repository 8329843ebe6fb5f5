using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>Renews the Leases of all simulated nodes from one timer.</summary>
internal sealed partial class Heartbeats(
    KubernetesClient client, TimeProvider time, TimeSpan interval, ILogger logger) : IAsyncDisposable
{
    /// <summary>A real kubelet's lease lasts four of its renewals.</summary>
    private const int RenewalsPerLease = 4;

    /// <summary>Renewals a second beyond which the interval grows instead: a thousand nodes every 20 s.</summary>
    private const int RenewalsPerSecond = 50;

    private readonly Dictionary<string, string> _nodes = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    // Never beyond three times what was asked for: a node is given up after five.
    private TimeSpan Interval => TimeSpan.FromSeconds(Math.Clamp(
        _nodes.Count / (double)RenewalsPerSecond, interval.TotalSeconds, 3 * interval.TotalSeconds));

    public void Start() => _running = RunAsync();

    /// <summary>Writes the node's first lease, or takes up the one it had, and renews it from now on.</summary>
    public async Task AddAsync(string node, string uid, CancellationToken cancellationToken)
    {
        _nodes[node] = uid;
        await RenewAsync(node, cancellationToken);
    }

    public void Remove(string node) => _nodes.Remove(node);

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(Interval, time, _stop.Token);
                foreach (var node in _nodes.Keys.ToArray()) await RenewAsync(node, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is KubernetesStatusException or HttpRequestException)
            {
                LogNotRenewed(logger, failure.Message);
            }
        }
    }

    private async Task RenewAsync(string node, CancellationToken cancellationToken)
    {
        if (!_nodes.TryGetValue(node, out var uid)) return;
        var now = time.GetUtcNow();
        var lasts = Interval * RenewalsPerLease;
        var change = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["leaseDurationSeconds"] = (int)lasts.TotalSeconds,
                ["renewTime"] = KubernetesJson.MicroTimestamp(now),
            },
        };
        var key = new ObjectKey("kube-node-lease", node);
        var renewed = await client.PatchAsync(Resources.Leases, key, KubernetesPatch.Merge(change), cancellationToken);
        if (renewed is not WriteResult<Lease>.NotFound) return;
        var lease = Resources.Leases.Wrap(NodeJson.Lease(node, uid, lasts, now));
        var made = await client.CreateAsync(Resources.Leases, lease, cancellationToken);
        if (made.Refusal is { } refusal) LogNotRenewed(logger, refusal.Message);
    }

    [LoggerMessage(201, LogLevel.Warning, "A node's lease was not renewed: {Why}")]
    private static partial void LogNotRenewed(ILogger logger, string why);
}
