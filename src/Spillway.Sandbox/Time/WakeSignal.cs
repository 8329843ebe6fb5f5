namespace Spillway.Sandbox.Time;

/// <summary>
/// Lets one loop sleep until somebody wakes it or time is up. Several wakes before it sleeps count as one.
/// </summary>
/// <remarks>
/// Made of one awaited completion source on purpose: Task.WhenAny and WaitAsync over a source whose continuations run
/// asynchronously go through the thread pool, and a virtual run would lose its order.
/// </remarks>
internal sealed class WakeSignal(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<bool>? _sleeper;
    private bool _woken;

    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            _sleeper?.TrySetResult(true);
        }
    }

    /// <summary>True when woken, false when the time was up first. A null limit is none.</summary>
    public async Task<bool> SleepAsync(TimeSpan? limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (limit <= TimeSpan.Zero) return TakeWake();
        var sleeper = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_woken)
            {
                _woken = false;
                return true;
            }
            _sleeper = sleeper;
        }
        await using var cancelled = cancellationToken.Register(() => sleeper.TrySetCanceled(cancellationToken));
        await using var timer = limit is { } due
            ? time.CreateTimer(_ => sleeper.TrySetResult(false), null, due, Timeout.InfiniteTimeSpan)
            : null;
        var woken = await sleeper.Task;
        lock (_gate) _sleeper = null;
        return TakeWake() || woken;
    }

    private bool TakeWake()
    {
        lock (_gate)
        {
            var woken = _woken;
            _woken = false;
            return woken;
        }
    }
}
