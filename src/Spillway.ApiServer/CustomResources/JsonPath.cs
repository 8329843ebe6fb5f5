using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// The JSONPath of printer columns and scale paths, as kubectl's: fields, <c>['x']</c>, indexes, slices, <c>[*]</c>,
/// <c>..</c> and filters such as <c>[?(@.type=="Ready")]</c>. Parsed once, run on every printed row.
/// </summary>
internal sealed class JsonPath
{
    private delegate void Step(JsonNode? node, List<JsonNode?> found);

    private readonly List<Step> _steps = [];

    /// <summary>Null when the path is good, else what is wrong.</summary>
    public static string? TryParse(string text, out JsonPath path)
    {
        path = new JsonPath();
        if (text.StartsWith('{') && text.EndsWith('}')) text = text[1..^1];
        if (text.StartsWith('$')) text = text[1..];
        var at = 0;
        while (at < text.Length)
        {
            var bad = text[at] switch
            {
                '.' => path.ParseField(text, ref at),
                '[' => path.ParseBracket(text, ref at),
                _ when at == 0 => path.ParseName(text, ref at),
                _ => $"unexpected character '{text[at]}' at {at}",
            };
            if (bad is not null) return bad;
        }

        return null;
    }

    /// <summary>All nodes that the path leads to, in document order.</summary>
    public List<JsonNode?> Find(JsonNode? root)
    {
        var current = new List<JsonNode?> { root };
        foreach (var step in _steps)
        {
            var next = new List<JsonNode?>();
            foreach (var node in current) step(node, next);
            current = next;
        }

        return current;
    }

    private string? ParseField(string text, ref int at)
    {
        at++;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            _steps.Add(Descend);
            if (at < text.Length && text[at] == '[') return null;
        }

        if (at < text.Length && text[at] == '[') return null;
        if (at < text.Length && text[at] == '*')
        {
            at++;
            _steps.Add(All);
            return null;
        }

        return at == text.Length && _steps.Count == 0 ? null : ParseName(text, ref at);
    }

    private string? ParseName(string text, ref int at)
    {
        var name = new System.Text.StringBuilder();
        while (at < text.Length && text[at] is not ('.' or '['))
        {
            if (text[at] == '\\' && at + 1 < text.Length) at++;
            name.Append(text[at++]);
        }

        if (name.Length == 0) return "unexpected end of path";
        var key = name.ToString();
        _steps.Add((node, found) => Member(node, key, found));
        return null;
    }

    private string? ParseBracket(string text, ref int at)
    {
        var end = CloseOf(text, at);
        if (end < 0) return "unterminated array";
        var inner = text[(at + 1)..end].Trim();
        at = end + 1;
        if (inner == "*") _steps.Add(All);
        else if (inner.StartsWith("?(", StringComparison.Ordinal)
            && inner.EndsWith(')')) return ParseFilter(inner[2..^1]);
        else if (inner.Length > 1 && inner[0] is '\'' or '"' && inner[^1] == inner[0])
        {
            var key = inner[1..^1].Replace("\\.", ".", StringComparison.Ordinal);
            _steps.Add((node, found) => Member(node, key, found));
        }
        else return ParseIndex(inner);

        return null;
    }

    /// <summary>The matching bracket, past quotes and inner brackets.</summary>
    private static int CloseOf(string text, int at)
    {
        var depth = 0;
        for (var i = at; i < text.Length; i++)
        {
            if (text[i] is '\'' or '"')
            {
                var quote = text.IndexOf(text[i], i + 1);
                if (quote < 0) return -1;
                i = quote;
            }
            else if (text[i] == '[') depth++;
            else if (text[i] == ']' && --depth == 0) return i;
        }

        return -1;
    }

    private string? ParseIndex(string inner)
    {
        var parts = inner.Split(':');
        var numbers = new int?[3];
        if (parts.Length > 3) return $"invalid array index {inner}";
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0) continue;
            if (!int.TryParse(parts[i], CultureInfo.InvariantCulture,
                out var number)) return $"invalid array index {inner}";
            numbers[i] = number;
        }

        _steps.Add((node, found) =>
        {
            if (node is not JsonArray list) return;
            var from = Wrap(numbers[0] ?? 0, list.Count);
            var to = parts.Length == 1 ? from + 1 : Wrap(numbers[1] ?? list.Count, list.Count);
            for (var i = from; i < to && i < list.Count; i += Math.Max(1, numbers[2] ?? 1))
            {
                if (i >= 0) found.Add(list[i]);
            }
        });
        return null;

        static int Wrap(int index, int count) => index < 0 ? index + count : index;
    }

    private string? ParseFilter(string text)
    {
        foreach (var sign in new[] { "==", "!=", "<=", ">=", "<", ">" })
        {
            var at = text.IndexOf(sign, StringComparison.Ordinal);
            if (at < 0) continue;
            var (left, right) = (text[..at].Trim(), text[(at + sign.Length)..].Trim());
            if (!left.StartsWith('@')) return "a filter must start with @";
            if (TryParse(left[1..], out var path) is { } bad) return bad;
            JsonNode? wanted;
            if (right.Length > 1 && right[0] is '\'' or '"') wanted = right[1..^1];
            else if (!TryLiteral(right, out wanted)) return $"invalid filter value {right}";
            _steps.Add((node, found) => Filter(node, found, item =>
                path.Find(item).Any(v => Compares(v, sign, wanted))));
            return null;
        }

        if (!text.StartsWith('@')) return "a filter must start with @";
        if (TryParse(text[1..], out var exists) is { } wrong) return wrong;
        _steps.Add((node, found) => Filter(node, found, item => exists.Find(item).Count > 0));
        return null;
    }

    private static bool TryLiteral(string text, out JsonNode? value)
    {
        value = null;
        try
        {
            value = JsonNode.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Filter(JsonNode? node, List<JsonNode?> found, Func<JsonNode?, bool> keeps)
    {
        if (node is not JsonArray list) return;
        foreach (var item in list)
        {
            if (keeps(item)) found.Add(item);
        }
    }

    private static bool Compares(JsonNode? value, string sign, JsonNode? wanted)
    {
        if (sign == "==") return JsonNode.DeepEquals(value, wanted);
        if (sign == "!=") return !JsonNode.DeepEquals(value, wanted);
        var order = value.AsText() is { } left && wanted.AsText() is { } right
            ? string.CompareOrdinal(left, right)
            : value is JsonValue a && wanted is JsonValue b && a.GetValueKind() == JsonValueKind.Number
                && b.GetValueKind() == JsonValueKind.Number
                ? JsonNumber.AsDouble(a).CompareTo(JsonNumber.AsDouble(b))
                : (int?)null;
        return order is { } o && sign switch { "<" => o < 0, "<=" => o <= 0, ">" => o > 0, _ => o >= 0 };
    }

    private static void Member(JsonNode? node, string key, List<JsonNode?> found)
    {
        if (node is JsonObject map && map.TryGetPropertyValue(key, out var value)) found.Add(value);
    }

    private static void All(JsonNode? node, List<JsonNode?> found)
    {
        if (node is JsonArray list) found.AddRange(list);
        else if (node is JsonObject map) found.AddRange(map.Select(p => p.Value));
    }

    private static void Descend(JsonNode? node, List<JsonNode?> found)
    {
        found.Add(node);
        if (node is JsonArray list)
        {
            foreach (var item in list) Descend(item, found);
        }
        else if (node is JsonObject map)
        {
            foreach (var (_, item) in map) Descend(item, found);
        }
    }
}
