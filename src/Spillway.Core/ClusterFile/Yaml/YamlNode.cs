namespace Spillway.Core.ClusterFile.Yaml;

/// <summary>A YAML value with its place. An alias is the very node it stands for, so trees share branches.</summary>
internal abstract class YamlNode(SourcePlace place)
{
    public SourcePlace Place { get; } = place;

    /// <summary>How many nodes this would be with every alias written out; saturates.</summary>
    public long ExpandedSize { get; protected init; } = 1;

    public abstract string Describe();

    protected static long Add(long left, long right) => Math.Min(left + right, int.MaxValue);
}

internal sealed class YamlScalar(SourcePlace place, string value, bool quoted, string? tag) : YamlNode(place)
{
    public string Value { get; } = value;

    /// <summary>Quoted or block scalars are always text.</summary>
    public bool Quoted { get; } = quoted;

    public string? Tag { get; } = tag;

    public bool IsNull => !Quoted && Tag is null && Value is "" or "~" or "null" or "Null" or "NULL";

    public override string Describe() => IsNull ? "nothing" : $"'{Value}'";
}

internal sealed class YamlSequence : YamlNode
{
    public YamlSequence(SourcePlace place, IReadOnlyList<YamlNode> items)
        : base(place)
    {
        Items = items;
        foreach (var item in items)
            ExpandedSize = Add(ExpandedSize, item.ExpandedSize);
    }

    public IReadOnlyList<YamlNode> Items { get; }

    public override string Describe() => "a list";
}

internal sealed record YamlEntry(string Key, SourcePlace KeyPlace, YamlNode Value);

internal sealed class YamlMapping : YamlNode
{
    public YamlMapping(SourcePlace place, IReadOnlyList<YamlEntry> entries)
        : base(place)
    {
        Entries = entries;
        foreach (var entry in entries)
            ExpandedSize = Add(ExpandedSize, entry.Value.ExpandedSize + 1);
    }

    public IReadOnlyList<YamlEntry> Entries { get; }

    public YamlEntry? Find(string key)
    {
        foreach (var entry in Entries)
        {
            if (entry.Key == key)
                return entry;
        }

        return null;
    }

    public override string Describe() => "a mapping";
}
