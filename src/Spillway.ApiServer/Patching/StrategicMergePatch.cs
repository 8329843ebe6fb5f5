using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Patching;

/// <summary>
/// Strategic merge patch: lists merge by the key their schema names. Directives in the patch: <c>$patch</c>
/// (replace, delete, merge), <c>$deleteFromPrimitiveList/LIST</c>, <c>$setElementOrder/LIST</c>, <c>$retainKeys</c>.
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";
    private const string SetOrder = "$setElementOrder/";

    /// <summary>The patched copy; <paramref name="document"/> stays as it is.</summary>
    public static JsonObject Apply(JsonObject document, JsonNode? patch, TypeSchema schema)
    {
        if (patch is not JsonObject changes)
            throw ApiFailure.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoWords.Kind(patch)} into Go value of type map[string]interface {{}}");
        return MergeMap(document.DeepClone().AsObject(), changes, schema);
    }

    private static JsonObject MergeMap(JsonObject original, JsonObject patch, TypeSchema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            switch (Text(directive))
            {
                case "replace": return WithoutDirectives(patch, keepNulls: true).AsObject();
                case "delete": return [];
                case "merge": break;
                default: throw Unknown(directive, patch);
            }
        }
        RetainOnly(original, patch);
        foreach (var (key, value) in patch)
        {
            if (key == Directive || key == RetainKeys) continue;
            if (key.StartsWith(SetOrder, StringComparison.Ordinal))
            {
                var list = key[SetOrder.Length..];
                Order(original, patch, list, value, schema?.Properties.GetValueOrDefault(list));
            }
            else if (key.StartsWith(DeleteFrom, StringComparison.Ordinal))
                DeleteScalars(original, key[DeleteFrom.Length..], value);
            else if (!patch.ContainsKey(SetOrder + key)) MergeField(original, key, value, Field(schema, key));
        }
        return original;
    }

    private static TypeSchema? Field(TypeSchema? schema, string key) =>
        schema is null ? null : schema.Properties.GetValueOrDefault(key) ?? schema.Values;

    private static void MergeField(JsonObject original, string key, JsonNode? value, TypeSchema? schema)
    {
        if (value is null)
        {
            original.Remove(key);
            return;
        }
        original.TryGetPropertyValue(key, out var current);
        switch (current, value)
        {
            case (JsonObject map, JsonObject changes) when !Has(schema, "replace"):
                original[key] = null;
                original[key] = MergeMap(map, changes, schema);
                break;
            case (JsonArray list, JsonArray items) when Has(schema, "merge"):
                original[key] = MergeList(list, items, schema!);
                break;
            default:
                original[key] = WithoutDirectives(value, keepNulls: false);
                break;
        }
    }

    private static JsonArray MergeList(JsonArray original, JsonArray patch, TypeSchema schema)
    {
        if (original.Count == 0 && patch.Count == 0) return [];
        List<JsonNode?> before = [.. original];
        if (schema.PatchMergeKey is not { } mergeKey)
        {
            var all = Take(original);
            foreach (var item in patch)
                if (!all.Exists(known => JsonNode.DeepEquals(known, item))) all.Add(item?.DeepClone());
            return Arrange(all, [.. patch], before, item => item?.ToJsonString() ?? "null");
        }
        var items = Take(original);
        var wanted = Special(items, patch, mergeKey, out var replace);
        if (replace) return [.. wanted.Select(w => WithoutDirectives(w!, keepNulls: false))];
        foreach (var item in wanted)
        {
            var changes = item as JsonObject ?? throw Unmergeable(item);
            if (!changes.TryGetPropertyValue(mergeKey, out var id))
                throw Refused($"map: {GoWords.Print(item)} does not contain declared merge key: {mergeKey}");
            var at = items.FindIndex(i => i is JsonObject map && JsonNode.DeepEquals(map[mergeKey], id));
            if (at >= 0) items[at] = MergeMap(items[at]!.AsObject(), changes, schema.Items);
            else items.Add(WithoutDirectives(changes, keepNulls: false));
        }
        return Arrange(items, wanted, before, item => Key(item, mergeKey));
    }

    // Takes out the items that are orders ($patch: delete or replace) and carries the deletions out.
    private static List<JsonNode?> Special(List<JsonNode?> items, JsonArray patch, string mergeKey, out bool replace)
    {
        replace = false;
        var wanted = new List<JsonNode?>(patch.Count);
        foreach (var item in patch)
        {
            if (item is not JsonObject map || !map.TryGetPropertyValue(Directive, out var directive))
            {
                wanted.Add(item);
                continue;
            }
            switch (Text(directive))
            {
                case "delete":
                    if (!map.TryGetPropertyValue(mergeKey, out var id))
                        throw Refused($"delete patch type with no merge key defined");
                    items.RemoveAll(i => i is JsonObject known && JsonNode.DeepEquals(known[mergeKey], id));
                    break;
                case "replace": replace = true; break;
                case "merge": throw Refused("merging lists cannot yet be specified in the patch");
                default: throw Unknown(directive, map);
            }
        }
        return wanted;
    }

    private static void Order(JsonObject original, JsonObject patch, string key, JsonNode? order, TypeSchema? schema)
    {
        if (order is not JsonArray positions)
            throw ApiFailure.BadRequest("invalid patch format of setElementOrder list");
        original.TryGetPropertyValue(key, out var current);
        var server = current as JsonArray;
        if (patch.TryGetPropertyValue(key, out var value) && value is not JsonArray)
        {
            MergeField(original, key, value, schema);
            return;
        }
        List<JsonNode?> before = server is null ? [] : [.. server.DeepClone().AsArray()];
        var merged = (server, value as JsonArray) switch
        {
            (null, null) => null,
            (null, { } items) => MergeList([], items, schema ?? new TypeSchema()),
            ({ } list, null) => list,
            ({ } list, { } items) => MergeList(list, items, schema ?? new TypeSchema()),
        };
        if (merged is null) return;
        var mergeKey = schema?.PatchMergeKey;
        original[key] = Arrange(Take(merged), [.. positions], before,
            item => mergeKey is null ? item?.ToJsonString() ?? "null" : Key(item, mergeKey));
    }

    // Items the patch names come in its order; the server's own keep theirs; where both are known the old order decides.
    private static JsonArray Arrange(
        List<JsonNode?> items, List<JsonNode?> order, List<JsonNode?> before, Func<JsonNode?, string> identity)
    {
        var rank = Ranks(order, identity);
        var oldRank = Ranks(before, identity);
        var named = items.Where(i => rank.ContainsKey(identity(i))).OrderBy(i => rank[identity(i)]).ToList();
        var own = items.Where(i => !rank.ContainsKey(identity(i)))
            .OrderBy(i => oldRank.GetValueOrDefault(identity(i), int.MaxValue)).ToList();
        var result = new JsonArray();
        int n = 0, o = 0;
        while (n < named.Count || o < own.Count)
        {
            var takeOwn = n >= named.Count || (o < own.Count
                && oldRank.TryGetValue(identity(own[o]), out var left)
                && oldRank.TryGetValue(identity(named[n]), out var right) && left < right);
            result.Add(takeOwn ? own[o++] : named[n++]);
        }
        return result;
    }

    private static Dictionary<string, int> Ranks(List<JsonNode?> items, Func<JsonNode?, string> identity)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++) ranks.TryAdd(identity(items[i]), i);
        return ranks;
    }

    private static string Key(JsonNode? item, string mergeKey) =>
        (item as JsonObject)?[mergeKey]?.ToJsonString() ?? "null";

    private static void DeleteScalars(JsonObject original, string key, JsonNode? values)
    {
        if (values is not JsonArray gone) throw ApiFailure.BadRequest("invalid patch format of primitive list");
        if (original[key] is not JsonArray list) return;
        for (var i = list.Count - 1; i >= 0; i--)
            if (gone.Any(g => JsonNode.DeepEquals(g, list[i]))) list.RemoveAt(i);
    }

    private static void RetainOnly(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var keys)) return;
        if (keys is not JsonArray list) throw BadRetainKeys();
        var kept = list.Select(k => Text(k)).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in patch)
            if (value is not null && key[0] != '$' && !kept.Contains(key)) throw BadRetainKeys();
        foreach (var key in original.Select(p => p.Key).Where(k => !kept.Contains(k)).ToList()) original.Remove(key);
    }

    // A value that goes in as it is: its directives are orders for nothing, its nulls delete nothing.
    private static JsonNode WithoutDirectives(JsonNode value, bool keepNulls)
    {
        switch (value)
        {
            case JsonObject map:
                var copy = new JsonObject();
                foreach (var (key, inner) in map)
                {
                    if (key == Directive || key == RetainKeys || key.StartsWith(SetOrder, StringComparison.Ordinal)
                        || key.StartsWith(DeleteFrom, StringComparison.Ordinal)) continue;
                    if (inner is not null) copy[key] = WithoutDirectives(inner, keepNulls);
                    else if (keepNulls) copy[key] = null;
                }
                return copy;
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list)
                    if (item is not JsonObject order || Text(order[Directive]) != "delete")
                        items.Add(item is null ? null : WithoutDirectives(item, keepNulls));
                return items;
            default: return value.DeepClone();
        }
    }

    private static bool Has(TypeSchema? schema, string strategy) =>
        schema?.PatchStrategy is { } all && (all == strategy || all.Split(',').Contains(strategy));

    private static List<JsonNode?> Take(JsonArray list)
    {
        var items = list.ToList();
        list.Clear();
        return items;
    }

    private static string Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static ApiFailure BadRetainKeys() => ApiFailure.BadRequest("invalid patch format of retainKeys");

    private static ApiFailure Unmergeable(JsonNode? item) =>
        ApiFailure.BadRequest($"invalid JSON document: a list of objects cannot merge with {GoWords.Kind(item)}");

    private static ApiFailure Unknown(JsonNode? directive, JsonObject patch) =>
        Refused($"unknown patch type found: {GoWords.Print(directive)} in {GoWords.Print(patch)}");

    private static ApiFailure Refused(string message) => new(500, "", message);
}
