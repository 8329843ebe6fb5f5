using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Storage;

/// <summary>
/// One committed or pending version of one object: its JSON as bytes, immutable. The layout is always
/// <c>{"kind":…,"apiVersion":…,"metadata":{"resourceVersion":"N",…},…}</c>, so that a list can leave out the head and a
/// deletion can carry a newer version without a parser.
/// </summary>
public sealed class StoredObject
{
    internal static ReadOnlySpan<byte> VersionMark => "\"metadata\":{\"resourceVersion\":\""u8;

    private readonly int _bodyAt;
    private IReadOnlyDictionary<string, string>? _labels;
    private JsonObject? _shared;

    internal StoredObject(string key, long version, byte[] bytes)
    {
        Key = key;
        Version = version;
        Array = bytes;
        _bodyAt = bytes.AsSpan().IndexOf(VersionMark);
        if (_bodyAt < 0) throw new InvalidDataException($"stored object {key} has no resourceVersion: the state is damaged");
    }

    /// <summary><c>namespace/name</c>, or the name of a cluster-scoped object.</summary>
    public string Key { get; }

    /// <summary>The resourceVersion.</summary>
    public long Version { get; }

    /// <summary>The whole object as UTF-8 JSON. Belongs to the store: read it, never change it.</summary>
    public ReadOnlyMemory<byte> Bytes => Array;

    internal byte[] Array { get; }

    /// <summary>The object without kind and apiVersion and without the opening brace.</summary>
    public ReadOnlyMemory<byte> Body => Bytes[_bodyAt..];

    public string Namespace => Key.IndexOf('/') is var slash and >= 0 ? Key[..slash] : "";

    public string Name => Key[(Key.IndexOf('/') + 1)..];

    public string ApiVersion => JsonScan.Text(Bytes.Span, "apiVersion") ?? "";

    public IReadOnlyDictionary<string, string> Labels => _labels ??= JsonScan.Labels(Bytes.Span);

    /// <summary>A fresh tree of the object, free to be changed.</summary>
    public JsonObject Parse() => (JsonObject)JsonNode.Parse(Bytes.Span)!;

    /// <summary>One tree for all readers, made on first use. Never change it.</summary>
    public JsonObject Shared => _shared ??= Parse();

    /// <summary>The same object under another version, as a deletion shows it.</summary>
    internal StoredObject WithVersion(long version)
    {
        var bytes = Bytes.Span;
        var digits = _bodyAt + VersionMark.Length;
        var rest = bytes[(digits + bytes[digits..].IndexOf((byte)'"'))..];
        return new StoredObject(Key, version, Join(bytes[..digits], version, rest));
    }

    internal static byte[] Join(ReadOnlySpan<byte> head, long version, ReadOnlySpan<byte> tail)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(version, digits, out var length);
        var bytes = GC.AllocateUninitializedArray<byte>(head.Length + length + tail.Length);
        head.CopyTo(bytes);
        digits[..length].CopyTo(bytes.AsSpan(head.Length));
        tail.CopyTo(bytes.AsSpan(head.Length + length));
        return bytes;
    }
}

/// <summary>An object's bytes before it has a version: the digits go in between.</summary>
public readonly struct EncodedObject
{
    private readonly byte[] _bytes;
    private readonly int _versionAt;

    private EncodedObject(byte[] bytes, int versionAt)
    {
        _bytes = bytes;
        _versionAt = versionAt;
    }

    /// <summary>Length without the version's digits.</summary>
    public int Length => _bytes.Length;

    internal byte[] At(long version) =>
        StoredObject.Join(_bytes.AsSpan(0, _versionAt), version, _bytes.AsSpan(_versionAt));

    /// <summary>Encodes an object; its resourceVersion is left out, kind, apiVersion and metadata come first.</summary>
    public static EncodedObject Of(JsonObject json)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        int versionAt;
        using (var writer = new Utf8JsonWriter(buffer, Json.Writer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, json["kind"].AsText() ?? "");
            writer.WriteString("apiVersion"u8, json["apiVersion"].AsText() ?? "");
            writer.WritePropertyName("metadata"u8);
            writer.WriteStartObject();
            writer.WriteString("resourceVersion"u8, ""u8);
            versionAt = (int)(writer.BytesCommitted + writer.BytesPending) - 1;
            if (json["metadata"] is JsonObject metadata) WriteRest(writer, metadata, "resourceVersion", "", "");
            writer.WriteEndObject();
            WriteRest(writer, json, "kind", "apiVersion", "metadata");
            writer.WriteEndObject();
        }
        return new EncodedObject(buffer.WrittenSpan.ToArray(), versionAt);
    }

    private static void WriteRest(Utf8JsonWriter writer, JsonObject json, string without, string and, string or)
    {
        foreach (var (name, value) in json)
        {
            if (name == without || name == and || name == or) continue;
            writer.WritePropertyName(name);
            if (value is null) writer.WriteNullValue();
            else value.WriteTo(writer, Json.Relaxed);
        }
    }
}
