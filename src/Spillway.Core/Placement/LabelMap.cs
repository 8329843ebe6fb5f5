using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Spillway.Core.Placement;

/// <summary>Labels or annotations: a small immutable map, sorted by key, equal by value.</summary>
public sealed class LabelMap : IReadOnlyCollection<KeyValuePair<string, string>>, IEquatable<LabelMap>
{
    private readonly KeyValuePair<string, string>[] pairs;
    private int hash;

    private LabelMap(KeyValuePair<string, string>[] sorted) => pairs = sorted;

    public static LabelMap Empty { get; } = new([]);

    public int Count => pairs.Length;

    public ReadOnlySpan<KeyValuePair<string, string>> Span => pairs;

    public string? this[string key] => TryGetValue(key, out var value) ? value : null;

    /// <summary>The last pair of a repeated key wins, as in JSON.</summary>
    public static LabelMap From(IEnumerable<KeyValuePair<string, string>> labels) => FromArray(labels.ToArray());

    public static LabelMap Of(params (string Key, string Value)[] labels) =>
        From(labels.Select(label => KeyValuePair.Create(label.Key, label.Value)));

    internal static LabelMap FromArray(KeyValuePair<string, string>[] labels)
    {
        if (labels.Length == 0) return Empty;
        var sorted = true;
        for (var i = 1; i < labels.Length && sorted; i++)
            sorted = string.CompareOrdinal(labels[i - 1].Key, labels[i].Key) < 0;
        if (sorted) return new LabelMap(labels);

        // A stable sort keeps the last of equal keys behind the others, where the loop below finds it.
        var ordered = labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var count = 0;
        for (var i = 0; i < ordered.Length; i++)
        {
            if (i + 1 < ordered.Length && ordered[i].Key == ordered[i + 1].Key) continue;
            ordered[count++] = ordered[i];
        }
        return new LabelMap(ordered[..count]);
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
    {
        int low = 0, high = pairs.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = string.CompareOrdinal(pairs[middle].Key, key);
            if (order == 0)
            {
                value = pairs[middle].Value;
                return true;
            }
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }
        value = null;
        return false;
    }

    public LabelMap With(string key, string value) => FromArray([.. pairs, KeyValuePair.Create(key, value)]);

    public ReadOnlySpan<KeyValuePair<string, string>>.Enumerator GetEnumerator() => Span.GetEnumerator();

    IEnumerator<KeyValuePair<string, string>> IEnumerable<KeyValuePair<string, string>>.GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)pairs).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => pairs.GetEnumerator();

    public bool Equals(LabelMap? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || pairs.Length != other.pairs.Length || GetHashCode() != other.GetHashCode()) return false;
        for (var i = 0; i < pairs.Length; i++)
        {
            if (pairs[i].Key != other.pairs[i].Key || pairs[i].Value != other.pairs[i].Value) return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as LabelMap);

    public override int GetHashCode()
    {
        if (hash != 0) return hash;
        var code = new HashCode();
        foreach (var (key, value) in pairs)
        {
            code.Add(key);
            code.Add(value);
        }
        var result = code.ToHashCode();
        return hash = result == 0 ? 1 : result;
    }

    public override string ToString() => string.Join(",", pairs.Select(pair => $"{pair.Key}={pair.Value}"));
}
