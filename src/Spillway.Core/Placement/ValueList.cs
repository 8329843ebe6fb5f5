using System.Collections;
using System.Runtime.CompilerServices;

namespace Spillway.Core.Placement;

/// <summary>
/// An immutable list that is equal to another with equal elements in the same order: records that hold it keep value
/// equality, which is what puts pods into equivalence classes.
/// </summary>
[CollectionBuilder(typeof(ValueListBuilder), nameof(ValueListBuilder.Create))]
public sealed class ValueList<T> : IReadOnlyList<T>, IEquatable<ValueList<T>>
{
    private readonly T[] items;
    private int hash;

    internal ValueList(T[] items) => this.items = items;

    public static ValueList<T> Empty { get; } = new([]);

    public int Count => items.Length;

    public bool IsEmpty => items.Length == 0;

    public T this[int index] => items[index];

    public ReadOnlySpan<T> Span => items;

    public ReadOnlySpan<T>.Enumerator GetEnumerator() => Span.GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();

    public bool Equals(ValueList<T>? other) => other is not null
        && (ReferenceEquals(this, other)
            || (GetHashCode() == other.GetHashCode() && Span.SequenceEqual(other.Span, EqualityComparer<T>.Default)));

    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    public override int GetHashCode()
    {
        if (hash != 0) return hash;
        var code = new HashCode();
        foreach (var item in items) code.Add(item);
        var result = code.ToHashCode();
        return hash = result == 0 ? 1 : result;
    }

    public override string ToString() => "[" + string.Join(", ", items) + "]";
}

public static class ValueListBuilder
{
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items) =>
        items.IsEmpty ? ValueList<T>.Empty : new ValueList<T>(items.ToArray());

    public static ValueList<T> ToValueList<T>(this IEnumerable<T> items)
    {
        var array = items.ToArray();
        return array.Length == 0 ? ValueList<T>.Empty : new ValueList<T>(array);
    }
}
