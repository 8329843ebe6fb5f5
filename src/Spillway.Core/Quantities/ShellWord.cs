namespace Spillway.Core.Quantities;

/// <summary>The one place where text becomes a word of a POSIX shell's line.</summary>
public static class ShellWord
{
    /// <summary>
    /// The text as one word that the shell takes literally. Plain words stay as they are; all others go between single
    /// quotes, within which nothing but the quote itself means anything.
    /// </summary>
    /// <exception cref="ArgumentException">The text holds a NUL, which no argument can.</exception>
    public static string Quote(string text)
    {
        if (text.Contains('\0'))
            throw new ArgumentException("no argument of a program can hold a NUL", nameof(text));
        return text.Length > 0 && text.All(IsPlain) ? text : $"'{text.Replace("'", "'\\''")}'";
    }

    // No '~' and '=': both can mean something at the start of a word.
    private static bool IsPlain(char c) =>
        char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or ':' or '@' or ',' or '+' or '%';
}
