using System.Runtime.ExceptionServices;

namespace Spillway.Sandbox.Time;

/// <summary>Where a run under <see cref="VirtualTime"/> gives up rather than going on for ever.</summary>
public sealed record VirtualTimeLimits
{
    /// <summary>Callbacks in one run. Default two billion: hours of wall time, so only a runaway meets it.</summary>
    public long Steps { get; init; } = 2_000_000_000;

    /// <summary>
    /// Callbacks without the clock moving. Default ten million: starting a thousand-node cluster takes about one
    /// million in its first instant, two controllers that keep undoing each other take any number.
    /// </summary>
    public long StepsPerInstant { get; init; } = 10_000_000;
}

/// <summary>A run under virtual time that cannot end: the message says what it waits for.</summary>
public sealed class VirtualTimeException(string message) : Exception(message);

/// <summary>
/// A clock that jumps: one thread runs whatever is runnable, first come first served, and when nothing is, the clock
/// moves to the earliest timer. Timers due at the same moment fire in the order in which they were set. So a run
/// depends on nothing but its inputs, and an idle hour costs what its timers cost.
/// </summary>
/// <remarks>
/// Code under it must stay on the loop: awaits return here by the captured synchronization context. What leaves it
/// (Task.Run, ConfigureAwait(false), ChannelReader.ReadAllAsync, SemaphoreSlim.WaitAsync with a time-out, and WhenAny,
/// WhenAll or WaitAsync over a source that runs its continuations asynchronously) comes back from another thread at no
/// defined moment; the run then ends with an exception that shows from where.
/// </remarks>
public sealed class VirtualTime(DateTimeOffset start, VirtualTimeLimits? limits = null) : TimeProvider
{
    private readonly VirtualTimeLimits _limits = limits ?? new VirtualTimeLimits();
    private readonly VirtualTimers _timers = new();
    private readonly VirtualLoop _loop = new();
    private readonly List<TaskCompletionSource> _settling = [];
    private long _ticks = start.UtcTicks;
    private long _steps;
    private long _stepsThisInstant;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Callbacks run so far, over all runs.</summary>
    public long Steps => _steps;

    /// <summary>Timers that are set.</summary>
    public int TimerCount => _timers.Count;

    public override DateTimeOffset GetUtcNow() => new(_ticks, TimeSpan.Zero);

    public override long GetTimestamp() => _ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Runs <paramref name="main"/> to its end on the calling thread. What it leaves behind (posted callbacks, timers)
    /// stays for the next run.
    /// </summary>
    /// <exception cref="VirtualTimeException">Nothing can ever wake the main task, or a limit was met.</exception>
    public void Run(Func<Task> main)
    {
        ArgumentNullException.ThrowIfNull(main);
        var outer = SynchronizationContext.Current;
        _loop.Enter();
        SynchronizationContext.SetSynchronizationContext(_loop);
        try
        {
            var task = main();
            while (!task.IsCompleted) Step();
            _loop.ThrowIfEscaped();
            if (task.Exception is { } failure) ExceptionDispatchInfo.Throw(failure.InnerException ?? failure);
            if (task.IsCanceled) throw new TaskCanceledException(task);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            _loop.Leave();
        }
    }

    /// <inheritdoc cref="Run(Func{Task})"/>
    public T Run<T>(Func<Task<T>> main)
    {
        var result = default(T);
        Run(Keep);
        return result!;

        async Task Keep() => result = await main();
    }

    /// <summary>Completes when nothing is runnable at this instant, before the clock moves.</summary>
    public Task SettleAsync()
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _settling.Add(settled);
        return settled.Task;
    }

    internal void Set(VirtualTimer timer, TimeSpan dueTime) => _timers.Set(timer, _ticks + dueTime.Ticks);

    internal void Clear(VirtualTimer timer) => _timers.Clear(timer);

    private void Step()
    {
        Count();
        if (_loop.RunOne()) return;
        if (_settling.Count > 0)
        {
            var settled = _settling[0];
            _settling.RemoveAt(0);
            settled.SetResult();
            return;
        }
        if (_timers.TryTake(out var timer, out var due))
        {
            if (due > _ticks)
            {
                _ticks = due;
                _stepsThisInstant = 0;
            }
            timer.Fire();
            return;
        }
        throw new VirtualTimeException(
            $"Nothing is runnable and no timer is set at {GetUtcNow():O}, but the main task has not ended: it waits for "
            + "something that nobody will do.");
    }

    private void Count()
    {
        if (++_steps > _limits.Steps)
            throw new VirtualTimeException($"The run did not end within {_limits.Steps} steps (now {GetUtcNow():O}).");
        if (++_stepsThisInstant > _limits.StepsPerInstant)
            throw new VirtualTimeException(
                $"{_limits.StepsPerInstant} steps at {GetUtcNow():O} and the clock still cannot move: two loops keep "
                + "waking each other.");
    }
}

/// <summary>The single-threaded queue of runnable callbacks.</summary>
internal sealed class VirtualLoop : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private readonly Lock _escapes = new();
    private volatile string? _escape;
    private int _thread;

    public void Enter()
    {
        if (_thread != 0) throw new InvalidOperationException("This virtual time is running already.");
        _thread = Environment.CurrentManagedThreadId;
    }

    public void Leave() => _thread = 0;

    public bool RunOne()
    {
        ThrowIfEscaped();
        if (!_ready.TryDequeue(out var next)) return false;
        next.Callback(next.State);
        return true;
    }

    public void ThrowIfEscaped()
    {
        if (_escape is { } trace)
            throw new VirtualTimeException("Work left the virtual loop and came back from another thread:\n" + trace);
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            _ready.Enqueue((d, state));
            return;
        }
        // The queue belongs to the loop's thread. What comes from elsewhere is kept as the reason to stop the run.
        lock (_escapes) _escape ??= Environment.StackTrace;
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new VirtualTimeException("Send from another thread cannot be part of a virtual run.");
        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;
}
