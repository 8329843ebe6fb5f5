using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>What the server itself writes into the kinds that make pods, whoever writes the rest.</summary>
internal static class WorkloadStrategy
{
    private const string TemplateGeneration = "deprecated.daemonset.template.generation";

    /// <summary>A daemon set counts the generations of its template in an annotation.</summary>
    /// <param name="old">Null when it is new.</param>
    public static void CountTemplate(JsonObject item, JsonObject? old)
    {
        var generation = 1L;
        if (old is not null)
        {
            var text = old.Map("metadata")?.Map("annotations")?.Text(TemplateGeneration);
            generation = long.TryParse(text, out var before) ? before : 0;
            if (!JsonNode.DeepEquals(item.Map("spec")?["template"], old.Map("spec")?["template"])) generation++;
        }
        item.Ensure("metadata").Ensure("annotations")[TemplateGeneration] = generation.ToString();
    }

    /// <summary>A job's pods carry its uid and name, and its selector asks for the uid.</summary>
    public static void SelectOwnPods(JsonObject job)
    {
        var spec = job.Ensure("spec");
        if (spec.Flag("manualSelector")) return;
        var metadata = job.Ensure("metadata");
        var (uid, name) = (metadata.Text("uid") ?? "", metadata.Text("name") ?? "");
        var labels = spec.Ensure("template").Ensure("metadata").Ensure("labels");
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)
            [("job-name", name), ("batch.kubernetes.io/job-name", name), ("controller-uid", uid),
                ("batch.kubernetes.io/controller-uid", uid)])
            if (!labels.ContainsKey(key)) labels[key] = value;
        var wanted = spec.Ensure("selector").Ensure("matchLabels");
        if (!wanted.ContainsKey("batch.kubernetes.io/controller-uid"))
            wanted["batch.kubernetes.io/controller-uid"] = uid;
    }
}
