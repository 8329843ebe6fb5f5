using Spectre.Console;

namespace Spillway.Cli.Output;

/// <summary>Where a command writes: results to standard output, talk to standard error.</summary>
internal sealed record Terminal(TextWriter Out, TextWriter Error)
{
    /// <summary>True when results go to a person's screen, so that tables may be coloured and redrawn.</summary>
    public bool OutIsScreen { get; init; }

    public bool ErrorIsScreen { get; init; }

    /// <summary>Columns of the screen; wide when there is none, so that lines in a pipe are never broken.</summary>
    public int Width { get; init; } = 10_000;

    /// <summary>False when NO_COLOR is set (no-color.org) or TERM is dumb.</summary>
    public bool Color { get; init; }

    public static Terminal OfThisProcess()
    {
        var noColor = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") is "dumb";
        var screen = !Console.IsOutputRedirected;
        return new Terminal(Console.Out, Console.Error)
        {
            OutIsScreen = screen,
            ErrorIsScreen = !Console.IsErrorRedirected,
            Width = screen ? ScreenWidth() : 10_000,
            Color = screen && !noColor,
        };
    }

    /// <summary>Tables and markup on standard output, as wide and as colourful as it can show.</summary>
    public IAnsiConsole Styled()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Color ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = Color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(Out),
        });
        console.Profile.Width = Width;
        return console;
    }

    // A terminal that does not tell its size (some CI runners) reports 0.
    private static int ScreenWidth() => Console.WindowWidth is > 0 and var width ? width : 80;
}
