namespace Spillway.Sandbox.Time;

/// <summary>
/// The system's clock, running faster from the moment this object is made: <c>--speed 60</c>. A cluster that ran ahead
/// of the wall once goes on from where it was: time never goes back for it.
/// </summary>
public sealed class SpedUpTime : TimeProvider
{
    private readonly TimeProvider _wall;
    private readonly double _factor;
    private readonly DateTimeOffset _start;
    private readonly long _startTimestamp;

    /// <param name="factor">How many seconds pass in one second of <paramref name="wall"/>; above zero.</param>
    /// <param name="wall">The clock that is sped up; the system's when null.</param>
    /// <param name="start">The first moment; the wall's when null.</param>
    public SpedUpTime(double factor, TimeProvider? wall = null, DateTimeOffset? start = null)
    {
        if (!(factor > 0) || double.IsInfinity(factor))
            throw new ArgumentOutOfRangeException(nameof(factor), factor, "The speed must be a number above zero.");
        _wall = wall ?? System;
        _factor = factor;
        _start = start ?? _wall.GetUtcNow();
        _startTimestamp = _wall.GetTimestamp();
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => _wall.LocalTimeZone;

    public override long GetTimestamp() => (long)(_wall.GetElapsedTime(_startTimestamp).Ticks * _factor);

    // From the monotonic timestamp, so that a correction of the host's clock is not sped up as well.
    public override DateTimeOffset GetUtcNow() => _start + new TimeSpan(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new SpedUpTimer(_wall.CreateTimer(callback, state, Shorten(dueTime), Shorten(period)), this);

    private TimeSpan Shorten(TimeSpan span)
    {
        if (span <= TimeSpan.Zero) return span;
        // The system's timers count whole milliseconds and 0 as a period means "once".
        return TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(span.TotalMilliseconds / _factor)));
    }

    private sealed class SpedUpTimer(ITimer inner, SpedUpTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            inner.Change(time.Shorten(dueTime), time.Shorten(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
