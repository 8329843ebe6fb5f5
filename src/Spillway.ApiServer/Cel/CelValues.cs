using System.Collections;

namespace Spillway.ApiServer.Cel;

/// <summary>
/// A failure as a value: CEL's logic operators may outweigh it. Values otherwise are null, bool, long, ulong, double,
/// string, byte[], <see cref="DateTimeOffset"/>, <see cref="TimeSpan"/>, lists, maps and the extension types.
/// </summary>
internal sealed record CelError(string Message)
{
    public static readonly CelError NoOverload = new("no such overload");

    /// <summary>True for a key or index that is not there.</summary>
    public bool IsMissing { get; init; }

    public static CelError Missing(string key) => new("no such key: " + key) { IsMissing = true };
}

internal sealed record CelOptional
{
    public static readonly CelOptional None = new();

    private CelOptional() { }

    public CelOptional(object? value)
    {
        HasValue = true;
        Value = value;
    }

    public bool HasValue { get; }

    public object? Value { get; }
}

/// <summary>A type as a value, as <c>type(x)</c> gives it.</summary>
internal sealed record CelTypeValue(string Name)
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint",
    };

    public static CelTypeValue? Named(string name) => Names.Contains(name) ? new CelTypeValue(name) : null;

    public static CelTypeValue Of(object? value) => new(value switch
    {
        null => "null_type",
        bool => "bool",
        long => "int",
        ulong => "uint",
        double => "double",
        string => "string",
        byte[] => "bytes",
        CelList => "list",
        CelMap => "map",
        DateTimeOffset => "google.protobuf.Timestamp",
        TimeSpan => "google.protobuf.Duration",
        CelTypeValue => "type",
        CelOptional => "optional_type",
        Quantity => "kubernetes.Quantity",
        Uri => "kubernetes.URL",
        System.Net.IPAddress => "net.IP",
        System.Net.IPNetwork => "net.CIDR",
        _ => "dyn",
    });
}

internal abstract class CelList : IEnumerable<object?>
{
    public abstract int Count { get; }

    public abstract object? this[int index] { get; }

    /// <summary>Order does not count in equality (<c>x-kubernetes-list-type: set</c>).</summary>
    public virtual bool IsSet => false;

    public IEnumerator<object?> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

internal sealed class CelNativeList(IReadOnlyList<object?> items) : CelList
{
    public override int Count => items.Count;

    public override object? this[int index] => items[index];
}

internal abstract class CelMap
{
    public abstract int Count { get; }

    /// <summary>In the order of the source, so that evaluation is the same every time.</summary>
    public abstract IEnumerable<object?> Keys { get; }

    public abstract bool TryGet(object? key, out object? value);
}

internal sealed class CelNativeMap : CelMap
{
    private readonly List<object?> _keys = [];
    private readonly List<object?> _values = [];

    public override int Count => _keys.Count;

    public override IEnumerable<object?> Keys => _keys;

    public bool TryAdd(object? key, object? value)
    {
        if (TryGet(key, out _)) return false;
        _keys.Add(key);
        _values.Add(value);
        return true;
    }

    public override bool TryGet(object? key, out object? value)
    {
        for (var i = 0; i < _keys.Count; i++)
        {
            if (!CelCompare.AreEqual(_keys[i], key)) continue;
            value = _values[i];
            return true;
        }

        value = null;
        return false;
    }
}
