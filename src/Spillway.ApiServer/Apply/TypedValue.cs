using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>The three operations of server-side apply on a value of a known shape: merge, name the fields, take fields out.</summary>
internal static class TypedValue
{
    /// <summary>The fields a configuration states: leaves, items of keyed lists, keys of maps.</summary>
    public static FieldSet Fields(JsonObject value, TypeSchema schema)
    {
        var set = new FieldSet();
        AddFields(value, schema, set);
        return set;
    }

    /// <summary>A new value: <paramref name="left"/> with everything that <paramref name="right"/> states.</summary>
    public static JsonNode? Merge(JsonNode? left, JsonNode? right, TypeSchema schema)
    {
        if (left is not null && right is not null)
        {
            if (FieldElements.HasItems(schema, left) && FieldElements.HasItems(schema, right))
                return MergeItems(left.AsArray(), right.AsArray(), schema);
            if (FieldElements.HasFields(schema, left) && FieldElements.HasFields(schema, right))
                return MergeFields(left.AsObject(), right.AsObject(), schema);
        }
        return (right ?? left)?.DeepClone();
    }

    /// <summary>Takes the members of <paramref name="gone"/> out, in place; null when nothing is left of the value.</summary>
    public static JsonNode? Remove(JsonNode? value, FieldSet gone, TypeSchema schema)
    {
        if (gone.Children is null) return value;
        switch (value)
        {
            case JsonObject map when FieldElements.HasFields(schema, map):
                foreach (var (element, set) in gone.Children)
                {
                    if (element[0] != 'f' || !map.TryGetPropertyValue(element[2..], out var child)) continue;
                    var name = element[2..];
                    if (set.Member) map.Remove(name);
                    else if (Remove(child, set, FieldElements.Field(schema, name)) is null && child is not null)
                        map.Remove(name);
                }
                return map.Count == 0 ? null : map;
            case JsonArray list when FieldElements.HasItems(schema, list):
                for (var i = list.Count - 1; i >= 0; i--)
                {
                    if (FieldElements.Item(schema, list[i]) is not { } element || gone.Find(element) is not { } set)
                        continue;
                    if (set.Member) list.RemoveAt(i);
                    else Remove(list[i], set, schema.Items!);
                }
                return list.Count == 0 ? null : list;
            default: return value;
        }
    }

    /// <summary>Makes every struct field on the way to a member a member, so that what lies between goes with its parts.</summary>
    public static FieldSet WithParents(FieldSet set, TypeSchema schema)
    {
        var result = set.Clone();
        MarkParents(result, schema);
        return result;
    }

    private static void MarkParents(FieldSet set, TypeSchema schema)
    {
        if (set.Children is null) return;
        foreach (var (element, child) in set.Children)
        {
            if (element[0] != 'f')
            {
                if (schema.Items is not null) MarkParents(child, schema.Items);
                continue;
            }
            var name = element[2..];
            if (FieldElements.IsNamed(schema, name)) child.Member = true;
            MarkParents(child, FieldElements.Field(schema, name));
        }
    }

    private static void AddFields(JsonNode? value, TypeSchema schema, FieldSet set)
    {
        switch (value)
        {
            case JsonArray list when FieldElements.HasItems(schema, list):
                foreach (var item in list)
                {
                    if (FieldElements.Item(schema, item) is not { } element) continue;
                    var child = set.Child(element);
                    AddFields(item, schema.Items!, child);
                    child.Member = true;
                }
                break;
            case JsonObject map when FieldElements.HasFields(schema, map):
                foreach (var (name, inner) in map)
                {
                    var child = new FieldSet();
                    AddFields(inner, FieldElements.Field(schema, name), child);
                    if (inner is null or JsonObject { Count: 0 } || !FieldElements.IsNamed(schema, name))
                        child.Member = true;
                    if (!child.IsEmpty) set.Attach("f:" + name, child);
                }
                break;
            // A list without items states nothing; a value that merges as one states itself.
            case null when schema.Type is SchemaType.Array or SchemaType.Object: break;
            default: set.Member = true; break;
        }
    }

    private static JsonObject MergeFields(JsonObject left, JsonObject right, TypeSchema schema)
    {
        var merged = new JsonObject();
        foreach (var (name, value) in left)
            merged[name] = right.TryGetPropertyValue(name, out var other)
                ? Merge(value, other, FieldElements.Field(schema, name))
                : value?.DeepClone();
        foreach (var (name, value) in right)
            if (!left.ContainsKey(name)) merged[name] = value?.DeepClone();
        return merged;
    }

    // Items of both sides: the applied order holds among its own, the live order around them.
    private static JsonArray MergeItems(JsonArray left, JsonArray right, TypeSchema schema)
    {
        var live = left.Select(i => FieldElements.Item(schema, i)).ToList();
        var applied = right.Select(i => FieldElements.Item(schema, i)).ToList();
        var liveAt = Positions(live);
        var appliedAt = Positions(applied);
        var shared = new Queue<string>(applied.OfType<string>().Where(liveAt.ContainsKey));
        var done = new HashSet<string>(StringComparer.Ordinal);
        var merged = new JsonArray();

        void Take(int r)
        {
            var element = applied[r];
            var old = element is not null && liveAt.TryGetValue(element, out var at) ? left[at] : null;
            merged.Add(Merge(old, right[r], schema.Items!));
            if (element is null) return;
            done.Add(element);
            if (shared.Count > 0 && shared.Peek() == element) shared.Dequeue();
        }

        for (int l = 0, r = 0; l < left.Count || r < right.Count;)
        {
            var element = l < left.Count ? live[l] ?? "" : null;
            if (element is not null && r < right.Count)
            {
                if (element == applied[r])
                {
                    l++;
                    Take(r++);
                    continue;
                }
                if (appliedAt.ContainsKey(element) && shared.Count > 0 && shared.Peek() != element)
                {
                    l++;
                    continue;
                }
            }
            if (element is not null && !appliedAt.ContainsKey(element))
            {
                merged.Add(left[l++]?.DeepClone());
                continue;
            }
            if (element is not null && done.Contains(element)) l++;
            if (r < right.Count) Take(r++);
            else if (element is not null && !done.Contains(element)) l++;
        }
        return merged;
    }

    private static Dictionary<string, int> Positions(List<string?> elements)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < elements.Count; i++)
            if (elements[i] is { } element) positions.TryAdd(element, i);
        return positions;
    }
}
