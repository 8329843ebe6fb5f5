using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>Who wrote, with what, where: one line of <c>managedFields</c>.</summary>
/// <param name="Manager">The fieldManager of the request, else the User-Agent up to its first slash, else <c>unknown</c>.</param>
/// <param name="Subresource">Such as <c>status</c>; empty for the object itself.</param>
public sealed record FieldWriter(string Manager, string Subresource);

/// <summary>Keeps <c>metadata.managedFields</c>: which manager owns which fields of an object.</summary>
public static class ManagedFields
{
    /// <summary>More update managers than this are folded into one, the oldest first: the real server's bound.</summary>
    private const int MaxUpdateManagers = 10;

    private const string AncientChanges = "ancient-changes";

    /// <summary>
    /// Records what a create, update or patch changed, in <paramref name="updated"/>. Both objects must be in canonical
    /// form. Call before admission adds fields: those belong to nobody.
    /// </summary>
    /// <param name="live">The stored object; null on create.</param>
    public static void TrackUpdate(
        ResourceType type, JsonObject? live, JsonObject updated, FieldWriter writer, DateTimeOffset now)
    {
        // A binding is the scheduler's word on a pod, not an edit of it: the real server notes no owner for what it sets.
        if (writer.Subresource == "binding") return;
        if (updated["metadata"] is not JsonObject metadata) updated["metadata"] = metadata = [];
        var given = metadata["managedFields"] as JsonArray;
        var kept = Kept(live, metadata, writer.Subresource.Length > 0, out var reset);
        metadata.Remove("managedFields");
        if (live is not null && kept.Count == 0) return;
        if (reset) return;
        var diff = FieldDiff.Of(live ?? Canonical.Empty(type.Schema), updated, type.Schema);
        ResetFields(type, writer.Subresource, diff.Changed, diff.Removed);
        if (diff is { Changed: null or { IsEmpty: true }, Removed: null or { IsEmpty: true } } && kept.Count > 0
            && (given is null || kept[0].Parent != given || kept.Count == given.Count))
        {
            metadata["managedFields"] = kept[0].Parent == given ? given : kept[0].Parent!.DeepClone();
            return;
        }
        // Entries that stay as they are move over instead of being copied.
        if (given is not null && kept.Count > 0 && kept[0].Parent == given) given.Clear();
        var entries = kept.ConvertAll(e => new ManagedEntry(e));
        if (diff.Removed is not null)
            foreach (var entry in entries) entry.GiveUp(diff.Removed, type.ApiVersion);
        if (diff.Changed is { IsEmpty: false }) TakeOver(entries, type, writer, diff.Changed, now);
        Store(entries, metadata);
    }

    /// <summary>
    /// Keeps the old times when <paramref name="updated"/> differs from <paramref name="live"/> in nothing else, so that
    /// such a write is seen to change nothing.
    /// </summary>
    public static void KeepTimesIfUnchanged(JsonObject live, JsonObject updated)
    {
        if (live["metadata"]?["managedFields"] is not JsonArray before
            || updated["metadata"]?["managedFields"] is not JsonArray after || before.Count != after.Count) return;
        for (var i = 0; i < before.Count; i++)
            if (before[i] is not JsonObject a || after[i] is not JsonObject b || !SameButTime(a, b)) return;
        updated["metadata"]!["managedFields"] = before.DeepClone();
    }

    internal static void Store(List<ManagedEntry> entries, JsonObject metadata)
    {
        entries.RemoveAll(e => e.IsEmpty);
        Cap(entries);
        metadata.Remove("managedFields");
        if (entries.Count == 0) return;
        entries.Sort(ManagedEntry.Compare);
        metadata["managedFields"] = new JsonArray([.. entries.Select(e => (JsonNode)e.ToJson())]);
    }

    /// <summary>Entries of an object, as copies; entries that are malformed are left out, as the real server does.</summary>
    internal static List<JsonObject> Read(JsonObject? metadata)
    {
        var entries = new List<JsonObject>();
        if (metadata?["managedFields"] is not JsonArray array) return entries;
        foreach (var item in array)
            if (item is JsonObject entry && entry["operation"] is JsonValue) entries.Add(entry);
        return entries;
    }

    /// <summary>The server alone decides these parts of an object, so writing them owns nothing.</summary>
    internal static void ResetFields(ResourceType type, string subresource, params ReadOnlySpan<FieldSet?> sets)
    {
        foreach (var set in sets)
        {
            if (set?.Children is not { } children) continue;
            if (subresource == "status")
            {
                children.Remove("f:spec");
                if (!type.IsCustom || !children.TryGetValue("f:metadata", out var metadata)) continue;
                metadata.Children?.Clear();
                children.Remove("f:metadata");
            }
            else if (subresource.Length == 0 && type.Subresources.ContainsKey("status")) children.Remove("f:status");
        }
    }

    private static List<JsonObject> Kept(JsonObject? live, JsonObject metadata, bool isSubresource, out bool reset)
    {
        reset = false;
        if (!isSubresource && metadata["managedFields"] is JsonArray given)
        {
            reset = given is [JsonObject { Count: 0 }] or [JsonObject] && IsBlank(given[0]!.AsObject());
            if (reset) return [];
            var fromRequest = Read(metadata);
            if (fromRequest.Count > 0) return fromRequest;
        }
        return Read(live?["metadata"] as JsonObject);
    }

    private static bool IsBlank(JsonObject entry) => entry.All(p => p.Value is null || p.Value.ToString().Length == 0);

    private static void TakeOver(
        List<ManagedEntry> entries, ResourceType type, FieldWriter writer, FieldSet changed, DateTimeOffset now)
    {
        ManagedEntry? own = null;
        foreach (var entry in entries)
        {
            if (entry.IsUpdateBy(writer, type.ApiVersion)) own = entry;
            else entry.GiveUp(changed, type.ApiVersion);
        }
        if (own is null) entries.Add(own = new ManagedEntry(writer, "Update", type.ApiVersion));
        own.Take(changed, now);
    }

    private static void Cap(List<ManagedEntry> entries)
    {
        var updates = entries.Where(e => e.Operation == "Update").OrderBy(e => e.Time, StringComparer.Ordinal).ToList();
        foreach (var old in updates.Take(updates.Count - MaxUpdateManagers + 1).Where(
            _ => updates.Count > MaxUpdateManagers))
        {
            if (old.Manager == AncientChanges) continue;
            entries.Remove(old);
            var bucket = entries.Find(e => e.Manager == AncientChanges && e.ApiVersion == old.ApiVersion);
            if (bucket is null)
                entries.Add(bucket = new ManagedEntry(new FieldWriter(AncientChanges, ""), "Update", old.ApiVersion));
            bucket.Take(old.Fields, old.Time);
        }
    }

    private static bool SameButTime(JsonObject a, JsonObject b)
    {
        foreach (var (key, value) in a)
            if (key != "time" && !JsonNode.DeepEquals(value, b[key])) return false;
        return a.Count == b.Count;
    }

    internal static string Rfc3339(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
