using Microsoft.Extensions.Logging;

namespace Spillway.Tests.Controllers;

/// <summary>Writes what the controllers log into the test's output.</summary>
internal sealed class OutputLog(ITestOutputHelper output, TimeProvider? time = null) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        output.WriteLine($"{time?.GetUtcNow():HH:mm:ss.fff} {logLevel}: {formatter(state, exception)} {exception}");
}
