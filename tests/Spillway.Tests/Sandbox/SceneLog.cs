using Microsoft.Extensions.Logging;

namespace Spillway.Tests.Sandbox;

/// <summary>Keeps what the cluster logged, to be shown when a scene fails.</summary>
internal sealed class SceneLog(TimeProvider time) : ILogger
{
    private readonly List<string> _lines = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
            string> formatter)
    {
        var text = formatter(state, exception);

        // Dozens of informers and loops say so at the end of every scene.
        if (text.EndsWith(" stopped", StringComparison.Ordinal)) return;
        _lines.Add($"{time.GetUtcNow():HH:mm:ss.fff} {logLevel}: {text} {exception}");
    }

    public string Last(int count) => string.Join('\n', _lines.TakeLast(count));
}
