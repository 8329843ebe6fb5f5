using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Patching;

/// <summary>JSON Patch (RFC 6902), with the leniencies and the refusals of the real server.</summary>
public static class JsonPatch
{
    /// <summary>The real server's bound; more is a refusal, not work.</summary>
    private const int MaxOperations = 10_000;

    /// <summary>The patched copy; <paramref name="document"/> stays as it is.</summary>
    public static JsonNode? Apply(JsonNode document, JsonNode? patch)
    {
        var operations = Decode(patch);
        JsonNode? result = document.DeepClone();
        foreach (var operation in operations) result = Step(result, operation);
        return result;
    }

    private static List<JsonObject> Decode(JsonNode? patch)
    {
        if (patch is not JsonArray array)
            throw ApiFailure.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoWords.Kind(patch)} into Go value of type []handlers.jsonPatchOp");
        if (array.Count > MaxOperations)
            throw new ApiFailure(413, "RequestEntityTooLarge",
                $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {array.Count}");
        var operations = new List<JsonObject>(array.Count);
        foreach (var item in array)
            operations.Add(item as JsonObject ?? throw ApiFailure.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoWords.Kind(item)} into Go value of type handlers.jsonPatchOp"));
        return operations;
    }

    private static JsonNode? Step(JsonNode? root, JsonObject operation)
    {
        var path = Pointer(operation, "path");
        switch (Text(operation, "op"))
        {
            case "add": return Add(root, path, Value(operation));
            case "remove": return Remove(root, path);
            case "replace":
                Find(root, path, out _);
                return path.Length == 0 ? Value(operation) : Replace(root, path, Value(operation));
            case "move":
            {
                var from = Pointer(operation, "from");
                var moved = Find(root, from, out _)?.DeepClone();
                return Add(Remove(root, from), path, moved);
            }
            case "copy":
                return Add(root, path, Find(root, Pointer(operation, "from"), out _)?.DeepClone());
            case "test":
            {
                var expected = operation["value"];
                var actual = Find(root, path, out var there, lenient: expected is null);
                if (there && !JsonNode.DeepEquals(actual, expected)) throw Refused();
                return root;
            }
            default: throw Refused();
        }
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw Refused();

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0) return value;
        switch (Find(root, path.AsSpan(0, path.Length - 1).ToArray(), out _))
        {
            case JsonObject parent:
                parent[path[^1]] = value;
                return root;
            case JsonArray list:
                if (path[^1] == "-") list.Add(value);
                else list.Insert(Index(path[^1], list.Count, inclusive: true), value);
                return root;
            default: throw Refused();
        }
    }

    private static JsonNode? Remove(JsonNode? root, string[] path)
    {
        if (path.Length == 0) throw Refused();
        switch (Find(root, path.AsSpan(0, path.Length - 1).ToArray(), out _))
        {
            case JsonObject parent when parent.Remove(path[^1]): return root;
            case JsonArray list:
                list.RemoveAt(Index(path[^1], list.Count, inclusive: false));
                return root;
            default: throw Refused();
        }
    }

    private static JsonNode? Replace(JsonNode? root, string[] path, JsonNode? value)
    {
        switch (Find(root, path.AsSpan(0, path.Length - 1).ToArray(), out _))
        {
            case JsonObject parent: parent[path[^1]] = value; break;
            case JsonArray list: list[Index(path[^1], list.Count, inclusive: false)] = value; break;
        }
        return root;
    }

    private static JsonNode? Find(JsonNode? node, string[] path, out bool found, bool lenient = false)
    {
        found = true;
        foreach (var segment in path)
        {
            switch (node)
            {
                case JsonObject map when map.TryGetPropertyValue(segment, out var next): node = next; break;
                case JsonArray list: node = list[Index(segment, list.Count, inclusive: false)]; break;
                default:
                    if (!lenient) throw Refused();
                    found = false;
                    return null;
            }
        }
        return node;
    }

    // Negative indices count from the end, as the real server's library has it.
    private static int Index(string segment, int count, bool inclusive)
    {
        if (!int.TryParse(segment, out var index)) throw Refused();
        if (index < 0) index += count + (inclusive ? 1 : 0);
        if (index < 0 || index > count || (index == count && !inclusive)) throw Refused();
        return index;
    }

    private static string[] Pointer(JsonObject operation, string member)
    {
        var text = Text(operation, member);
        if (text.Length == 0) return [];
        if (text[0] != '/') throw Refused();
        var segments = text[1..].Split('/');
        for (var i = 0; i < segments.Length; i++)
            segments[i] = segments[i].Replace("~1", "/").Replace("~0", "~");
        return segments;
    }

    private static string Text(JsonObject operation, string member) =>
        operation[member] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Refused();

    // The real server says no more than this, whatever failed.
    private static ApiFailure Refused() =>
        new(422, "Invalid", "the server rejected our request due to an error in our request") { Details = [] };
}
