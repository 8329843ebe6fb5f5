namespace Spillway.Core.ClusterFile;

/// <summary>A place in a file; line and column count from 1, a column is one UTF-16 character.</summary>
public readonly record struct SourcePlace(string File, int Line, int Column)
{
    public static SourcePlace None { get; } = new("", 0, 0);

    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>
/// Where an element of the file and each of its keys were written. Two elements that say the same are equal
/// wherever they stand, so places never take part in equality.
/// </summary>
public sealed class SourcePlaces(
    SourcePlace start, IReadOnlyDictionary<string, SourcePlace> keys, IReadOnlySet<string>? unreadable = null)
    : IEquatable<SourcePlaces>
{
    public static SourcePlaces None { get; } = new(SourcePlace.None, new Dictionary<string, SourcePlace>());

    public SourcePlace Start { get; } = start;

    /// <summary>The place of a key's value, or of the element where the key was left out.</summary>
    public SourcePlace this[string key] => keys.TryGetValue(key, out var place) ? place : Start;

    public bool Has(string key) => keys.ContainsKey(key);

    /// <summary>The key was written with something wrong in it, and that has been reported: its absence has not.</summary>
    public bool IsUnreadable(string key) => unreadable?.Contains(key) ?? false;

    public bool Equals(SourcePlaces? other) => other is not null;

    public override bool Equals(object? obj) => obj is SourcePlaces;

    public override int GetHashCode() => 0;
}
