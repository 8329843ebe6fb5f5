using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Makes answers comparable: what differs from run to run becomes a placeholder.</summary>
internal static partial class Normal
{
    /// <param name="prefix">What generated names of a request begin with.</param>
    public static JsonNode? Form(JsonNode? node, string key = "", string prefix = "")
    {
        switch (node)
        {
            case JsonObject map:
                var result = new JsonObject();
                foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                    result[Text(name)] = Form(value, name, prefix);
                return result;
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list) items.Add(Form(item, key, prefix));
                return items;
            case JsonValue value when value.TryGetValue(out string? text):
                return Text(prefix.Length == 0 ? text
                    : Regex.Replace(text, Regex.Escape(prefix) + "[a-z0-9]{5}\\b", prefix + "<suffix>"), key);
            default:
                return node?.DeepClone();
        }
    }

    public static string Text(string text, string key = "")
    {
        if (key is "uid" or "resourceVersion" or "continue" or "token" or "ca.crt" or "serverAddress"
            && text.Length > 0)
            return $"<{key}>";
        text = Uid().Replace(text, "<uid>");
        text = Time().Replace(text, "<time>");
        if (key == "cells" && Age().IsMatch(text)) return "<age>";
        text = Version().Replace(text, "$1<version>");
        return Suffix().Replace(text, "$1-<suffix>");
    }

    /// <summary>How two normal forms differ, or null. Texts about a table's columns are told from all else.</summary>
    public static string? Difference(JsonNode? wanted, JsonNode? actual)
    {
        var whole = First(wanted, actual, "");
        return whole is null ? null : First(Untold(wanted), Untold(actual), "") ?? "column descriptions";
    }

    private static JsonNode? Untold(JsonNode? node)
    {
        var copy = node?.DeepClone();
        Visit(copy);
        return copy;

        static void Visit(JsonNode? part)
        {
            if (part is JsonObject map)
            {
                foreach (var column in map["columnDefinitions"] as JsonArray ?? []) column?.AsObject().Remove("description");
                foreach (var (_, value) in map) Visit(value);
            }
            else if (part is JsonArray list)
            {
                foreach (var item in list) Visit(item);
            }
        }
    }

    private static string? First(JsonNode? wanted, JsonNode? actual, string at)
    {
        if (wanted is JsonObject a && actual is JsonObject b)
        {
            foreach (var (name, value) in a)
            {
                if (!b.ContainsKey(name)) return $"{at}.{name}: missing, wanted {Short(value)}";
                if (First(value, b[name], $"{at}.{name}") is { } inner) return inner;
            }
            foreach (var (name, value) in b)
                if (!a.ContainsKey(name)) return $"{at}.{name}: surplus {Short(value)}";
            return null;
        }
        if (wanted is JsonArray left && actual is JsonArray right)
        {
            for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
                if (First(left[i], right[i], $"{at}[{i}]") is { } inner) return inner;
            return left.Count == right.Count ? null : $"{at}: {right.Count} items, wanted {left.Count}";
        }
        return JsonNode.DeepEquals(wanted, actual) ? null : $"{at}: {Short(actual)}, wanted {Short(wanted)}";
    }

    private static string Short(JsonNode? node)
    {
        var text = node?.ToJsonString(Spillway.ApiServer.Json.Relaxed) ?? "null";
        return text.Length > 300 ? text[..300] + "…" : text;
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uid();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")]
    private static partial Regex Time();

    [GeneratedRegex(@"^(\d+[smhdy])+$|^<unknown>$")]
    private static partial Regex Age();

    [GeneratedRegex(@"([rR]esource ?[vV]ersion[^0-9]{1,24}|current: )\d+")]
    private static partial Regex Version();

    [GeneratedRegex(@"\b(gen|kube-api-access|[a-z0-9]+-[a-f0-9]{8,10})-[bcdfghjklmnpqrstvwxz2456789]{5}\b")]
    private static partial Regex Suffix();
}
