using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer;

/// <summary>How this server writes JSON.</summary>
public static class Json
{
    /// <summary>Escapes only what JSON demands, as Go's encoder with HTML escaping off.</summary>
    public static JsonSerializerOptions Relaxed { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The same, for <c>?pretty=true</c>.</summary>
    internal static JsonSerializerOptions Pretty { get; } = new(Relaxed) { WriteIndented = true };

    /// <summary>The same for a writer; what is written was parsed or built as a tree, so it is not checked again.</summary>
    internal static JsonWriterOptions Writer { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true,
    };

    /// <summary>A tree as UTF-8.</summary>
    internal static byte[] Bytes(JsonNode node)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Writer)) node.WriteTo(writer, Relaxed);
        return buffer.WrittenSpan.ToArray();
    }
}
