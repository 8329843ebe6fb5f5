using System.Text.Encodings.Web;
using System.Text.Json;

namespace Spillway.ApiServer;

/// <summary>How this server writes JSON.</summary>
public static class Json
{
    /// <summary>Escapes only what JSON demands, as Go's encoder with HTML escaping off.</summary>
    public static JsonSerializerOptions Relaxed { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
