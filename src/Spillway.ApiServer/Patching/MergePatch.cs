using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Patching;

/// <summary>JSON merge patch (RFC 7396).</summary>
public static class MergePatch
{
    /// <summary>The patched copy; <paramref name="document"/> stays as it is.</summary>
    public static JsonObject Apply(JsonObject document, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            throw ApiFailure.BadRequest(
                $"error decoding patch: json: cannot unmarshal {GoWords.Kind(patch)} into Go value of type map[string]interface {{}}");
        var result = document.DeepClone().AsObject();
        Merge(result, changes);
        return result;
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null) target.Remove(key);
            else if (value is JsonObject changes) MergeObject(target, key, changes);
            else target[key] = value.DeepClone();
        }
    }

    private static void MergeObject(JsonObject target, string key, JsonObject changes)
    {
        if (target[key] is not JsonObject inner) target[key] = inner = [];
        Merge(inner, changes);
    }
}
