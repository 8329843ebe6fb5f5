using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Http.Protobuf;

/// <summary>Answers in protobuf, for clients that ask for it: made from the JSON that other clients get.</summary>
internal static class ProtobufAnswer
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>
    /// True when the type's objects are answered in protobuf: built-in kinds only. Definitions are answered in JSON: the
    /// table has no number for their conditions' observedGeneration, which every definition carries.
    /// </summary>
    public static bool Has(ResourceType type) =>
        !type.IsCustom && type.Group != "apiextensions.k8s.io"
            && MessageTable.Load().Of(type.ApiVersion, type.Kind) is not null;

    /// <summary>The same answer in protobuf; unchanged when it is no object of a kind with a message.</summary>
    public static ApiResponse Of(ApiResponse response)
    {
        if (response.Lines is not null || response.Body.Count == 0) return response;
        if (response.ContentType != "application/json") return response;
        var json = response.JoinBody().Span;
        if (MessageOf(json) is not { } message) return response;
        using var writer = new WireWriter();
        Envelope(json, message, writer);
        return new ApiResponse
        {
            Status = response.Status,
            ContentType = MediaType,
            Headers = response.Headers,
            CacheControl = response.CacheControl,
            Body = [writer.Written.ToArray()],
        };
    }

    /// <summary>One event of a watch, from its line of JSON, with the length that goes before it.</summary>
    public static ReadOnlyMemory<byte> Frame(ReadOnlySpan<byte> line)
    {
        var type = EventParts(line, out var item);
        using var writer = new WireWriter();
        writer.Raw([0, 0, 0, 0]);
        writer.Tag(1, 2);
        writer.Block(type);
        writer.Tag(2, 2);
        var extension = writer.Begin();
        writer.Tag(1, 2);
        var raw = writer.Begin();
        Envelope(item, MessageOf(item) ?? throw new JsonException("the watched kind has no protobuf form"), writer);
        writer.End(raw);
        writer.End(extension);
        var frame = writer.Written.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }

    private static WireMessage? MessageOf(ReadOnlySpan<byte> json) =>
        JsonScan.Text(json, "kind") is { } kind && JsonScan.Text(json, "apiVersion") is { } apiVersion
            ? MessageTable.Load().Of(apiVersion, kind) : null;

    /// <summary>The magic number and the envelope that names the kind, around the message.</summary>
    private static void Envelope(ReadOnlySpan<byte> json, WireMessage message, WireWriter writer)
    {
        writer.Raw("k8s\0"u8);
        writer.Tag(1, 2);
        var names = writer.Begin();
        writer.Tag(1, 2);
        writer.Block(Encoding.UTF8.GetBytes(JsonScan.Text(json, "apiVersion") ?? ""));
        writer.Tag(2, 2);
        writer.Block(Encoding.UTF8.GetBytes(JsonScan.Text(json, "kind") ?? ""));
        writer.End(names);
        writer.Tag(2, 2);
        var raw = writer.Begin();
        ProtobufEncoder.Write(json, message, writer);
        writer.End(raw);
        // contentEncoding and contentType, which Go writes although they are empty.
        writer.Tag(3, 2);
        writer.Varint(0);
        writer.Tag(4, 2);
        writer.Varint(0);
    }

    private static ReadOnlySpan<byte> EventParts(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> item)
    {
        ReadOnlySpan<byte> type = default;
        item = default;
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 512 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isType) type = reader.ValueSpan;
            else
            {
                reader.Skip();
                item = line[start..(int)reader.BytesConsumed];
            }
        }
        return type;
    }
}
