using System.Text.RegularExpressions;

namespace Spillway.Core.Tests.Rules;

/// <summary>The house rules of CONTRIBUTING.md that no analyzer holds.</summary>
public sealed partial class StyleTests
{
    // Interfaces with one shipping implementation today, each with its reason.
    private static readonly HashSet<string> LoneInterfaces =
    [
        "ICloud", "IHost", "IKubernetesTransport",
    ];

    [Fact]
    public void Files_stay_under_400_lines() =>
        Complaints((file, lines) => lines.Length > 400 ? [$"{lines.Length} lines"] : []).ShouldBeEmpty();

    [Fact]
    public void Lines_stay_under_120_columns_or_hold_a_long_text() =>
        Complaints((_, lines) => lines
            .Select((line, index) => (line, index))
            .Where(item => item.line.Length > 120)
            .Where(item => !item.line.Contains("http") && !LongText().IsMatch(item.line))
            .Select(item => $"line {item.index + 1} has {item.line.Length} columns")).ShouldBeEmpty();

    [Fact]
    public void Type_names_say_what_the_thing_is() =>
        Complaints((_, lines) => lines.SelectMany(line => VagueName().Matches(line)).Select(match => match.Value))
            .ShouldBeEmpty();

    [Fact]
    public void No_catch_is_empty() =>
        Complaints((_, lines) => EmptyCatch().Matches(string.Join('\n', lines)).Select(match => match.Value))
            .ShouldBeEmpty();

    [Fact]
    public void Unfinished_work_carries_an_issue_number() =>
        Complaints((file, lines) => file.EndsWith("StyleTests.cs")
            ? []
            : lines.Where(line => Unfinished().IsMatch(line)).Select(line => line.Trim())).ShouldBeEmpty();

    [Fact]
    public void Interfaces_have_two_implementations_or_a_reason()
    {
        var code = Repository.SourceFiles()
            .Where(file => Repository.Relative(file).StartsWith("src/"))
            .Select(File.ReadAllText)
            .ToList();
        var interfaces = code.SelectMany(text => Interface().Matches(text)).Select(match => match.Groups[1].Value);

        var lone = interfaces.Distinct().Where(name => !LoneInterfaces.Contains(name)
            && code.Sum(text => Regex.Count(text, $@"(?:class|record|struct)\b[^{{;]*[:,]\s*{name}\b")) < 2);

        lone.ShouldBeEmpty();
    }

    private static IReadOnlyList<string> Complaints(Func<string, string[], IEnumerable<string>> check) =>
        [.. Repository.SourceFiles().SelectMany(file =>
            check(file, File.ReadAllLines(file)).Select(complaint => $"{Repository.Relative(file)}: {complaint}"))];

    // A line that is mostly one text: a message, a JSON sample, a case of a theory.
    [GeneratedRegex(@"""[^""]{40,}""|""""""|\\""|^\s*(///|//|\[InlineData|\{ ?""|\[\{""|""|: ?\$?"")")]
    private static partial Regex LongText();

    [GeneratedRegex(@"\b(?:class|record|struct|interface)\s+\w*(?:Manager|Helpers?|Utils?|Impl|Processor|Base)\b")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"catch\s*(\([^)]*\))?\s*(when\s*\([^{]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK)\b(?!\(#\d+\))")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\binterface\s+(I[A-Z]\w*)")]
    private static partial Regex Interface();
}
