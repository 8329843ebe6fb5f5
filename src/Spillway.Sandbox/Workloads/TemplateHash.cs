using System.Text;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>A short name for a pod template's content: <c>pod-template-hash</c> and <c>controller-revision-hash</c>.</summary>
internal static class TemplateHash
{
    // Go's rand.SafeEncodeString: no vowels, so that no hash spells a word.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The same template gives the same hash whatever the order of its fields. Collisions are counted by the owner.</summary>
    public static string Of(JsonNode? template, int collisions)
    {
        var hash = 2166136261u;
        Mix(ref hash, template);
        if (collisions > 0) Mix(ref hash, collisions.ToString());
        var text = new StringBuilder();
        foreach (var digit in hash.ToString()) text.Append(Alphabet[digit % Alphabet.Length]);
        return text.ToString();
    }

    /// <summary>True when two templates differ in nothing but the hash label that the controller added.</summary>
    public static bool SameTemplate(JsonObject? left, JsonObject? right) =>
        KubernetesJson.Same(WithoutHash(left), WithoutHash(right));

    private static JsonObject? WithoutHash(JsonObject? template)
    {
        if (template.ObjectAt("metadata", "labels")?.ContainsKey("pod-template-hash") != true) return template;
        var copy = template!.Copied();
        copy.Ensure("metadata", "labels").Remove("pod-template-hash");
        return copy;
    }

    private static void Mix(ref uint hash, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (key, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
                {
                    Mix(ref hash, key);
                    Mix(ref hash, value);
                }

                Mix(ref hash, "}");
                break;
            case JsonArray list:
                foreach (var item in list) Mix(ref hash, item);
                Mix(ref hash, "]");
                break;
            default:
                Mix(ref hash, node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void Mix(ref uint hash, string text)
    {
        foreach (var unit in Encoding.UTF8.GetBytes(text)) hash = (hash ^ unit) * 16777619u;
        hash = (hash ^ 0xff) * 16777619u;
    }
}
