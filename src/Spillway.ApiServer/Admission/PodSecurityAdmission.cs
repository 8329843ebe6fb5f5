using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>
/// Pod security standards, chosen by labels of the namespace: enforce refuses pods, warn tells the client, also about
/// the pods that a workload would make.
/// </summary>
internal sealed class PodSecurityAdmission(ClusterReads cluster)
{
    private const string Label = "pod-security.kubernetes.io/";

    public ValueTask Validate(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.IsWrite || request.Subresource
            is not ("" or "ephemeralcontainers")) return ValueTask.CompletedTask;
        if (request.IsAny("", "namespaces"))
        {
            CheckLabels(request);
            return ValueTask.CompletedTask;
        }

        if (Template(request) is not { } pod) return ValueTask.CompletedTask;
        var isPod = request.IsAny("", "pods");
        if (isPod && request.Operation == AdmissionOperation.Update && request.Subresource.Length == 0
            && JsonNode.DeepEquals(request.Object?["spec"], request.OldObject?["spec"])) return ValueTask.CompletedTask;
        var labels = cluster.Get("", "namespaces", "", request.Namespace)?.Map("metadata")?.Map("labels");
        if (labels is null) return ValueTask.CompletedTask;
        if (isPod && Violations(pod, labels, "enforce", out var level) is { Length: > 0 } refused)
            throw request.Forbidden($"violates PodSecurity \"{level}\": {refused}");
        if (Violations(pod, labels, "warn", out level) is { Length: > 0 } doubtful)
            request.Warnings.Add($"would violate PodSecurity \"{level}\": {doubtful}");
        return ValueTask.CompletedTask;
    }

    private static string Violations(JsonObject pod, JsonObject labels, string mode, out string level)
    {
        var name = labels.Text(Label + mode) ?? "privileged";
        var version = labels.Text($"{Label}{mode}-version") ?? "latest";
        level = name + ":" + version;
        return name is "baseline" or "restricted" ? PodSecurityStandard.Violations(pod, name == "restricted") : "";
    }

    private static void CheckLabels(AdmissionRequest request)
    {
        var labels = request.Object?.Map("metadata")?.Map("labels");
        var errors = new List<FieldError>();
        foreach (var mode in new[] { "enforce", "audit", "warn" })
        {
            if (labels?.Text(Label + mode) is not { } level
                || level is "privileged" or "baseline" or "restricted") continue;
            if (request.OldObject?.Map("metadata")?.Map("labels")?.Text(Label + mode) == level) continue;
            errors.Add(FieldError.Invalid($"metadata.labels[{Label}{mode}]", level,
                "must be one of privileged, baseline, restricted"));
        }

        if (errors.Count > 0) throw ApiFailure.Invalid("", "Namespace", request.Name, errors);
    }

    /// <summary>The pod itself, or the template inside of a workload; null for what makes no pods.</summary>
    private static JsonObject? Template(AdmissionRequest request)
    {
        if (request.Object is not { } item) return null;
        return (request.Type.Group, request.Type.Resource) switch
        {
            ("", "pods") => item,
            ("", "podtemplates") => item.Map("template"),
            ("", "replicationcontrollers") or ("batch", "jobs") => item.Map("spec")?.Map("template"),
            ("apps", "deployments" or "replicasets" or "statefulsets" or "daemonsets") =>
                item.Map("spec")?.Map("template"),
            ("batch", "cronjobs") => item.Map("spec")?.Map("jobTemplate")?.Map("spec")?.Map("template"),
            _ => null,
        };
    }
}
