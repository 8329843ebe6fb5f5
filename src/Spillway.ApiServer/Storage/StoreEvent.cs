using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.ApiServer.Storage;

/// <summary>What a watcher is told about an object.</summary>
public enum WatchEventType { Added, Modified, Deleted }

/// <summary>One committed change. Shared by all watchers, and so is its encoded line.</summary>
public sealed class StoreEvent
{
    private readonly ReadOnlyMemory<byte>[] _lines = new ReadOnlyMemory<byte>[3];
    private readonly ReadOnlyMemory<byte>[] _frames = new ReadOnlyMemory<byte>[3];
    private StoredObject? _left;

    internal StoreEvent(WatchEventType type, StoredObject current, StoredObject? previous)
    {
        Type = type;
        Object = current;
        Previous = previous;
    }

    public WatchEventType Type { get; }

    /// <summary>The new state; for a deletion the last state under the deletion's version.</summary>
    public StoredObject Object { get; }

    /// <summary>The state before; null for an addition.</summary>
    public StoredObject? Previous { get; }

    public long Version => Object.Version;

    /// <summary>The object that a watcher is shown when the change took it out of the watcher's selection.</summary>
    public StoredObject Left => Type == WatchEventType.Deleted ? Object : _left ??= Previous!.WithVersion(Version);

    /// <summary>The event as one line of JSON without its line end, encoded once for all watchers.</summary>
    public ReadOnlyMemory<byte> Line(WatchEventType type)
    {
        ref var line = ref _lines[(int)type];
        if (line.IsEmpty) line = Encode(type, type == WatchEventType.Deleted ? Left : Object);
        return line;
    }

    /// <summary>The event in protobuf, encoded once for all watchers.</summary>
    public ReadOnlyMemory<byte> Frame(WatchEventType type)
    {
        ref var frame = ref _frames[(int)type];
        if (frame.IsEmpty) frame = ProtobufAnswer.Frame(Line(type).Span);
        return frame;
    }

    internal int Size => Object.Bytes.Length;

    /// <summary>One line of a watch.</summary>
    public static ReadOnlyMemory<byte> Encode(WatchEventType type, StoredObject item)
    {
        var head = type switch
        {
            WatchEventType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
            WatchEventType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
            _ => "{\"type\":\"DELETED\",\"object\":"u8,
        };
        var line = GC.AllocateUninitializedArray<byte>(head.Length + item.Bytes.Length + 1);
        head.CopyTo(line);
        item.Bytes.Span.CopyTo(line.AsSpan(head.Length));
        line[^1] = (byte)'}';
        return line;
    }
}
