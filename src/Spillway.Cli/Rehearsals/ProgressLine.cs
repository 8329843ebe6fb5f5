using System.Diagnostics;
using Spillway.Cli.Output;
using Spillway.Cli.Reports;
using Spillway.Core.Rehearsals;

namespace Spillway.Cli.Rehearsals;

/// <summary>How far a rehearsal is: one line that is redrawn on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProgressLine(Terminal terminal) : IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Plain = TimeSpan.FromSeconds(10);

    private readonly long began = Stopwatch.GetTimestamp();
    private long shown = Stopwatch.GetTimestamp();
    private bool drawn;

    public void Show(RehearsalProgress progress)
    {
        var often = terminal.ErrorIsScreen ? Redraw : Plain;
        if (Stopwatch.GetElapsedTime(shown) < often) return;
        shown = Stopwatch.GetTimestamp();
        var part = progress.Jobs == 0 ? 0 : (double)progress.Done / progress.Jobs;
        var spent = Stopwatch.GetElapsedTime(began);
        var left = part > 0.01 ? $", {ReportTables.Text(spent * ((1 - part) / part))} left" : "";
        var words = progress.Jobs == 0
            ? $"{ReportTables.Text(progress.At)} of cluster time"
            : $"{progress.Done} of {progress.Jobs} jobs, {ReportTables.Text(progress.At)} of cluster time{left}";
        if (terminal.ErrorIsScreen)
        {
            var full = (int)(part * BarWidth);
            var bar = progress.Jobs == 0 ? "" : $"[{new string('#', full)}{new string('.', BarWidth - full)}] ";
            terminal.Error.Write($"\r{bar}{words}   ");
            drawn = true;
        }
        else terminal.Error.WriteLine($"rehearsing: {words}");
    }

    public void Dispose()
    {
        if (drawn) terminal.Error.Write($"\r{new string(' ', BarWidth + 60)}\r");
    }
}
