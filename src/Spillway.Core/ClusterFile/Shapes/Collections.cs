using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Yaml;

namespace Spillway.Core.ClusterFile.Shapes;

internal sealed class ListShape<T>(Shape<T> item, string words) : Shape<IReadOnlyList<T>>
{
    public override string Words => words;

    public override bool TryRead(
        YamlNode node, Problems problems, [MaybeNullWhen(false)] out IReadOnlyList<T> value)
    {
        value = null;
        if (node is not YamlSequence sequence)
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place, $"{words} is needed here, not {node.Describe()}",
                node is YamlMapping ? "begin each item with '- '" : $"write [{(node as YamlScalar)?.Value}]");
            return false;
        }

        // An item that is wrong has been reported; the others are still worth checking.
        var items = new List<T>(sequence.Items.Count);
        foreach (var child in sequence.Items)
        {
            if (item.TryRead(child, problems, out var read))
                items.Add(read);
        }

        value = items;
        return true;
    }

    public override JsonObject Schema() => new() { ["type"] = "array", ["items"] = item.Schema() };

    public override IEnumerable<ObjectOutline> Objects() => item.Objects();
}

/// <summary>Free keys with values of one shape: labels, capacities.</summary>
internal sealed class MapShape<TValue, TMap>(
    string words, Shape<TValue> item, Func<string, string?> checkKey, Func<SortedDictionary<string, TValue>, TMap> wrap)
    : Shape<TMap>
    where TMap : class
{
    public override string Words => words;

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out TMap value)
    {
        value = null;
        if (node is not YamlMapping mapping)
        {
            problems.Error(DiagnosticCodes.WrongType, node.Place, $"{words} is needed here, not {node.Describe()}",
                "write key: value pairs");
            return false;
        }

        var entries = new SortedDictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            if (checkKey(entry.Key) is { } complaint)
                problems.Error(DiagnosticCodes.Malformed, entry.KeyPlace, complaint);
            else if (item.TryRead(entry.Value, problems, out var read))
                entries[entry.Key] = read;
        }

        value = wrap(entries);
        return true;
    }

    public override JsonObject Schema() => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = item.Schema(),
    };
}

/// <summary>A value that may be written in two ways: a taint as text or as a mapping.</summary>
internal sealed class EitherShape<T>(Shape<T> scalar, Shape<T> mapping) : Shape<T>
{
    public override string Words => scalar.Words;

    public override bool TryRead(YamlNode node, Problems problems, [MaybeNullWhen(false)] out T value) =>
        node is YamlMapping ? mapping.TryRead(node, problems, out value) : scalar.TryRead(node, problems, out value);

    public override JsonObject Schema() => new() { ["anyOf"] = new JsonArray(scalar.Schema(), mapping.Schema()) };

    public override IEnumerable<ObjectOutline> Objects() => mapping.Objects();
}
