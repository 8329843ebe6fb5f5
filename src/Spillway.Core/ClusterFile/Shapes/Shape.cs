using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Yaml;

namespace Spillway.Core.ClusterFile.Shapes;

/// <summary>
/// What a value of the file may look like. One description drives the reader, the JSON Schema for editors and the
/// reference page, so the three cannot disagree.
/// </summary>
internal abstract class Shape
{
    /// <summary>In a few words, for messages and the reference: "a duration", "a list of taints".</summary>
    public abstract string Words { get; }

    /// <summary>The JSON Schema of the value; objects refer to each other by <c>$defs</c>.</summary>
    public abstract JsonObject Schema();

    /// <summary>Objects reachable from here, for the reference and the schema's definitions.</summary>
    public virtual IEnumerable<ObjectOutline> Objects() => [];
}

internal abstract class Shape<T> : Shape
{
    /// <summary>False when the value is unusable; why has then been reported.</summary>
    public abstract bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value);
}

internal delegate bool TryParse<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>A single value that is read from its text.</summary>
/// <param name="noun">"a duration".</param>
/// <param name="example">"90s, 5m, 1h30m": goes into the message of a value that cannot be read.</param>
/// <param name="jsonType">JSON Schema's type, or several.</param>
internal sealed class ScalarShape<T>(
    string noun, string example, TryParse<T> parse, Func<string, string?>? hint = null, params string[] jsonType)
    : Shape<T>
{
    /// <summary>A regular expression for editors; the reader itself uses the parser.</summary>
    public string? Pattern { get; init; }

    public override string Words => noun;

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is not YamlScalar scalar || scalar.IsNull)
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place, $"{noun} is needed here, not {node.Describe()}",
                $"for example {example}");
            return false;
        }

        if (parse(scalar.Value, out value))
            return true;
        problems.Error(DiagnosticCodes.Malformed, node.Place, $"'{scalar.Value}' is not {noun}",
            hint?.Invoke(scalar.Value) ?? $"write it as {example}");
        return false;
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = jsonType switch
        {
            [] => "string",
            [var one] => one,
            _ => new JsonArray([.. jsonType.Select(type => (JsonNode)type)]),
        } };
        if (Pattern is not null)
            schema["pattern"] = Pattern;
        return schema;
    }
}

/// <summary>A whole number or fraction in a range.</summary>
internal sealed class NumberShape<T>(T least, T most, bool integer) : Shape<T>
    where T : struct, IParsable<T>, IComparable<T>
{
    public override string Words => integer ? "a whole number" : "a number";

    public override bool TryRead(YamlNode node, Problems problems, out T value)
    {
        value = default;
        if (node is not YamlScalar scalar || !T.TryParse(scalar.Value, null, out value))
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place, $"{Words} is needed here, not {node.Describe()}");
            return false;
        }

        if (value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0)
            return true;
        var bound = most.ToString() == int.MaxValue.ToString() ? $"at least {least}" : $"from {least} to {most}";
        problems.Error(DiagnosticCodes.OutOfRange, node.Place, $"{value} is out of range: it must be {bound}");
        return false;
    }

    public override JsonObject Schema()
    {
        var schema = new JsonObject
        {
            ["type"] = integer ? "integer" : "number",
            ["minimum"] = JsonValue.Create(least),
        };
        if (most.ToString() != int.MaxValue.ToString())
            schema["maximum"] = JsonValue.Create(most);
        return schema;
    }
}

/// <summary>true/false, also as <c>on</c>/<c>off</c> and <c>yes</c>/<c>no</c>.</summary>
internal sealed class BooleanShape(string yes, string no) : Shape<bool>
{
    public override string Words => $"{yes} or {no}";

    public override bool TryRead(YamlNode node, Problems problems, out bool value)
    {
        var read = node is YamlScalar scalar ? YamlJson.ToBoolean(scalar.Value) : null;
        value = read ?? false;
        if (read is null)
            problems.Error(DiagnosticCodes.NotAChoice, node.Place,
                $"{yes} or {no} is needed here, not {node.Describe()}");
        return read is not null;
    }

    public override JsonObject Schema() => new()
    {
        ["enum"] = new JsonArray(true, false, "on", "off", "yes", "no"),
    };
}

/// <summary>One of a few words.</summary>
internal sealed class ChoiceShape<T>(params (string Word, T Value)[] choices) : Shape<T>
{
    public override string Words => string.Join(" \\| ", choices.Select(choice => $"`{choice.Word}`"));

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        var words = string.Join(", ", choices.Select(choice => choice.Word));
        if (node is not YamlScalar scalar || scalar.IsNull)
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place,
                $"one of {words} is needed here, not {node.Describe()}");
            return false;
        }

        // YAML 1.1 reads a bare off as false, and people write either.
        var text = scalar is { Quoted: false, Value: "false" or "no" } ? "off" : scalar.Value;
        foreach (var (word, choice) in choices)
        {
            if (word != text)
                continue;
            value = choice;
            return true;
        }

        var close = Spelling.Closest(scalar.Value, choices.Select(choice => choice.Word));
        problems.Error(DiagnosticCodes.NotAChoice, node.Place, $"'{scalar.Value}' is none of {words}",
            close is null ? null : $"did you mean '{close}'?");
        return false;
    }

    public override JsonObject Schema() => new()
    {
        ["enum"] = new JsonArray([.. choices.Select(choice => (JsonNode)choice.Word)]),
    };
}
