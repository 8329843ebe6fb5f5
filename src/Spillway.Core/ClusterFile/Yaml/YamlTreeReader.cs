using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Spillway.Core.ClusterFile.Yaml;

/// <summary>Turns one YAML document's events into nodes, within bounds that no hand-written file comes near.</summary>
internal sealed class YamlTreeReader(Problems problems, string file, int lineOffset)
{
    /// <summary>Deeper than any Kubernetes type nests; a CustomResourceDefinition's schema comes to about 40.</summary>
    public const int MaxDepth = 100;

    /// <summary>Values in one document with all aliases written out.</summary>
    public const int MaxExpandedNodes = 1_000_000;

    private readonly Dictionary<string, YamlNode> anchors = new(StringComparer.Ordinal);
    private Parser parser = null!;
    private long merged;

    /// <summary>Null when the document is empty or broken; what is broken has been reported.</summary>
    public YamlNode? Read(string text)
    {
        parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                return null;
            parser.Consume<DocumentStart>();
            var root = ReadNode(1);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                throw new Stop(DiagnosticCodes.Syntax, Place(parser.Current!.Start), "text after the document's end");
            CheckSize(root);
            return root is YamlScalar { IsNull: true } ? null : root;
        }
        catch (YamlException exception)
        {
            ReportSyntax(exception, text);
            return null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException
            or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // YamlDotNet's scanner fails so on some damaged input, such as a key in thirty open brackets.
            problems.Error(DiagnosticCodes.Syntax, Place(parser.Current?.End ?? Mark.Empty),
                "this is not YAML: the text after here cannot be made out", "look for brackets or quotes left open");
            return null;
        }
        catch (Stop stop)
        {
            problems.Error(stop.Code, stop.Place, stop.Message, stop.Suggestion);
            return null;
        }
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > MaxDepth)
            throw new Stop(DiagnosticCodes.TooDeep, Place(parser.Current!.Start),
                $"values are nested more than {MaxDepth} deep");
        if (parser.TryConsume<AnchorAlias>(out var alias))
            return Resolve(alias);
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            var tag = scalar.Tag.IsEmpty ? null : scalar.Tag.Value;
            var quoted = scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any);
            return Anchor(scalar, new YamlScalar(Place(scalar.Start), scalar.Value, quoted, tag));
        }

        if (parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new List<YamlNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
                items.Add(ReadNode(depth + 1));
            return Anchor(sequence, new YamlSequence(Place(sequence.Start), items));
        }

        var start = parser.Consume<MappingStart>();
        return Anchor(start, ReadMapping(start, depth));
    }

    private YamlMapping ReadMapping(MappingStart start, int depth)
    {
        var entries = new List<YamlEntry>();
        var keys = new Dictionary<string, SourcePlace>(StringComparer.Ordinal);
        List<YamlNode>? merges = null;
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is not YamlScalar { Value: var name })
            {
                problems.Error(DiagnosticCodes.KeyNotText, key.Place, $"a key must be text, not {key.Describe()}");
                continue;
            }

            if (name == "<<" && key is YamlScalar { Quoted: false })
                (merges ??= []).Add(value);
            else if (keys.TryAdd(name, key.Place))
                entries.Add(new YamlEntry(name, key.Place, value));
            else
                problems.Error(DiagnosticCodes.DuplicateKey, key.Place,
                    $"key '{name}' is already given at line {keys[name].Line}, column {keys[name].Column}",
                    "keep one of the two");
        }

        foreach (var merge in merges ?? [])
            Merge(merge, entries, keys);
        return new YamlMapping(Place(start.Start), entries);
    }

    // YAML 1.1's merge key: what the mapping says itself wins, then the earlier of several.
    private void Merge(YamlNode merge, List<YamlEntry> entries, Dictionary<string, SourcePlace> keys)
    {
        if (merge is YamlSequence several)
        {
            foreach (var item in several.Items)
            {
                if (item is YamlMapping)
                    Merge(item, entries, keys);
                else
                    ReportMerge(item);
            }

            return;
        }

        if (merge is not YamlMapping mapping)
        {
            ReportMerge(merge);
            return;
        }

        merged += mapping.Entries.Count;
        CheckSize(mapping);
        foreach (var entry in mapping.Entries)
        {
            if (keys.TryAdd(entry.Key, entry.KeyPlace))
                entries.Add(entry);
        }
    }

    private void ReportMerge(YamlNode merge) =>
        problems.Error(DiagnosticCodes.BadAlias, merge.Place,
            $"the merge key '<<' takes a mapping or a list of mappings, not {merge.Describe()}");

    private YamlNode Resolve(AnchorAlias alias) =>
        anchors.TryGetValue(alias.Value.Value, out var node)
            ? node
            : throw new Stop(DiagnosticCodes.BadAlias, Place(alias.Start),
                $"'*{alias.Value}' names no anchor that is complete before it",
                $"put '&{alias.Value}' on the value it repeats, further up in the same document");

    private YamlNode Anchor(NodeEvent start, YamlNode node)
    {
        if (!start.Anchor.IsEmpty)
        {
            CheckSize(node);
            anchors[start.Anchor.Value] = node;
        }

        return node;
    }

    private void CheckSize(YamlNode node)
    {
        if (node.ExpandedSize + merged > MaxExpandedNodes)
            throw new Stop(DiagnosticCodes.TooManyAliases, node.Place,
                $"this document comes to more than {MaxExpandedNodes:N0} values once its aliases are written out");
    }

    private SourcePlace Place(Mark mark) => new(file, (int)mark.Line + lineOffset, (int)mark.Column);

    private void ReportSyntax(YamlException exception, string text)
    {
        var line = exception.Message.Contains(" tab ") ? (int?)null : (int)exception.Start.Line;
        if (FindTab(text, line) is { } tab)
        {
            problems.Error(DiagnosticCodes.Tab, new SourcePlace(file, tab.Line + lineOffset, tab.Column),
                "a tab indents this line, and YAML allows only spaces there", "indent with spaces");
            return;
        }

        var message = exception.Message;
        // YamlDotNet puts the place in front: "(Line: 3, Col: 1, Idx: 20) - (…): While scanning …".
        var prefix = message.IndexOf("): ", StringComparison.Ordinal);
        if (message.StartsWith('(') && prefix > 0)
            message = message[(prefix + 3)..];
        message = message.TrimEnd('.', ' ');
        if (message.Length > 0)
            message = char.ToLowerInvariant(message[0]) + message[1..];
        problems.Error(DiagnosticCodes.Syntax, Place(exception.Start), $"this is not YAML: {message}");
    }

    // A tab is noticed by the YAML parser one token late: look at the line of the complaint and the two before; where
    // the parser itself complains of a tab, it names the start of the mapping, so look everywhere.
    private static (int Line, int Column)? FindTab(string text, int? line)
    {
        var number = 0;
        foreach (var current in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line is { } last && number > last + 1)
                break;
            var indent = current.IndexOfAnyExcept(' ', '\t');
            var tab = current[..Math.Max(indent, 0)].IndexOf('\t');
            if ((line is null || number >= line - 2) && tab >= 0)
                return (number, tab + 1);
        }

        return null;
    }

    private sealed class Stop(string code, SourcePlace place, string message, string? suggestion = null)
        : Exception(message)
    {
        public string Code { get; } = code;

        public SourcePlace Place { get; } = place;

        public string? Suggestion { get; } = suggestion;
    }
}
