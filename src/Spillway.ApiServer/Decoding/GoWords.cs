using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer;

/// <summary>Names and prints values as the real server's messages do, so that tools which read them keep working.</summary>
internal static class GoWords
{
    public static string Kind(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            JsonValueKind.True or JsonValueKind.False => "bool",
            _ => "null",
        },
    };

    /// <summary>A value as <c>%v</c> prints a decoded map: keys sorted, no quotes.</summary>
    public static string Print(JsonNode? node)
    {
        var text = new StringBuilder();
        Print(node, text);
        return text.ToString();
    }

    private static void Print(JsonNode? node, StringBuilder text)
    {
        switch (node)
        {
            case null: text.Append("<nil>"); break;
            case JsonObject map:
                text.Append("map[");
                var first = true;
                foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    if (!first) text.Append(' ');
                    first = false;
                    text.Append(key).Append(':');
                    Print(value, text);
                }
                text.Append(']');
                break;
            case JsonArray list:
                text.Append('[');
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0) text.Append(' ');
                    Print(list[i], text);
                }
                text.Append(']');
                break;
            default: text.Append(node.ToString()); break;
        }
    }
}
