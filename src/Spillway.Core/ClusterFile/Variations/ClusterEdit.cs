using System.Globalization;
using Spillway.Core.ClusterFile.Shapes;
using Spillway.Core.ClusterFile.Yaml;

namespace Spillway.Core.ClusterFile.Variations;

/// <summary>
/// Makes one change in a Cluster document. What is put in has the place of what it replaces, so that checks complain
/// about the line that would have to be changed.
/// </summary>
internal sealed class ClusterEdit
{
    private const string Root = "spec";

    // Mappings whose keys are free: what follows is one key, whatever dots it has.
    private static readonly string[] FreeKeys = ["capacity", "labels", "names", "registries"];

    // What belongs to one host and cannot be a copy's.
    private static readonly string[] OneHosts = ["address", "overlayAddress", "ssh", "publicKey", "podCidr"];

    private readonly ClusterChange change;
    private readonly Problems problems;

    private ClusterEdit(ClusterChange change, Problems problems)
    {
        this.change = change;
        this.problems = problems;
    }

    public static YamlMapping Apply(YamlMapping document, ClusterChange change, Problems problems)
    {
        var path = change.Path.Split('.');
        if (path[0] != Root) path = [Root, .. path];
        return (YamlMapping)new ClusterEdit(change, problems).Edit(document, path, "the document");
    }

    private YamlNode Edit(YamlNode node, ReadOnlySpan<string> path, string where)
    {
        if (path.IsEmpty) return Value(node.Place);
        switch (node)
        {
            case YamlSequence list when path[0].StartsWith('+'):
                return Copies(list, string.Join('.', path)[1..], where);
            case YamlSequence list:
                return Item(list, path, where);
            case YamlMapping mapping:
                return Entry(mapping, path, where);
            case YamlScalar { IsNull: true }:
                return Entry(new YamlMapping(node.Place, []), path, where);
            default:
                Complain(node.Place, $"{where} is {node.Describe()} and has no '{path[0]}'");
                return node;
        }
    }

    // A key may hold dots itself, nvidia.com/gpu: the longest that is there is meant.
    private YamlMapping Entry(YamlMapping mapping, ReadOnlySpan<string> path, string where)
    {
        for (var length = path.Length; length > 0; length--)
        {
            var key = string.Join('.', path[..length]);
            if (mapping.Find(key) is not { } entry) continue;
            var edited = entry with { Value = Edit(entry.Value, path[length..], key) };
            return new YamlMapping(
                mapping.Place, [.. mapping.Entries.Select(other => other == entry ? edited : other)]);
        }

        var whole = FreeKeys.Contains(where) ? path.Length : 1;
        var added = string.Join('.', path[..whole]);
        var value = Edit(new YamlScalar(mapping.Place, "", quoted: false, tag: null), path[whole..], added);
        return new YamlMapping(mapping.Place, [.. mapping.Entries, new YamlEntry(added, mapping.Place, value)]);
    }

    private YamlSequence Item(YamlSequence list, ReadOnlySpan<string> path, string where)
    {
        var items = list.Items.ToArray();
        if (path[0] == "*")
        {
            for (var index = 0; index < items.Length; index++) items[index] = Edit(items[index], path[1..], where);
            return new YamlSequence(list.Place, items);
        }

        for (var length = path.Length; length > 0; length--)
        {
            var found = Find(items, string.Join('.', path[..length]));
            if (found < 0) continue;
            items[found] = Edit(items[found], path[length..], where);
            return new YamlSequence(list.Place, items);
        }

        Missing(list, path[0], where);
        return list;
    }

    private YamlSequence Copies(YamlSequence list, string name, string where)
    {
        var found = Find(list.Items, name);
        if (found < 0 || list.Items[found] is not YamlMapping original)
        {
            Missing(list, name, where);
            return list;
        }

        var readable = int.TryParse(
            change.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count);
        if (!readable || count is < -1 or > MachineCopies.Most)
        {
            problems.Error(DiagnosticCodes.Malformed, original.Place,
                $"'{change.Value}' is no number of copies of {name}",
                $"write how many more there are to be, up to {MachineCopies.Most}; -1 takes it away");
            return list;
        }

        if (count < 0) return new YamlSequence(list.Place, [.. list.Items.Where((_, index) => index != found)]);
        var names = list.Items.Select(NameOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var copies = MachineCopies.Names(name, names, count).Select(copy => Copy(original, copy));
        return new YamlSequence(list.Place, [.. list.Items, .. copies]);
    }

    private static YamlMapping Copy(YamlMapping original, string name) => new(original.Place,
    [
        .. original.Entries.Where(entry => !OneHosts.Contains(entry.Key)).Select(entry => entry.Key == "name"
            ? entry with { Value = new YamlScalar(entry.Value.Place, name, quoted: true, tag: null) }
            : entry),
    ]);

    private static int Find(IReadOnlyList<YamlNode> items, string name)
    {
        for (var index = 0; index < items.Count; index++)
        {
            if (NameOf(items[index]) == name) return index;
        }

        var isIndex = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var place);
        return isIndex && place < items.Count ? place : -1;
    }

    private static string? NameOf(YamlNode item) => item is YamlMapping mapping
        ? ((mapping.Find("name") ?? mapping.Find("model"))?.Value as YamlScalar)?.Value
        : (item as YamlScalar)?.Value;

    private void Missing(YamlSequence list, string name, string where)
    {
        var names = list.Items.Select(NameOf).OfType<string>().ToArray();
        var close = Spelling.Closest(name, names);
        Complain(list.Place, $"there is no '{name}' in {where}", close is not null ? $"did you mean '{close}'?"
            : names.Length == 0 ? "it is empty" : $"there are {string.Join(", ", names.Take(8))}"
                + (names.Length > 8 ? ", …" : ""));
    }

    private YamlNode Value(SourcePlace place)
    {
        var own = new Problems();
        var read = new YamlTreeReader(own, place.File, 0).Read(change.Value);
        if (own.HasErrors) Complain(place, $"'{change.Value}' is not a value as YAML writes them", "quote it");
        return read is null ? new YamlScalar(place, "", quoted: false, tag: null) : At(place, read);
    }

    private static YamlNode At(SourcePlace place, YamlNode node) => node switch
    {
        YamlScalar scalar => new YamlScalar(place, scalar.Value, scalar.Quoted, scalar.Tag),
        YamlSequence list => new YamlSequence(place, [.. list.Items.Select(item => At(place, item))]),
        YamlMapping mapping => new YamlMapping(place, [.. mapping.Entries.Select(entry =>
            new YamlEntry(entry.Key, place, At(place, entry.Value)))]),
        _ => node,
    };

    private void Complain(SourcePlace place, string message, string? suggestion = null) =>
        problems.Error(DiagnosticCodes.NothingToVary, place, message, suggestion);
}
