using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Objects as the real server's refusals print them: JSON of its internal Go structs.</summary>
internal static class InternalForm
{
    private static readonly string[] s_host =
        ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

    private static readonly JsonSerializerOptions s_indented = new(Json.Relaxed)
    {
        WriteIndented = true, IndentSize = 1, NewLine = "\n",
    };

    public static JsonObject PodSpec(JsonObject spec)
    {
        // Inside, what a pod shares with its host is part of its security context.
        var copy = spec.DeepClone().AsObject();
        var security = copy.Ensure("securityContext");
        foreach (var name in s_host)
            if (spec[name] is { } value) security[name] = value.DeepClone();
        return Of("PodSpec", copy);
    }

    public static JsonObject PodTemplate(JsonObject template)
    {
        var form = new JsonObject();
        foreach (var (name, value) in template.Map("metadata") ?? []) form[name] = Sorted(value);
        form["Spec"] = PodSpec(template.Map("spec") ?? []);
        return form;
    }

    public static JsonObject Of(string shape, JsonObject value)
    {
        var form = new JsonObject();
        Add(form, shape, value);
        return form;
    }

    /// <summary>The lines that differ, three lines around them, as a unified diff without file names.</summary>
    public static string Difference(JsonObject before, JsonObject after) =>
        LineDiff.Unified(Lines(before), Lines(after));

    private static string[] Lines(JsonObject form)
    {
        var text = new StringBuilder(form.ToJsonString(s_indented))
            .Replace("<", "\\u003c").Replace(">", "\\u003e").Replace("&", "\\u0026").ToString();
        return text.Split('\n');
    }

    private static void Add(JsonObject form, string shape, JsonObject value)
    {
        foreach (var field in InternalShapes.Fields(shape))
        {
            if (field.Kind == '+')
            {
                Add(form, field.Type, value);
                continue;
            }
            var node = value[field.Json];
            form[field.Go] = field.Kind switch
            {
                ' ' => node.AsText() ?? "",
                '#' or '~' => node?.DeepClone() ?? 0,
                '!' => node?.DeepClone() ?? false,
                '[' => node is JsonArray { Count: > 0 } list
                    ? new JsonArray([.. list.OfType<JsonObject>().Select(item => Of(field.Type, item))]) : null,
                '*' => node is JsonObject map ? Of(field.Type, map) : null,
                '=' => Of(field.Type, node as JsonObject ?? []),
                _ => Sorted(node),
            };
        }
    }

    // Go writes maps by key.
    public static JsonNode? Sorted(JsonNode? node)
    {
        if (node is not JsonObject map) return node is JsonArray { Count: 0 } ? null : node?.DeepClone();
        var sorted = new JsonObject();
        foreach (var (name, value) in map.OrderBy(p => p.Key, StringComparer.Ordinal))
            sorted[name] = value?.DeepClone();
        return sorted;
    }
}
