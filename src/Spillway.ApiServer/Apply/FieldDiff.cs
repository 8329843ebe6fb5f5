using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>
/// What changed between two objects, as sets of field paths. Runs on every write: allocates only where they differ.
/// </summary>
internal ref struct FieldDiff
{
    // Nobody owns these: the server sets them, or they say which object it is.
    private static readonly HashSet<string> s_unowned = new(StringComparer.Ordinal)
    {
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
        "resourceVersion",
    };

    /// <summary>Paths that are new or hold another value; null when none.</summary>
    public FieldSet? Changed;

    /// <summary>Paths that are gone; null when none.</summary>
    public FieldSet? Removed;

    /// <summary>Compares whole objects, without the parts of them that nobody owns.</summary>
    public static FieldDiff Of(JsonObject before, JsonObject after, TypeSchema schema)
    {
        var diff = default(FieldDiff);
        diff.Fields(before, after, schema, depth: 0, inMetadata: false, ref diff.Changed, ref diff.Removed);
        return diff;
    }

    private void Compare(
        JsonNode? left, bool hasLeft, JsonNode? right, bool hasRight, TypeSchema schema,
        ref FieldSet? changed, ref FieldSet? removed)
    {
        if (FieldElements.HasItems(schema, left) && FieldElements.HasItems(schema, right)
            && (left is JsonArray { Count: > 0 } || right is JsonArray { Count: > 0 }))
        {
            if (hasLeft && hasRight && JsonNode.DeepEquals(left, right)) return;
            Items(left as JsonArray, right as JsonArray, schema, ref changed, ref removed);
        }
        else if (FieldElements.HasFields(schema, left) && FieldElements.HasFields(schema, right)
            && (left is JsonObject { Count: > 0 } || right is JsonObject { Count: > 0 }))
        {
            Fields(left as JsonObject, right as JsonObject, schema, depth: 1, inMetadata: false, ref changed,
                ref removed);
        }
        else
        {
            if (hasLeft && hasRight && !JsonNode.DeepEquals(left, right)) (changed ??= new FieldSet()).Member = true;
        }
        if (!hasLeft) (changed ??= new FieldSet()).Member = true;
        else if (!hasRight) (removed ??= new FieldSet()).Member = true;
    }

    private void Fields(
        JsonObject? left, JsonObject? right, TypeSchema schema, int depth, bool inMetadata,
        ref FieldSet? changed, ref FieldSet? removed)
    {
        if (right is not null)
        {
            foreach (var (name, value) in right)
            {
                if (depth == 0 && name is "apiVersion" or "kind") continue;
                if (inMetadata && s_unowned.Contains(name)) continue;
                JsonNode? old = null;
                var hasOld = left is not null && left.TryGetPropertyValue(name, out old);
                Field(name, old, hasOld, value, true, schema, depth, ref changed, ref removed);
            }
        }
        if (left is null) return;
        foreach (var (name, value) in left)
        {
            if (right is not null && right.ContainsKey(name)) continue;
            if (depth == 0 && name is "apiVersion" or "kind") continue;
            if (inMetadata && s_unowned.Contains(name)) continue;
            Field(name, value, true, null, false, schema, depth, ref changed, ref removed);
        }
    }

    private void Field(
        string name, JsonNode? left, bool hasLeft, JsonNode? right, bool hasRight, TypeSchema schema, int depth,
        ref FieldSet? changed, ref FieldSet? removed)
    {
        FieldSet? added = null;
        FieldSet? gone = null;
        var field = FieldElements.Field(schema, name);
        if (depth == 0 && name == "metadata")
            Fields(left as JsonObject, right as JsonObject, field, depth: 1, inMetadata: true, ref added, ref gone);
        else
            Compare(left, hasLeft, right, hasRight, field, ref added, ref gone);
        if (added is not null) (changed ??= new FieldSet()).Attach("f:" + name, added);
        if (gone is not null) (removed ??= new FieldSet()).Attach("f:" + name, gone);
    }

    private void Items(
        JsonArray? left, JsonArray? right, TypeSchema schema, ref FieldSet? changed, ref FieldSet? removed)
    {
        var before = Index(left, schema);
        var items = schema.Items!;
        if (right is not null)
        {
            foreach (var item in right)
            {
                if (FieldElements.Item(schema, item) is not { } element) continue;
                JsonNode? old = null;
                var hasOld = before is not null && before.Remove(element, out old);
                FieldSet? added = null;
                FieldSet? gone = null;
                Compare(old, hasOld, item, true, items, ref added, ref gone);
                if (added is not null) (changed ??= new FieldSet()).Attach(element, added);
                if (gone is not null) (removed ??= new FieldSet()).Attach(element, gone);
            }
        }
        if (before is null) return;
        foreach (var (element, old) in before)
        {
            FieldSet? added = null;
            FieldSet? gone = null;
            Compare(old, true, null, false, items, ref added, ref gone);
            if (gone is not null) (removed ??= new FieldSet()).Attach(element, gone);
        }
    }

    private static Dictionary<string, JsonNode?>? Index(JsonArray? list, TypeSchema schema)
    {
        if (list is null || list.Count == 0) return null;
        var index = new Dictionary<string, JsonNode?>(list.Count, StringComparer.Ordinal);
        foreach (var item in list)
            if (FieldElements.Item(schema, item) is { } element) index[element] = item;
        return index;
    }
}
