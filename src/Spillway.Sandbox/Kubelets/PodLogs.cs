using System.Globalization;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>One line that a simulated container has written.</summary>
internal readonly record struct LogLine(DateTimeOffset At, string Text);

/// <summary>What <c>kubectl logs</c> asks for.</summary>
internal sealed record LogQuery
{
    /// <summary>Empty for the pod's only container, or the one that its annotation names as default.</summary>
    public string Container { get; init; } = "";

    /// <summary>The run before the last restart.</summary>
    public bool Previous { get; init; }

    public bool Timestamps { get; init; }

    public DateTimeOffset? Since { get; init; }

    public int? Tail { get; init; }

    public long? LimitBytes { get; init; }
}

/// <summary>
/// The logs of simulated containers. Nothing is stored: a container says the same at the same moment of its life however
/// often it is asked, so its lines follow from the pod's status and the time.
/// </summary>
internal static class PodLogs
{
    /// <summary>A container that runs to an end tells of its progress in this many steps.</summary>
    private const int Steps = 10;

    /// <summary>A container without an end says every minute that it is well; a year of that is enough to keep.</summary>
    private const int MostBeats = 10_000;

    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(1);

    /// <summary>The name of the container that is meant, or what is wrong with the question, in the API server's words.</summary>
    public static (string Name, string? Error) Choose(Pod pod, string asked)
    {
        var names = pod.InitContainers.Concat(pod.Containers).Select(c => c.Text("name") ?? "").ToList();
        if (asked.Length > 0)
        {
            return names.Contains(asked)
                ? (asked, null)
                : ("", $"container {asked} is not valid for pod {pod.Name}");
        }
        var mains = pod.Containers.Select(c => c.Text("name") ?? "").ToList();
        if (mains.Count == 1) return (mains[0], null);
        if (pod.Annotation("kubectl.kubernetes.io/default-container") is { } chosen && mains.Contains(chosen))
            return (chosen, null);
        return ("", $"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', mains)}]");
    }

    /// <summary>The container's status when it has something to tell, or why not.</summary>
    public static (JsonObject? State, string? Error) Find(Pod pod, string container, bool previous)
    {
        var status = pod.Json.ObjectsAt("status", "initContainerStatuses")
            .Concat(pod.ContainerStatuses)
            .FirstOrDefault(s => s.Text("name") == container);
        if (previous)
        {
            return status.ObjectAt("lastState", "terminated") is { } last
                ? (last, null)
                : (null, $"previous terminated container \"{container}\" in pod \"{pod.Name}\" not found");
        }
        if (status.ObjectAt("state", "running") is { } running) return (running, null);
        if (status.ObjectAt("state", "terminated") is { } ended) return (ended, null);
        if (status.ObjectAt("lastState", "terminated") is { } before) return (before, null);
        var why = status.Text("state", "waiting", "reason") ?? "ContainerCreating";
        return (null, $"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {why}");
    }

    /// <summary>All lines from the container's start up to now, oldest first.</summary>
    public static IEnumerable<LogLine> Lines(Pod pod, string container, JsonObject state, DateTimeOffset now)
    {
        var start = state.Time("startedAt") ?? now;
        var end = state.Time("finishedAt");
        var until = end ?? now;
        var image = pod.InitContainers.Concat(pod.Containers).First(c => c.Text("name") == container).Text("image");
        yield return new LogLine(start, $"{container}: started on {pod.NodeName} ({image})");
        var isMain = pod.Containers.Any(c => c.Text("name") == container);
        var beats = isMain && PodScript.Duration(pod) is { } duration && duration > TimeSpan.Zero
            ? Progress(start, duration)
            : WellBeing(start);
        foreach (var beat in beats)
        {
            if (beat.At >= until) break;
            yield return beat with { Text = $"{container}: {beat.Text}" };
        }
        if (end is not { } finished) yield break;
        var took = Seconds(finished - start);
        var code = state.Integer("exitCode") ?? 0;
        yield return new LogLine(finished, code == 0
            ? $"{container}: finished after {took}"
            : $"{container}: ended with exit code {code} after {took}");
    }

    /// <summary>The lines as <c>kubectl logs</c> prints them.</summary>
    public static IEnumerable<string> Print(IEnumerable<LogLine> lines, LogQuery query)
    {
        if (query.Since is { } since) lines = lines.Where(line => line.At >= since);
        if (query.Tail is { } tail) lines = lines.TakeLast(tail);
        var left = query.LimitBytes ?? long.MaxValue;
        foreach (var line in lines)
        {
            if (left <= 0) yield break;
            var text = query.Timestamps ? $"{Stamp(line.At)} {line.Text}" : line.Text;
            if (text.Length + 1 > left) text = text[..(int)left];
            left -= text.Length + 1;
            yield return text;
        }
    }

    private static IEnumerable<LogLine> Progress(DateTimeOffset start, TimeSpan duration)
    {
        for (var step = 1; step < Steps; step++)
        {
            var passed = duration * step / Steps;
            yield return new LogLine(start + passed,
                $"{step * 100 / Steps}% done ({Seconds(passed)} of {Seconds(duration)})");
        }
    }

    private static IEnumerable<LogLine> WellBeing(DateTimeOffset start)
    {
        for (var beat = 1; beat <= MostBeats; beat++)
            yield return new LogLine(start + (Beat * beat), $"healthy, up {beat} min");
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture) + "s";

    private static string Stamp(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff00'Z'", CultureInfo.InvariantCulture);
}
