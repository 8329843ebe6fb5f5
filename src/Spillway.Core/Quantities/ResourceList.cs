using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Spillway.Core.Quantities;

/// <summary>Amounts by resource name (<c>cpu</c>, <c>memory</c>, <c>nvidia.com/gpu</c>), always in name order.</summary>
public sealed class ResourceList : IReadOnlyDictionary<string, Quantity>, IEquatable<ResourceList>
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";
    public const string EphemeralStorage = "ephemeral-storage";
    public const string Pods = "pods";

    private readonly SortedDictionary<string, Quantity> amounts = new(StringComparer.Ordinal);

    public ResourceList()
    {
    }

    public ResourceList(IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        foreach (var (name, amount) in amounts)
            this.amounts[name] = amount;
    }

    public static ResourceList Empty { get; } = new();

    public int Count => amounts.Count;

    public IEnumerable<string> Keys => amounts.Keys;

    public IEnumerable<Quantity> Values => amounts.Values;

    /// <summary>The amount, or zero for a resource that is not named.</summary>
    public Quantity this[string key] => amounts.TryGetValue(key, out var amount) ? amount : Quantity.Zero;

    public bool ContainsKey(string key) => amounts.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Quantity value) =>
        amounts.TryGetValue(key, out value);

    public ResourceList With(string name, Quantity amount)
    {
        var copy = new ResourceList(amounts);
        copy.amounts[name] = amount;
        return copy;
    }

    /// <summary>This list with every amount that the other names put in place of its own.</summary>
    public ResourceList Overlay(ResourceList other)
    {
        var copy = new ResourceList(amounts);
        foreach (var (name, amount) in other.amounts)
            copy.amounts[name] = amount;
        return copy;
    }

    public IEnumerator<KeyValuePair<string, Quantity>> GetEnumerator() => amounts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public bool Equals(ResourceList? other)
    {
        if (other is null || other.Count != Count)
            return false;
        foreach (var (name, amount) in amounts)
        {
            if (!other.amounts.TryGetValue(name, out var theirs) || theirs != amount)
                return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ResourceList);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (name, amount) in amounts)
        {
            hash.Add(name, StringComparer.Ordinal);
            hash.Add(amount);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(", ", amounts.Select(pair => $"{pair.Key} {pair.Value}"));
}
