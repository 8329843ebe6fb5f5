namespace Spillway.Kubernetes;

/// <summary>
/// A queue of keys to look at. A key waits at most once however often it is added; one that is added while a worker
/// has it comes back when that worker is done; no key is with two workers.
/// </summary>
public sealed class WorkQueue<TKey>(TimeProvider time, WorkQueueLimits limits) : IAsyncDisposable where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Queue<TKey> _ready = new();
    private readonly HashSet<TKey> _waiting = [];
    private readonly HashSet<TKey> _taken = [];
    private readonly Queue<TaskCompletionSource<bool>> _idle = new();
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, DateTimeOffset> _dueAt = [];
    private readonly PriorityQueue<TKey, (DateTimeOffset Due, long Order)> _later = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _timer;
    private DateTimeOffset _timerDue = DateTimeOffset.MaxValue;
    private long _order;
    private bool _closed;

    public WorkQueue(TimeProvider time) : this(time, WorkQueueLimits.Default) { }

    /// <summary>Keys ready to be taken.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _ready.Count;
        }
    }

    /// <summary>True when no key is ready or with a worker; delayed keys may remain.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate) return _ready.Count == 0 && _taken.Count == 0;
        }
    }

    public void Add(TKey key)
    {
        lock (_gate)
        {
            if (_closed || !_waiting.Add(key) || _taken.Contains(key)) return;
            _ready.Enqueue(key);
            WakeOne();
        }
    }

    /// <summary>Adds the key when the time has passed; the earliest of several such wishes counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_gate)
        {
            if (_closed) return;
            var due = time.GetUtcNow() + delay;
            if (_dueAt.TryGetValue(key, out var known) && known <= due) return;
            _dueAt[key] = due;
            _later.Enqueue(key, (due, _order++));
            Arm();
        }
    }

    /// <summary>Adds the key after a pause that doubles with each failure in a row.</summary>
    public void AddRateLimited(TKey key)
    {
        TimeSpan pause;
        lock (_gate)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            pause = limits.Pause(failures);
        }

        AddAfter(key, pause);
    }

    /// <summary>Ends a row of failures.</summary>
    public void Forget(TKey key)
    {
        lock (_gate) _failures.Remove(key);
    }

    public int Failures(TKey key)
    {
        lock (_gate) return _failures.GetValueOrDefault(key);
    }

    /// <summary>The next key, or no key once the queue is closed and empty. Every key taken must be given to <see cref="Done"/>.</summary>
    public async Task<(bool HasKey, TKey Key)> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource<bool> waiter;
            lock (_gate)
            {
                if (_ready.TryDequeue(out var key))
                {
                    _waiting.Remove(key);
                    _taken.Add(key);
                    return (true, key);
                }

                if (_closed) return (false, default!);
                waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                _idle.Enqueue(waiter);
            }

            await using var _ = cancellationToken.Register(() => waiter.TrySetCanceled(cancellationToken));
            await waiter.Task;
        }
    }

    public void Done(TKey key)
    {
        lock (_gate)
        {
            if (!_taken.Remove(key)) return;
            if (_waiting.Contains(key))
            {
                _ready.Enqueue(key);
                WakeOne();
            }

            CompleteWhenDrained();
        }
    }

    /// <summary>Takes no more keys, forgets delayed ones, and completes when those at hand are done.</summary>
    public async Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            _later.Clear();
            _dueAt.Clear();
            _timer?.Dispose();
            while (_idle.TryDequeue(out var waiter)) waiter.TrySetResult(false);
            CompleteWhenDrained();
        }

        await _drained.Task;
    }

    /// <summary>Closes without waiting for what the workers have: they may be gone.</summary>
    public async ValueTask DisposeAsync()
    {
        ITimer? timer;
        lock (_gate)
        {
            _closed = true;
            timer = _timer;
            while (_idle.TryDequeue(out var waiter)) waiter.TrySetResult(false);
        }

        if (timer is not null) await timer.DisposeAsync();
    }

    private void CompleteWhenDrained()
    {
        if (_closed && _ready.Count == 0 && _taken.Count == 0) _drained.TrySetResult();
    }

    private void WakeOne()
    {
        while (_idle.TryDequeue(out var waiter))
        {
            if (waiter.TrySetResult(true)) return;
        }
    }

    private void Arm()
    {
        if (!_later.TryPeek(out _, out var next) || next.Due >= _timerDue) return;
        _timerDue = next.Due;
        var delay = next.Due - time.GetUtcNow();
        if (delay < TimeSpan.Zero) delay = TimeSpan.Zero;
        if (_timer is null)
            _timer = time.CreateTimer(static q => ((WorkQueue<TKey>)q!).Ripen(), this, delay, Timeout.InfiniteTimeSpan);
        else _timer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void Ripen()
    {
        lock (_gate)
        {
            _timerDue = DateTimeOffset.MaxValue;
            var now = time.GetUtcNow();
            while (_later.TryPeek(out var key, out var at) && at.Due <= now)
            {
                _later.Dequeue();

                // An earlier wish for the same key has replaced this one.
                if (!_dueAt.TryGetValue(key, out var due) || due != at.Due) continue;
                _dueAt.Remove(key);
                Add(key);
            }

            if (!_closed) Arm();
        }
    }
}

/// <summary>How fast failing keys are tried again.</summary>
public sealed record WorkQueueLimits(TimeSpan First, TimeSpan Longest)
{
    /// <summary>5 ms doubling to 1000 s: client-go's figures.</summary>
    public static WorkQueueLimits Default { get; } = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(1000));

    internal TimeSpan Pause(int failures)
    {
        var pause = First * Math.Pow(2, Math.Min(failures, 40));
        return pause > Longest ? Longest : pause;
    }
}
