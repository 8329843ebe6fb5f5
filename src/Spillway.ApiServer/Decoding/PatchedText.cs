using System.Text.Json.Nodes;

namespace Spillway.ApiServer;

/// <summary>
/// A patched object as refusals show it: the real server's patch library sorts the maps it opens and leaves the others
/// as they were encoded.
/// </summary>
public static class PatchedText
{
    private static readonly string[] s_metadata =
    [
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "managedFields",
    ];

    // Go encodes its maps by key, and structs in the order of their fields.
    private static readonly HashSet<string> s_maps =
        new(StringComparer.Ordinal) { "labels", "annotations", "data", "binaryData", "stringData" };

    /// <param name="patch">A merge patch, or the operations of a JSON patch.</param>
    public static string Of(JsonObject patched, JsonNode? patch)
    {
        var shown = new JsonObject();
        foreach (var (name, value) in patched.OrderBy(p => p.Key, StringComparer.Ordinal))
            shown[name] = Opened(value, name, Part(patch, name));
        return shown.ToJsonString(Json.Relaxed);
    }

    private static JsonNode? Opened(JsonNode? value, string name, JsonNode? patch)
    {
        if (value is not JsonObject map) return value?.DeepClone();
        var shown = new JsonObject();
        if (patch is not null)
        {
            foreach (var (key, inner) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                shown[key] = Opened(inner, key, Part(patch, key));
            return shown;
        }
        if (name != "metadata") return s_maps.Contains(name) ? Sorted(map) : map.DeepClone();
        foreach (var key in s_metadata)
            if (map.TryGetPropertyValue(key, out var inner)) shown[key] = Opened(inner, key, null);
        return shown;
    }

    private static JsonObject Sorted(JsonObject map) => new(map.OrderBy(p => p.Key, StringComparer.Ordinal)
        .Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));

    private static JsonNode? Part(JsonNode? patch, string name)
    {
        if (patch is JsonObject map) return map[name];
        if (patch is not JsonArray operations) return null;
        var parts = new JsonArray();
        foreach (var operation in operations)
        {
            if (operation is not JsonObject step || step.Text("path") is not { } path) continue;
            var slash = path.IndexOf('/', 1);
            var head = slash < 0 ? path : path[..slash];
            if (head == "/" + name) parts.Add(new JsonObject { ["path"] = slash < 0 ? "" : path[slash..] });
        }
        return parts.Count > 0 ? parts : null;
    }
}
