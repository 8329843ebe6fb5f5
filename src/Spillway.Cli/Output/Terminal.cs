namespace Spillway.Cli.Output;

/// <summary>Where a command writes: results to standard output, talk to standard error.</summary>
internal sealed record Terminal(TextWriter Out, TextWriter Error)
{
    /// <summary>True when results go to a person's screen, so that tables may be coloured and redrawn.</summary>
    public bool OutIsScreen { get; init; }

    public bool ErrorIsScreen { get; init; }

    /// <summary>Columns of the screen; wide when there is none, so that lines in a pipe are never broken.</summary>
    public int Width { get; init; } = 10_000;

    /// <summary>False on a terminal that only appends (TERM=dumb, or none).</summary>
    public bool IsAnsi { get; init; }

    public static Terminal OfThisProcess()
    {
        var screen = !Console.IsOutputRedirected;
        return new Terminal(Console.Out, Console.Error)
        {
            OutIsScreen = screen,
            ErrorIsScreen = !Console.IsErrorRedirected,
            Width = screen ? ScreenWidth() : 10_000,
            IsAnsi = Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
        };
    }

    /// <summary>Puts the next lines over the last ones, where that is possible.</summary>
    public void Home()
    {
        if (OutIsScreen && IsAnsi) Out.Write("\u001b[H\u001b[J");
    }

    // A terminal that does not tell its size (some CI runners) reports 0.
    private static int ScreenWidth() => Console.WindowWidth is > 0 and var width ? width : 80;
}
