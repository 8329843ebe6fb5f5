using Microsoft.Extensions.Logging;

namespace Spillway.Cli.Output;

/// <summary>What the cluster's parts log, as plain lines for <c>--verbose</c>.</summary>
internal sealed class ConsoleLogger(TextWriter writer) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        var cause = exception is null ? "" : $": {exception.GetType().Name}: {exception.Message}";
        writer.WriteLine($"{logLevel.ToString().ToLowerInvariant(),-11} {formatter(state, exception)}{cause}");
    }
}
