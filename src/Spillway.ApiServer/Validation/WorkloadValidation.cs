using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks the kinds that make pods.</summary>
internal static class WorkloadValidation
{
    public static void Deployment(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        to.NonNegative("spec.replicas", spec.Number("replicas"));
        Selector(spec, old, to, "empty selector is invalid for deployment");
        Template(spec, to);
        if (spec.Map("strategy") is { } strategy) Strategy(strategy, to);
        to.NonNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        to.NonNegative("spec.revisionHistoryLimit", spec.Number("revisionHistoryLimit"));
        if (spec.Number("progressDeadlineSeconds") is not { } deadline) return;
        to.NonNegative("spec.progressDeadlineSeconds", deadline);
        if (deadline <= (spec.Number("minReadySeconds") ?? 0))
            to.Invalid(
                "spec.progressDeadlineSeconds", JsonValue.Create(deadline), "must be greater than minReadySeconds");
    }

    public static void ReplicaSet(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        to.NonNegative("spec.replicas", spec.Number("replicas"));
        to.NonNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        Selector(spec, old, to, "empty selector is invalid for deployment");
        Template(spec, to);
    }

    public static void ReplicationController(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        to.NonNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        if (spec.Map("selector") is not { Count: > 0 } selector) to.Required("spec.selector");
        else if (spec.Map("template") is not null && !Matches(selector, null, TemplateLabels(spec)))
            to.Invalid("spec.template.metadata.labels", TemplateLabels(spec)?.DeepClone(),
                "`selector` does not match template `labels`");
        to.NonNegative("spec.replicas", spec.Number("replicas"));
        if (spec.Map("template") is null) to.Required("spec.template");
        else Template(spec, to, "ReplicationController");
    }

    public static void StatefulSet(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        if (spec.Text("podManagementPolicy") is not { Length: > 0 } management) to.Required("spec.podManagementPolicy");
        else
            Mode("spec.podManagementPolicy", management, "OrderedReady", "Parallel");
        switch (spec.Map("updateStrategy")?.Text("type"))
        {
            case null or "": to.Required("spec.updateStrategy"); break;
            case "OnDelete":
                if (spec.Map("updateStrategy")?.Map("rollingUpdate") is { } rolling)
                    to.Invalid("spec.updateStrategy.rollingUpdate",
                        InternalForm.Of("RollingUpdateStatefulSetStrategy", rolling), "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "RollingUpdate":
                to.NonNegative("spec.updateStrategy.rollingUpdate.partition",
                    spec.Map("updateStrategy")?.Map("rollingUpdate")?.Number("partition"));
                break;
            default:
                to.Invalid("spec.updateStrategy",
                    InternalForm.Of("StatefulSetUpdateStrategy", spec.Map("updateStrategy") ?? []),
                    "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
        to.NonNegative("spec.replicas", spec.Number("replicas"));
        to.NonNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        Selector(spec, null, to, "empty selector is invalid for statefulset");
        Template(WithClaimedVolumes(spec), to, "StatefulSet");
        if (old is not null) StatefulChange(spec, old.Map("spec") ?? [], to);

        void Mode(string path, string value, string first, string second)
        {
            if (value != first && value != second) to.Invalid(path, value, $"must be '{first}' or '{second}'");
        }
    }

    public static void DaemonSet(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        Selector(spec, old, to, "empty selector is invalid for daemonset");
        Template(spec, to, "DaemonSet");
        to.NonNegative("spec.minReadySeconds", spec.Number("minReadySeconds"));
        switch (spec.Map("updateStrategy")?.Text("type"))
        {
            case "OnDelete": break;
            case "RollingUpdate":
                if (spec.Map("updateStrategy")?.Map("rollingUpdate") is { } rolling)
                {
                    var none = IsZero(rolling["maxUnavailable"]) && IsZero(rolling["maxSurge"]);
                    if (none) to.Required(
                        "spec.updateStrategy.rollingUpdate.maxUnavailable", "cannot be 0 when maxSurge is 0");
                    if (!IsZero(rolling["maxUnavailable"]) && !IsZero(rolling["maxSurge"]))
                        to.Invalid("spec.updateStrategy.rollingUpdate.maxSurge", rolling["maxSurge"]?.DeepClone(),
                            "may not be set when maxUnavailable is non-zero");
                }
                else to.Required("spec.updateStrategy.rollingUpdate");
                break;
            default:
                Unsupported("spec.updateStrategy", "DaemonSetUpdateStrategy", spec.Map("updateStrategy"), to,
                    "RollingUpdate", "OnDelete");
                break;
        }
        to.NonNegative("spec.revisionHistoryLimit", spec.Number("revisionHistoryLimit"));
    }

    public static void Job(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        JobSpec(spec, "spec", to);
        if (old?.Map("spec") is not { } before) return;
        if (spec.Text("completionMode") != "Indexed")
            to.Immutable("spec.completions", spec["completions"], before["completions"]);
        to.Immutable("spec.selector", spec["selector"], before["selector"]);
        var startedBefore = !before.Flag("suspend") || old.Map("status")?["startTime"] is not null;
        if (startedBefore && !JsonNode.DeepEquals(spec["template"], before["template"]))
            to.Invalid("spec.template", InternalForm.PodTemplate(spec.Map("template") ?? []), "field is immutable");
        to.Immutable("spec.completionMode", spec["completionMode"], before["completionMode"]);
        to.Immutable("spec.podFailurePolicy", spec["podFailurePolicy"], before["podFailurePolicy"]);
        to.Immutable("spec.backoffLimitPerIndex", spec["backoffLimitPerIndex"], before["backoffLimitPerIndex"]);
        to.Immutable("spec.managedBy", spec["managedBy"], before["managedBy"]);
        to.Immutable("spec.successPolicy", spec["successPolicy"], before["successPolicy"]);
    }

    public static void CronJob(JsonObject item, JsonObject? old, Complaints to)
    {
        var spec = item.Map("spec") ?? [];
        if (spec.Text("schedule") is not { Length: > 0 } schedule) to.Required("spec.schedule");
        else if (schedule.Contains("TZ", StringComparison.Ordinal) && old is null)
            to.Invalid("spec.schedule", schedule, spec["timeZone"] is null
                ? "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
                : "cannot use both timeZone field and TZ or CRON_TZ in schedule");
        else if (CronText.Problem(schedule) is { } problem) to.Invalid("spec.schedule", schedule, problem);
        to.NonNegative("spec.startingDeadlineSeconds", spec.Number("startingDeadlineSeconds"));
        to.OneOf("spec.concurrencyPolicy", spec.Text("concurrencyPolicy") ?? "", "Allow", "Forbid", "Replace");
        if (spec.Text("timeZone") is { } zone)
        {
            if (zone.Length == 0) to.Invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
            else if (zone == "Local" || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
                to.Invalid("spec.timeZone", zone, $"unknown time zone {zone}");
        }
        JobSpec(spec.Map("jobTemplate")?.Map("spec") ?? [], "spec.jobTemplate.spec", to);
        to.NonNegative("spec.successfulJobsHistoryLimit", spec.Number("successfulJobsHistoryLimit"));
        to.NonNegative("spec.failedJobsHistoryLimit", spec.Number("failedJobsHistoryLimit"));
    }

    private static void JobSpec(JsonObject spec, string path, Complaints to)
    {
        foreach (var field in (string[])["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
            "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"]) to.NonNegative(
                $"{path}.{field}", spec.Number(field));
        if (spec.Text("completionMode") is { } mode)
        {
            to.OneOf(path + ".completionMode", mode, "NonIndexed", "Indexed");
            if (mode == "Indexed" && spec["completions"] is null)
                to.Required(path + ".completions", "when completion mode is Indexed");
        }
        if (spec.Text("podReplacementPolicy") is { } replacement)
            to.OneOf(path + ".podReplacementPolicy", replacement, "Failed", "TerminatingOrFailed");
        PodValidation.Template(spec.Map("template"), path + ".template", to);
        var restart = spec.Map("template")?.Map("spec")?.Text("restartPolicy") ?? "";
        if (restart is "" or "Always")
            to.Required(path + ".template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
        else to.OneOf(path + ".template.spec.restartPolicy", restart, "OnFailure", "Never");
    }

    private static void Selector(JsonObject spec, JsonObject? old, Complaints to, string emptyText)
    {
        var selector = spec.Map("selector");
        if (selector is null)
        {
            // No selector selects nothing, so it does not select the template either.
            to.Required("spec.selector");
            Mismatch();
        }
        else
        {
            AffinityValidation.LabelSelector(selector, "spec.selector", to);
            if (selector.Map("matchLabels") is not { Count: > 0 }
                && selector.List("matchExpressions") is not { Count: > 0 })
                to.Invalid("spec.selector", selector.DeepClone(), emptyText);
            if (!Matches(selector.Map("matchLabels"), selector, TemplateLabels(spec))) Mismatch();
        }
        if (old?.Map("spec") is { } before) to.Immutable("spec.selector", selector, before["selector"]);

        void Mismatch() => to.Invalid("spec.template.metadata.labels", InternalForm.Sorted(TemplateLabels(spec)),
            "`selector` does not match template `labels`");
    }

    private static void Template(JsonObject spec, Complaints to, string kind = "ReplicaSet")
    {
        PodTemplate(spec, to);
        var pod = spec.Map("template")?.Map("spec");
        if (pod is null) return;
        if (pod.Text("restartPolicy") is { } restart and not "Always")
            to.OneOf("spec.template.spec.restartPolicy", restart, "Always");
        if (pod["activeDeadlineSeconds"] is not null)
            to.Forbidden("spec.template.spec.activeDeadlineSeconds", $"activeDeadlineSeconds in {kind} is not Supported");
    }

    /// <summary>The template as its pods will be: each claim is mounted under its name as if it were a volume.</summary>
    private static JsonObject WithClaimedVolumes(JsonObject spec)
    {
        string[] claims = [.. spec.Objects("volumeClaimTemplates").Select(c => c.Map("metadata")?.Text("name") ?? "")];
        if (claims.Length == 0 || spec.Map("template")?.Map("spec") is null) return spec;
        var whole = (JsonObject)spec.DeepClone();
        var pod = whole.Map("template")!.Map("spec")!;
        var volumes = new JsonArray();
        foreach (var volume in pod.Objects("volumes"))
            if (!claims.Contains(volume.Text("name"))) volumes.Add(volume.DeepClone());
        foreach (var name in claims)
        {
            var claim = new JsonObject { ["claimName"] = name };
            volumes.Add(new JsonObject { ["name"] = name, ["persistentVolumeClaim"] = claim });
        }
        pod["volumes"] = volumes;
        return whole;
    }

    private static void PodTemplate(JsonObject spec, Complaints to) =>
        PodValidation.Template(spec.Map("template"), "spec.template", to);

    private static JsonObject? TemplateLabels(JsonObject spec) => spec.Map("template")?.Map("metadata")?.Map("labels");

    private static bool Matches(JsonObject? labels, JsonObject? selector, JsonObject? on)
    {
        foreach (var (key, value) in labels ?? [])
            if (on is null || on.Text(key) != value.AsText()) return false;
        foreach (var requirement in selector?.Objects("matchExpressions") ?? [])
        {
            var actual = on?.Text(requirement.Text("key") ?? "");
            var listed = requirement.Texts("values").Contains(actual);
            var met = requirement.Text("operator") switch
            {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => actual is not null,
                "DoesNotExist" => actual is null,
                _ => true,
            };
            if (!met) return false;
        }
        return true;
    }

    private static void Strategy(JsonObject strategy, Complaints to)
    {
        const string path = "spec.strategy";
        switch (strategy.Text("type"))
        {
            case "Recreate":
                if (strategy["rollingUpdate"] is not null)
                    to.Forbidden(path + ".rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                break;
            case "RollingUpdate":
                if (strategy.Map("rollingUpdate") is not { } rolling)
                    to.Required(path + ".rollingUpdate", "this should be defaulted and never be nil");
                else Rolling(rolling, path + ".rollingUpdate", to);
                break;
            default:
                Unsupported(path + ".type", "DeploymentStrategy", strategy, to, "Recreate", "RollingUpdate");
                break;
        }
    }

    // The real server shows the whole strategy, not only its type.
    private static void Unsupported(
        string path, string shape, JsonObject? strategy, Complaints to, params string[] supported) =>
        to.Errors.Add(FieldError.NotSupported(path, InternalForm.Of(shape, strategy ?? []), supported));

    private static void Rolling(JsonObject rolling, string path, Complaints to)
    {
        IntOrPercent(rolling["maxUnavailable"], path + ".maxUnavailable", to);
        IntOrPercent(rolling["maxSurge"], path + ".maxSurge", to);
        if (IsZero(rolling["maxUnavailable"]) && IsZero(rolling["maxSurge"]))
            to.Invalid(
                path + ".maxUnavailable", rolling["maxUnavailable"]?.DeepClone(), "may not be 0 when `maxSurge` is 0");
        if (Percent(rolling["maxUnavailable"]) > 100)
            to.Invalid(
                path + ".maxUnavailable", rolling["maxUnavailable"]!.DeepClone(), "must not be greater than 100%");
    }

    public static void IntOrPercent(JsonNode? value, string path, Complaints to)
    {
        if (value is null) return;
        if (value.AsText() is { } text)
        {
            if (Percent(value) is null)
                to.Invalid(path, text, "a valid percent string must be a numeric string followed by an ending '%' "
                    + "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
        }
        else to.NonNegative(path, value.AsNumber());
    }

    private static int? Percent(JsonNode? value) =>
        value.AsText() is [.., '%'] text && int.TryParse(
            text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? percent : null;

    private static bool IsZero(JsonNode? value) => value is null || value.AsNumber() == 0 || Percent(value) == 0;

    private static void StatefulChange(JsonObject spec, JsonObject old, Complaints to)
    {
        string[] free = ["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy", "minReadySeconds"];
        var (now, before) = (spec.DeepClone().AsObject(), old.DeepClone().AsObject());
        foreach (var field in free)
        {
            now.Remove(field);
            before.Remove(field);
        }
        if (!JsonNode.DeepEquals(now, before))
            to.Forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                + "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
    }
}
