using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.Core.Placement.Reading;

/// <summary>The bytes of a JSON node, so that one reader serves text, documents and nodes.</summary>
internal static class Utf8Node
{
    public static ReadOnlySpan<byte> Bytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer)) node.WriteTo(writer);
        return buffer.WrittenSpan;
    }
}
