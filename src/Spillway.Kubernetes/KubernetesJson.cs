using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>Reads and edits Kubernetes JSON by path. Reading never changes the object; only <see cref="Ensure"/> does.</summary>
public static class KubernetesJson
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The node at the path, or null where any step is missing.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node is not JsonObject parent) return null;
            node = parent[step];
        }

        return node;
    }

    public static JsonObject? ObjectAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) as JsonObject;

    public static JsonArray? ArrayAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) as JsonArray;

    /// <summary>The objects of the list at the path; nothing where it is missing.</summary>
    public static IEnumerable<JsonObject> ObjectsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonArray array ? array.OfType<JsonObject>() : [];

    /// <summary>The strings of the list at the path; nothing where it is missing.</summary>
    public static IEnumerable<string> TextsAt(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonArray array ? array.Select(AsText).OfType<string>() : [];

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) => AsText(At(node, path));

    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    public static int? Integer(this JsonNode? node, params ReadOnlySpan<string> path) =>
        Long(node, path) is { } number && number is >= int.MinValue and <= int.MaxValue ? (int)number : null;

    public static long? Long(this JsonNode? node, params ReadOnlySpan<string> path) => At(node, path) switch
    {
        JsonValue value when value.TryGetValue(out long number) => number,
        JsonValue value when value.TryGetValue(out int number) => number,
        JsonValue value when value.TryGetValue(out double number) && number == Math.Floor(number) => (long)number,
        _ => null,
    };

    public static DateTimeOffset? Time(this JsonNode? node, params ReadOnlySpan<string> path) =>
        AsText(At(node, path)) is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    /// <summary>The strings of the map at the path (labels, annotations, node selectors, resource lists).</summary>
    public static IReadOnlyDictionary<string, string> MapAt(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (At(node, path) is not JsonObject map || map.Count == 0) return EmptyMap;
        var result = new Dictionary<string, string>(map.Count, StringComparer.Ordinal);
        foreach (var (key, value) in map) result[key] = AsText(value) ?? value?.ToJsonString() ?? "";
        return result;
    }

    /// <summary>The object at the path, made and attached where a step is missing.</summary>
    public static JsonObject Ensure(this JsonObject node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (node[step] is not JsonObject child) node[step] = child = [];
            node = child;
        }

        return node;
    }

    /// <summary>The list under the key, made and attached when it is missing.</summary>
    public static JsonArray EnsureArray(this JsonObject node, string key)
    {
        if (node[key] is JsonArray array) return array;
        array = [];
        node[key] = array;
        return array;
    }

    /// <summary>A time as <c>metav1.Time</c> writes it: UTC, whole seconds.</summary>
    public static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time as <c>metav1.MicroTime</c> writes it: UTC, six digits of a second.</summary>
    public static string MicroTimestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The node as UTF-8, escaping only what JSON demands.</summary>
    public static ReadOnlyMemory<byte> ToUtf8(this JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Relaxed)) node.WriteTo(writer);
        return buffer.WrittenMemory;
    }

    /// <summary>True when both hold the same values; a missing node equals null.</summary>
    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    public static T Copied<T>(this T node) where T : JsonNode => (T)node.DeepClone();

    internal static readonly IReadOnlyDictionary<string, string> EmptyMap =
        new Dictionary<string, string>(StringComparer.Ordinal);

    private static string? AsText(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
