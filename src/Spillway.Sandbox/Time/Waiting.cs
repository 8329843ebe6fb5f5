namespace Spillway.Sandbox.Time;

internal static class Waiting
{
    /// <summary>
    /// Waits at least this long. Task.Delay cuts to whole milliseconds: a loop that waits for the rest of one would spin,
    /// and for ever where the clock only moves when everybody waits.
    /// </summary>
    public static Task WaitAtLeast(this TimeProvider time, TimeSpan span, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(span.TotalMilliseconds)), time, cancellationToken);
}
