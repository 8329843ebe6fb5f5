namespace Spillway.Kubernetes;

/// <summary>Growing pauses between tries: 0.8 s doubling to 30 s, each stretched by up to its own length at random (client-go's figures).</summary>
internal sealed class Backoff(TimeProvider time, Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private int _failures;

    public void Reset() => _failures = 0;

    /// <summary>Waits for the next pause, or for what the server asked for when that is longer.</summary>
    public Task WaitAsync(TimeSpan? after, CancellationToken cancellationToken)
    {
        var pause = First * Math.Pow(2, Math.Min(_failures++, 10));
        if (pause > Longest) pause = Longest;
        pause *= 1 + random.NextDouble();
        if (after is { } asked && asked > pause) pause = asked;
        return Task.Delay(pause, time, cancellationToken);
    }
}
