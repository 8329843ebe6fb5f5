namespace Spillway.Core.Bootstrap;

/// <summary>Text that a shell must take as it is.</summary>
public static class Shell
{
    private const string Harmless = "_-./:=,@%+";

    /// <summary>One word of a command line, whatever is in it.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || Harmless.Contains(c)) ? text : Force(text);

    /// <summary>The same with quotes even where none are needed: a whole command as one word.</summary>
    public static string Force(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A here-document that the shell does not look into, with an end that is no line of the text.</summary>
    public static string HereDocument(string text)
    {
        var end = "END_OF_FILE";
        while (text.Split('\n').Contains(end))
            end += "_";
        return $"<<'{end}'\n{text}{(text.EndsWith('\n') || text.Length == 0 ? "" : "\n")}{end}";
    }
}
