namespace Spillway.Sandbox.Time;

/// <summary>The timers that are set, earliest first; equal due times in the order in which they were set.</summary>
internal sealed class VirtualTimers
{
    private readonly PriorityQueue<(VirtualTimer Timer, long Ticket), (long Due, long Ticket)> _queue = new();
    private long _tickets;

    /// <summary>Timers that will fire; the queue also holds entries that a later Change has made stale.</summary>
    public int Count { get; private set; }

    public void Set(VirtualTimer timer, long due)
    {
        Clear(timer);
        timer.Ticket = ++_tickets;
        timer.Due = due;
        Count++;
        _queue.Enqueue((timer, timer.Ticket), (due, timer.Ticket));
        DropStaleEntries();
    }

    public void Clear(VirtualTimer timer)
    {
        if (timer.Ticket == 0) return;
        timer.Ticket = 0;
        Count--;
    }

    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out VirtualTimer? timer, out long due)
    {
        while (_queue.TryDequeue(out var entry, out var priority))
        {
            if (entry.Timer.Ticket != entry.Ticket) continue;
            Clear(entry.Timer);
            timer = entry.Timer;
            due = priority.Due;
            return true;
        }
        timer = null;
        due = 0;
        return false;
    }

    // A timer that is pushed back again and again (a debounce) leaves one stale entry each time.
    private void DropStaleEntries()
    {
        if (_queue.Count < 1024 || _queue.Count < 4 * Count) return;
        var live = new List<((VirtualTimer, long), (long, long))>(Count);
        foreach (var (entry, priority) in _queue.UnorderedItems)
            if (entry.Timer.Ticket == entry.Ticket) live.Add((entry, priority));
        _queue.Clear();
        _queue.EnqueueRange(live);
    }
}

/// <summary>A timer under virtual time; its callback runs on the loop.</summary>
internal sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private TimeSpan _period;
    private bool _disposed;

    /// <summary>Which entry of the queue is this timer's own; 0 while it is not set.</summary>
    internal long Ticket { get; set; }

    internal long Due { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed) return false;
        _period = period;
        if (dueTime == Timeout.InfiniteTimeSpan) time.Clear(this);
        else time.Set(this, dueTime < TimeSpan.Zero ? throw new ArgumentOutOfRangeException(nameof(dueTime)) : dueTime);
        return true;
    }

    public void Dispose()
    {
        _disposed = true;
        time.Clear(this);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Fire()
    {
        // A period of zero means "once", as it does for System.Threading.Timer.
        if (_period > TimeSpan.Zero) time.Set(this, _period);
        if (_context is null) callback(state);
        else ExecutionContext.Run(_context, static timer => ((VirtualTimer)timer!).Call(), this);
    }

    private void Call() => callback(state);
}
