using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement;

/// <summary>
/// Exact amounts by resource name: CPU in thousandths of a core, all else in whole units (bytes, devices, pods). Absent
/// means none. Amounts are rounded up when read, as Kubernetes does, so that a request is never taken for less than it is.
/// </summary>
public sealed class ResourceAmounts : IReadOnlyCollection<KeyValuePair<string, long>>, IEquatable<ResourceAmounts>
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";
    public const string EphemeralStorage = "ephemeral-storage";
    public const string Pods = "pods";
    public const string HugePagesPrefix = "hugepages-";

    // Longer than any number that is not zeros; the API server refuses such quantities as well.
    private const int MaxQuantityLength = 128;

    private readonly KeyValuePair<string, long>[] amounts;
    private int hash;

    private ResourceAmounts(KeyValuePair<string, long>[] sorted) => amounts = sorted;

    public static ResourceAmounts Empty { get; } = new([]);

    public int Count => amounts.Length;

    public bool IsEmpty => amounts.Length == 0;

    public ReadOnlySpan<KeyValuePair<string, long>> Span => amounts;

    public long CpuMillis => this[Cpu];

    public long MemoryBytes => this[Memory];

    public long this[string name]
    {
        get
        {
            foreach (var (key, amount) in amounts)
            {
                if (key == name) return amount;
            }
            return 0;
        }
    }

    public static ResourceAmounts Of(params (string Name, string Quantity)[] quantities) =>
        FromQuantities(quantities.Select(item => KeyValuePair.Create(item.Name, item.Quantity)));

    public static ResourceAmounts From(IEnumerable<KeyValuePair<string, long>> amounts) => FromArray(amounts.ToArray());

    /// <summary>Reads Kubernetes quantities such as `250m`, `1.5`, `64Mi`.</summary>
    /// <exception cref="FormatException">A quantity is not one; the message names the resource and the text.</exception>
    public static ResourceAmounts FromQuantities(IEnumerable<KeyValuePair<string, string>> quantities) =>
        From(quantities.Select(item => KeyValuePair.Create(item.Key, ParseQuantity(item.Key, item.Value))));

    public static long ParseQuantity(string resource, string text) =>
        TryParseQuantity(resource, text, out var amount)
            ? amount
            : throw new FormatException($"'{text}' is not a quantity of {resource}; write one like 500m, 2, 1.5Gi.");

    public static bool TryParseQuantity(string resource, [NotNullWhen(true)] string? text, out long amount)
    {
        amount = 0;
        return text is not null && TryParseQuantity(resource, text.AsSpan(), out amount);
    }

    internal static bool TryParseQuantity(string resource, ReadOnlySpan<char> text, out long amount)
    {
        var valid = Quantity.TryParse(text, out var quantity);
        amount = resource == Cpu ? quantity.Milli : quantity.Value;
        return valid;
    }

    /// <summary>Straight from the bytes of a document.</summary>
    internal static bool TryParseQuantity(string resource, ReadOnlySpan<byte> utf8, out long amount)
    {
        amount = 0;
        if (utf8.Length > MaxQuantityLength) return false;
        Span<char> text = stackalloc char[MaxQuantityLength];
        return System.Text.Ascii.ToUtf16(utf8, text, out var length) == System.Buffers.OperationStatus.Done
            && TryParseQuantity(resource, text[..length], out amount);
    }

    internal static ResourceAmounts FromArray(KeyValuePair<string, long>[] amounts)
    {
        if (amounts.Length == 0) return Empty;
        var sorted = true;
        for (var i = 1; i < amounts.Length && sorted; i++)
            sorted = string.CompareOrdinal(amounts[i - 1].Key, amounts[i].Key) < 0;
        if (sorted) return new ResourceAmounts(amounts);
        var map = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, amount) in amounts) map[name] = amount;
        return new ResourceAmounts([.. map]);
    }

    public bool ContainsKey(string name)
    {
        foreach (var (key, _) in amounts)
        {
            if (key == name) return true;
        }
        return false;
    }

    public ResourceAmounts With(string name, long amount) =>
        FromArray([.. amounts, KeyValuePair.Create(name, amount)]);

    public ResourceAmounts Plus(ResourceAmounts other) => Merge(other, static (a, b) => SaturatingAdd(a, b));

    internal ResourceAmounts WithoutZeros()
    {
        foreach (var (_, amount) in amounts)
        {
            if (amount == 0) return new ResourceAmounts([.. amounts.Where(item => item.Value != 0)]);
        }
        return this;
    }

    /// <summary>The larger amount of each resource.</summary>
    public ResourceAmounts Max(ResourceAmounts other) => Merge(other, Math.Max);

    /// <summary>The amount as Kubernetes writes it: `250m`, `2`, `64Mi`, `1500`.</summary>
    public string Format(string name) => FormatAmount(name, this[name]);

    public static string FormatAmount(string name, long amount)
    {
        if (name == Cpu) return amount % 1000 == 0 ? (amount / 1000).ToString() : $"{amount}m";
        if (name != Memory && name != EphemeralStorage && !name.StartsWith(HugePagesPrefix, StringComparison.Ordinal))
            return amount.ToString();
        ReadOnlySpan<string> units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        var unit = 0;
        while (amount != 0 && amount % 1024 == 0 && unit < units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }
        return amount + units[unit];
    }

    internal static long SaturatingAdd(long a, long b)
    {
        var sum = unchecked(a + b);
        return ((a ^ sum) & (b ^ sum)) < 0 ? (a < 0 ? long.MinValue : long.MaxValue) : sum;
    }

    private ResourceAmounts Merge(ResourceAmounts other, Func<long, long, long> combine)
    {
        if (IsEmpty) return other;
        if (other.IsEmpty) return this;
        var merged = new List<KeyValuePair<string, long>>(amounts.Length + other.amounts.Length);
        int i = 0, j = 0;
        while (i < amounts.Length || j < other.amounts.Length)
        {
            var order = i == amounts.Length ? 1
                : j == other.amounts.Length ? -1
                : string.CompareOrdinal(amounts[i].Key, other.amounts[j].Key);
            if (order < 0) merged.Add(amounts[i++]);
            else if (order > 0) merged.Add(other.amounts[j++]);
            else merged.Add(KeyValuePair.Create(amounts[i].Key, combine(amounts[i++].Value, other.amounts[j++].Value)));
        }
        return new ResourceAmounts([.. merged]);
    }

    public ReadOnlySpan<KeyValuePair<string, long>>.Enumerator GetEnumerator() => Span.GetEnumerator();

    IEnumerator<KeyValuePair<string, long>> IEnumerable<KeyValuePair<string, long>>.GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, long>>)amounts).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => amounts.GetEnumerator();

    public bool Equals(ResourceAmounts? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || amounts.Length != other.amounts.Length) return false;
        for (var i = 0; i < amounts.Length; i++)
        {
            if (amounts[i].Value != other.amounts[i].Value || amounts[i].Key != other.amounts[i].Key) return false;
        }
        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ResourceAmounts);

    public override int GetHashCode()
    {
        if (hash != 0) return hash;
        var code = new HashCode();
        foreach (var (name, amount) in amounts)
        {
            code.Add(name);
            code.Add(amount);
        }
        var result = code.ToHashCode();
        return hash = result == 0 ? 1 : result;
    }

    public override string ToString() => string.Join(", ", amounts.Select(item => $"{item.Key}: {Format(item.Key)}"));
}
