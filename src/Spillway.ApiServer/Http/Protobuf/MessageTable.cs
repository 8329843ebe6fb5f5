using System.IO.Compression;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>How a field is encoded.</summary>
internal enum WireForm { Text, Flag, Whole, Real, Bytes, Message }

/// <summary>One field of a message.</summary>
internal sealed record WireField(string Name, WireForm Form, bool IsRepeated, bool IsMap, string Type);

/// <summary>Field numbers of Kubernetes' messages, from the table that <c>eng/protobuf-fields</c> makes.</summary>
internal sealed class MessageTable
{
    private static readonly Lazy<MessageTable> s_loaded = new(Read);

    private readonly Dictionary<string, Dictionary<int, WireField>> _messages = new(StringComparer.Ordinal);

    /// <summary>The table, read at the first body in protobuf.</summary>
    public static MessageTable Load() => s_loaded.Value;

    public Dictionary<int, WireField>? Fields(string message) => _messages.GetValueOrDefault(message);

    private static MessageTable Read()
    {
        using var stream = typeof(MessageTable).Assembly.GetManifestResourceStream("protobuf-fields.txt.gz")
            ?? throw new InvalidOperationException("protobuf-fields.txt.gz is not embedded: the build left it out");
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var table = new MessageTable();
        Dictionary<int, WireField> current = [];
        while (reader.ReadLine() is { } line)
        {
            if (line[0] != ' ') table._messages.Add(line, current = []);
            else
            {
                var parts = line.Split(' ');
                current.Add(int.Parse(parts[1]), Field(parts));
            }
        }
        return table;
    }

    private static WireField Field(string[] parts)
    {
        var form = parts[3];
        return new WireField(parts[2], form[^1] switch
        {
            's' => WireForm.Text, 'b' => WireForm.Flag, 'i' => WireForm.Whole, 'd' => WireForm.Real, 'y' => WireForm.Bytes,
            _ => WireForm.Message,
        }, form[0] == '*', form[0] == '{', parts.Length > 4 ? parts[4] : "");
    }
}
