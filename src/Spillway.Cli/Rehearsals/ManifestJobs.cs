using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;
using Spillway.Core.Traces;
using Spillway.Controllers.Objects;

namespace Spillway.Cli.Rehearsals;

/// <summary>
/// The pods that manifests lead to, for a rehearsal without controllers: of Pods, Jobs, and everything that has replicas.
/// All of them come at the beginning; other kinds ask for no room.
/// </summary>
internal static class ManifestJobs
{
    // As long as the simulated kubelets let a Job's pod run that does not say how long it takes.
    private static readonly TimeSpan JobDuration = TimeSpan.FromSeconds(30);

    public static IEnumerable<TraceJob> From(IEnumerable<FileDocument> documents) => documents.SelectMany(Of);

    private static IEnumerable<TraceJob> Of(FileDocument document)
    {
        var (template, count) = document.Kind switch
        {
            "Pod" => (document.Json, 1),
            "Job" => (At(document.Json, "spec", "template"), Number(document.Json, "completions", "parallelism")),
            "Deployment" or "ReplicaSet" or "StatefulSet" or "ReplicationController" =>
                (At(document.Json, "spec", "template"), Number(document.Json, "replicas")),
            _ => (null, 0),
        };
        if (template is null) return [];
        var pod = Read(document, template);
        var duration = Durations.TryParse(pod.Annotations[SpillwayNames.DurationAnnotation], out var said)
            ? said
            : document.Kind == "Job" ? JobDuration : (TimeSpan?)null;
        return Enumerable.Range(0, count).Select(index => new TraceJob
        {
            Name = document.Kind == "Pod" ? document.Name : $"{document.Name}-{index}",
            Template = pod.Requirements,
            Duration = duration,
            SubmittedAt = TimeSpan.Zero,
        });
    }

    private static PodRecord Read(FileDocument document, JsonObject template)
    {
        try
        {
            return PodReader.Read(template);
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException)
        {
            throw new CommandFailure(ExitCode.No, $"{document.Place}: {wrong.Message}", wrong);
        }
    }

    private static JsonObject? At(JsonObject json, string first, string second) =>
        (json[first] as JsonObject)?[second] as JsonObject;

    private static int Number(JsonObject json, params string[] fields)
    {
        foreach (var field in fields)
        {
            if ((json["spec"] as JsonObject)?[field] is JsonValue value && value.TryGetValue<int>(out var number))
                return Math.Max(0, number);
        }
        return 1;
    }
}
