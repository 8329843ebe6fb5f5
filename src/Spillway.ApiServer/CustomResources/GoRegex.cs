using System.Text.RegularExpressions;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// Patterns in Go's RE2 syntax, run by .NET's engine. The non-backtracking engine keeps RE2's promise of linear time;
/// a pattern it cannot take (word boundaries in sets and the like) falls back to the backtracking one with a time limit.
/// </summary>
internal static class GoRegex
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Null when the pattern is not valid.</summary>
    public static Regex? TryCompile(string pattern)
    {
        var translated = Translate(pattern);
        try
        {
            return new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Limit);
        }
        catch (NotSupportedException)
        {
            // Look-arounds and back references: RE2 has neither, so the pattern is as invalid here as there.
            return null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>RE2's classes and anchors in .NET's words.</summary>
    private static string Translate(string pattern)
    {
        if (pattern.Contains("[[:", StringComparison.Ordinal) || pattern.Contains(":]", StringComparison.Ordinal))
        {
            foreach (var (name, set) in PosixClasses)
                pattern = pattern.Replace(name, set, StringComparison.Ordinal);
        }

        // In Go $ means the very end unless (?m) is set; in .NET it also matches before a last newline.
        if (!pattern.EndsWith('$') || pattern.Contains("(?m", StringComparison.Ordinal)) return Digits(pattern);
        var slashes = 0;
        for (var i = pattern.Length - 2; i >= 0 && pattern[i] == '\\'; i--) slashes++;
        return Digits(slashes % 2 == 0 ? pattern[..^1] + "\\z" : pattern);
    }

    /// <summary>\d and \w are ASCII in Go, Unicode in .NET.</summary>
    private static string Digits(string pattern)
    {
        if (!pattern.Contains('\\', StringComparison.Ordinal)) return pattern;
        var text = new System.Text.StringBuilder(pattern.Length + 16);
        var inSet = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c != '\\' || i + 1 == pattern.Length)
            {
                if (c == '[') inSet = true;
                if (c == ']') inSet = false;
                text.Append(c);
                continue;
            }

            var escaped = pattern[++i];
            text.Append(escaped switch
            {
                'd' => inSet ? "0-9" : "[0-9]",
                'w' => inSet ? "0-9A-Za-z_" : "[0-9A-Za-z_]",
                'D' when !inSet => "[^0-9]",
                'W' when !inSet => "[^0-9A-Za-z_]",
                's' => inSet ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]",
                _ => "\\" + escaped,
            });
        }

        return text.ToString();
    }

    private static readonly (string, string)[] PosixClasses =
    [
        ("[:alnum:]", "0-9A-Za-z"), ("[:alpha:]", "A-Za-z"), ("[:digit:]", "0-9"), ("[:lower:]", "a-z"),
        ("[:upper:]", "A-Z"), ("[:space:]", "\\t\\n\\v\\f\\r "), ("[:word:]", "0-9A-Za-z_"),
            ("[:xdigit:]", "0-9A-Fa-f"),
        ("[:punct:]", "!-/:-@\\[-`{-~"), ("[:print:]", " -~"), ("[:graph:]", "!-~"),
    ];
}
