using Microsoft.Extensions.Logging;

namespace Spillway.Kubernetes;

/// <summary>What a pass over one key came to.</summary>
public abstract record Reconciled
{
    private Reconciled() { }

    /// <summary>Nothing to do until something changes.</summary>
    public static Reconciled Done { get; } = new Settled();

    /// <summary>Somebody else wrote first: look again soon, with the fresh state.</summary>
    public static Reconciled Retry { get; } = new Stale();

    /// <summary>Look again after a while, whatever happens.</summary>
    public static Reconciled After(TimeSpan delay) => new Later(delay);

    public sealed record Settled : Reconciled;

    public sealed record Stale : Reconciled;

    public sealed record Later(TimeSpan Delay) : Reconciled;
}

/// <summary>
/// One loop: informers put keys into its queue, workers reconcile one key each. A failing key is tried again with growing
/// pauses and never stops the others.
/// </summary>
public sealed partial class Controller<TKey> : IAsyncDisposable where TKey : notnull
{
    private readonly Func<TKey, CancellationToken, Task<Reconciled>> _reconcile;
    private readonly ILogger _logger;
    private readonly List<Informer> _sources = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public Controller(
        string name, TimeProvider time, ILogger logger, Func<TKey, CancellationToken, Task<Reconciled>> reconcile)
    {
        Name = name;
        Queue = new WorkQueue<TKey>(time);
        _logger = logger;
        _reconcile = reconcile;
    }

    public string Name { get; }

    public WorkQueue<TKey> Queue { get; }

    /// <summary>Lets every change of the informer's objects queue the keys it concerns.</summary>
    public Controller<TKey> Watch<T>(Informer<T> informer, Func<InformerChange<T>, IEnumerable<TKey>> keysOf)
        where T : class
    {
        _sources.Add(informer);
        informer.OnChange(change =>
        {
            foreach (var key in keysOf(change)) Queue.Add(key);
        });
        return this;
    }

    /// <summary>Waits for the informer before the first pass, without queueing its changes.</summary>
    public Controller<TKey> Need(Informer informer)
    {
        _sources.Add(informer);
        return this;
    }

    public void Start(int workers) => _running = RunAsync(workers);

    /// <summary>Ends the loop; a pass under way is cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await Queue.DisposeAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(int workers)
    {
        try
        {
            await Task.WhenAll(_sources.Select(s => s.Synced)).WaitAsync(_stop.Token);
            await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync()));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            LogStopped(_logger, Name);
        }
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            var (hasKey, key) = await Queue.TakeAsync(_stop.Token);
            if (!hasKey) return;
            try
            {
                await PassAsync(key);
            }
            finally
            {
                Queue.Done(key);
            }
        }
    }

    // The outermost pass of a loop: whatever a key's pass throws is logged and tried again, and the loop lives on.
    private async Task PassAsync(TKey key)
    {
        try
        {
            switch (await _reconcile(key, _stop.Token))
            {
                case Reconciled.Later later:
                    Queue.Forget(key);
                    Queue.AddAfter(key, later.Delay);
                    break;
                case Reconciled.Stale:
                    Queue.AddRateLimited(key);
                    break;
                default:
                    Queue.Forget(key);
                    break;
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            LogFailed(_logger, failure, Name, key.ToString() ?? "");
            Queue.AddRateLimited(key);
        }
    }

    [LoggerMessage(10, LogLevel.Warning, "{Controller}: {Key} failed and is tried again")]
    private static partial void LogFailed(ILogger logger, Exception failure, string controller, string key);

    [LoggerMessage(11, LogLevel.Debug, "{Controller} stopped")]
    private static partial void LogStopped(ILogger logger, string controller);
}
