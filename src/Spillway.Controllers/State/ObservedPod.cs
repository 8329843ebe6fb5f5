using System.Globalization;
using System.Text.Json;
using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Controllers.State;

/// <summary>A pod as the controllers see it: what placement knows of it, and its life.</summary>
internal sealed record ObservedPod(PodRecord Record)
{
    public PodKey Key => Record.Key;

    /// <summary>What the scheduler last said about it, verbatim; empty when it has said nothing.</summary>
    public string SchedulerMessage { get; private init; } = "";

    public DateTimeOffset? StartedAt { get; private init; }

    public DateTimeOffset? FinishedAt { get; private init; }

    /// <summary>How long it runs at most, where it says so: its duration, or its deadline.</summary>
    public TimeSpan? Duration { get; private init; }

    public bool IsDaemon => Record.Controller?.Kind == "DaemonSet";

    /// <summary>A static pod of the node itself: it goes when the machine goes.</summary>
    public bool IsMirror => Record.Annotations.ContainsKey("kubernetes.io/config.mirror");

    public bool DoNotDisrupt => Core.Consolidation.PodMarks.MustStay(Record);

    public string Why => Record.Annotations[Objects.SpillwayNames.WhyAnnotation] ?? "";

    public string Decision => Record.Annotations[Objects.SpillwayNames.DecisionAnnotation] ?? "";

    public bool IsPending => !Record.IsBound && !Record.IsFinished && !Record.Terminating;

    public DateTimeOffset? ExpectedEnd => Duration is { } duration && StartedAt is { } start ? start + duration : null;

    public static ObservedPod Read(ReadOnlyMemory<byte> utf8Json)
    {
        var record = PodReader.Read(utf8Json.Span);
        using var document = JsonDocument.Parse(utf8Json);
        var root = document.RootElement;
        var (started, finished) = Run(root);
        return new ObservedPod(record)
        {
            SchedulerMessage = SchedulerWords(root),
            StartedAt = started ?? record.StartedAt,
            FinishedAt = record.IsFinished ? finished : null,
            Duration = ReadDuration(record, root),
        };
    }

    public PendingPod ToPending() => new(Key, Record.CreatedAt)
    {
        SchedulerMessage = SchedulerMessage,
        IsDaemon = IsDaemon,
        Duration = Duration,
        Approved = Record.Annotations[BurstRules.ApprovalAnnotation] == BurstRules.Approved,
    };

    private static TimeSpan? ReadDuration(PodRecord record, JsonElement root)
    {
        if (Durations.TryParse(record.Annotations[Objects.SpillwayNames.DurationAnnotation], out var duration))
            return duration;
        return root.TryGetProperty("spec", out var spec)
            && spec.TryGetProperty("activeDeadlineSeconds", out var seconds)
            && seconds.TryGetInt64(out var limit)
            ? TimeSpan.FromSeconds(limit)
            : null;
    }

    private static string SchedulerWords(JsonElement root)
    {
        if (!root.TryGetProperty("status", out var status) || !status.TryGetProperty("conditions", out var conditions))
            return "";
        foreach (var condition in conditions.EnumerateArray())
        {
            if (Text(condition, "type") == "PodScheduled" && Text(condition, "status") == "False")
                return Text(condition, "message");
        }

        return "";
    }

    /// <summary>When its first container began and its last one ended.</summary>
    private static (DateTimeOffset? Started, DateTimeOffset? Finished) Run(JsonElement root)
    {
        DateTimeOffset? started = null, finished = null;
        if (!root.TryGetProperty("status", out var status)
            || !status.TryGetProperty("containerStatuses", out var containers))
            return (null, null);
        foreach (var container in containers.EnumerateArray())
        {
            if (!container.TryGetProperty("state", out var state)) continue;
            foreach (var phase in (string[])["running", "terminated"])
            {
                if (!state.TryGetProperty(phase, out var detail)) continue;
                if (Time(detail, "startedAt") is { } from && (started is null || from < started)) started = from;
                if (Time(detail, "finishedAt") is { } to && (finished is null || to > finished)) finished = to;
            }
        }

        return (started, finished);
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : "";

    private static DateTimeOffset? Time(JsonElement element, string name) =>
        DateTimeOffset.TryParse(Text(element, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out var time)
            ? time
            : null;
}
