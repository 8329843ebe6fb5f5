using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public enum SelectorOperator { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan }

/// <summary>One condition on one label.</summary>
public sealed record SelectorRequirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            SelectorOperator.In => present && Values.Contains(value!),
            SelectorOperator.NotIn => !present || !Values.Contains(value!),
            SelectorOperator.Exists => present,
            SelectorOperator.DoesNotExist => !present,
            SelectorOperator.GreaterThan => present && Compare(value!) > 0,
            SelectorOperator.LessThan => present && Compare(value!) < 0,
            _ => false,
        };
    }

    private int Compare(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : 0;

    public override string ToString() => Operator switch
    {
        SelectorOperator.In when Values.Count == 1 => $"{Key}={Values[0]}",
        SelectorOperator.In => $"{Key} in ({string.Join(",", Values)})",
        SelectorOperator.NotIn when Values.Count == 1 => $"{Key}!={Values[0]}",
        SelectorOperator.NotIn => $"{Key} notin ({string.Join(",", Values)})",
        SelectorOperator.Exists => Key,
        SelectorOperator.DoesNotExist => "!" + Key,
        SelectorOperator.GreaterThan => $"{Key}>{Values[0]}",
        _ => $"{Key}<{Values[0]}",
    };
}

/// <summary>
/// A label selector in either of its forms: the object form (<c>matchLabels</c>, <c>matchExpressions</c>) and the text
/// form of queries (<c>app=web,tier in (a,b),!canary</c>).
/// </summary>
public sealed class LabelSelector(IReadOnlyList<SelectorRequirement> requirements)
{
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>What a missing selector object means: no object at all.</summary>
    public static LabelSelector Nothing { get; } = new([]) { IsNothing = true };

    public IReadOnlyList<SelectorRequirement> Requirements { get; } = requirements;

    public bool IsNothing { get; private init; }

    public bool IsEverything => !IsNothing && Requirements.Count == 0;

    public static LabelSelector OfLabels(IReadOnlyDictionary<string, string> labels) =>
        new([.. labels.Select(l => new SelectorRequirement(l.Key, SelectorOperator.In, [l.Value]))]);

    /// <summary>Reads the object form. Null selects nothing, an empty object everything.</summary>
    public static LabelSelector Read(JsonObject? selector)
    {
        if (selector is null) return Nothing;
        var requirements = new List<SelectorRequirement>();
        foreach (var (key, value) in selector.MapAt("matchLabels"))
            requirements.Add(new SelectorRequirement(key, SelectorOperator.In, [value]));
        foreach (var expression in selector.ObjectsAt("matchExpressions"))
        {
            if (!Enum.TryParse(expression.Text("operator"), out SelectorOperator op)) return Nothing;
            requirements.Add(
                new SelectorRequirement(expression.Text("key") ?? "", op, [.. expression.TextsAt("values")]));
        }

        return new LabelSelector(requirements);
    }

    public static LabelSelector Parse(string text) =>
        TryParse(text, out var selector, out var error) ? selector : throw new FormatException(error);

    /// <summary>Reads the text form; <paramref name="error"/> says what is wrong with it.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out LabelSelector? selector, [NotNullWhen(false)] out string? error)
    {
        var requirements = new List<SelectorRequirement>();
        var position = 0;
        selector = null;
        error = null;
        SkipBlanks(text, ref position);
        while (position < text.Length)
        {
            if (ReadRequirement(text, ref position) is not { } requirement)
            {
                error = $"unable to parse label selector \"{text}\" at position {position}";
                return false;
            }

            requirements.Add(requirement);
            SkipBlanks(text, ref position);
            if (position == text.Length) break;
            if (text[position] != ',')
            {
                error = $"unable to parse label selector \"{text}\": expected ',' at position {position}";
                return false;
            }

            position++;
        }

        selector = new LabelSelector(requirements);
        return true;
    }

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        if (IsNothing) return false;
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels)) return false;
        }

        return true;
    }

    /// <summary>The text form, for queries and printing.</summary>
    public override string ToString() => IsNothing ? "<none>" : string.Join(",", Requirements);

    private static SelectorRequirement? ReadRequirement(string text, ref int position)
    {
        SkipBlanks(text, ref position);
        var negated = position < text.Length && text[position] == '!';
        if (negated) position++;
        var key = ReadWord(text, ref position);
        if (key.Length == 0) return null;
        if (negated) return new SelectorRequirement(key, SelectorOperator.DoesNotExist, []);
        SkipBlanks(text, ref position);
        if (position == text.Length || text[position] == ',')
            return new SelectorRequirement(key, SelectorOperator.Exists, []);
        if (ReadOperator(text, ref position) is not { } op) return null;
        if (op.IsSet)
            return ReadSet(text, ref position) is { } values ? new SelectorRequirement(key, op.Operator, values) : null;
        var value = ReadWord(text, ref position);
        if (op.Operator is SelectorOperator.GreaterThan or SelectorOperator.LessThan && !long.TryParse(value, out _))
            return null;
        return new SelectorRequirement(key, op.Operator, [value]);
    }

    private static (SelectorOperator Operator, bool IsSet)? ReadOperator(string text, ref int position)
    {
        foreach (var (symbol, op) in Symbols)
        {
            if (string.CompareOrdinal(text, position, symbol, 0, symbol.Length) != 0) continue;
            position += symbol.Length;
            return (op, false);
        }

        return ReadWord(text, ref position) switch
        {
            "in" => (SelectorOperator.In, true),
            "notin" => (SelectorOperator.NotIn, true),
            _ => null,
        };
    }

    private static readonly (string, SelectorOperator)[] Symbols =
    [
        ("==", SelectorOperator.In), ("!=", SelectorOperator.NotIn), ("=", SelectorOperator.In),
        (">", SelectorOperator.GreaterThan), ("<", SelectorOperator.LessThan),
    ];

    private static List<string>? ReadSet(string text, ref int position)
    {
        SkipBlanks(text, ref position);
        if (position == text.Length || text[position] != '(') return null;
        position++;
        var values = new List<string>();
        while (true)
        {
            values.Add(ReadWord(text, ref position));
            SkipBlanks(text, ref position);
            if (position == text.Length) return null;
            var separator = text[position++];
            if (separator == ')') return values;
            if (separator != ',') return null;
        }
    }

    private static string ReadWord(string text, ref int position)
    {
        SkipBlanks(text, ref position);
        var word = new StringBuilder();
        while (position < text.Length
            && (char.IsAsciiLetterOrDigit(text[position]) || text[position] is '-' or '_' or '.' or '/'))
            word.Append(text[position++]);
        return word.ToString();
    }

    private static void SkipBlanks(string text, ref int position)
    {
        while (position < text.Length && text[position] is (' ' or '\t')) position++;
    }
}
