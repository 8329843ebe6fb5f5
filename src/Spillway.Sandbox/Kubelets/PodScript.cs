using System.Text.Json.Nodes;
using Spillway.Core.Quantities;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>What a pod's containers will do on a simulated node, fixed by the pod and the seed before it starts.</summary>
internal sealed record PodScript
{
    public const string DurationAnnotation = "spillway.dev/duration";
    public const string ExitCodeAnnotation = "spillway.dev/exit-code";

    /// <summary>A Job's pod that says nothing runs for half a minute: long enough to be seen, short enough to wait for.</summary>
    private static readonly TimeSpan JobDuration = TimeSpan.FromSeconds(30);

    public required IReadOnlyList<ContainerScript> Inits { get; init; }

    public required IReadOnlyList<ContainerScript> Mains { get; init; }

    /// <summary>Always, OnFailure or Never.</summary>
    public required string RestartPolicy { get; init; }

    /// <summary>From <c>activeDeadlineSeconds</c>; null for none.</summary>
    public TimeSpan? Deadline { get; init; }

    public bool HostNetwork { get; init; }

    public IReadOnlyList<string> ReadinessGates { get; init; } = [];

    /// <summary>How long the sandbox (network, volumes) takes before the first container.</summary>
    public TimeSpan Setup { get; init; }

    /// <summary>How long the containers take to end when asked to.</summary>
    public TimeSpan Stop { get; init; }

    /// <summary>Reads the script off a pod. An annotation that is no duration counts as absent.</summary>
    public static PodScript Read(Pod pod, Dice dice)
    {
        var uid = pod.Uid;
        var exitCode = int.TryParse(pod.Annotation(ExitCodeAnnotation), out var code) ? code : 0;
        var duration = Duration(pod);
        return new PodScript
        {
            Inits = [.. pod.InitContainers.Select(c => Init(c, uid, dice))],
            Mains = [.. pod.Containers.Select(c => Main(c, uid, dice) with { Runs = duration, ExitCode = exitCode })],
            RestartPolicy = pod.RestartPolicy,
            Deadline = pod.Json.Long("spec", "activeDeadlineSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds)
                : null,
            HostNetwork = pod.Json.Flag("spec", "hostNetwork") == true,
            ReadinessGates = [.. pod.Json.ObjectsAt("spec", "readinessGates").Select(g =>
                g.Text("conditionType") ?? "")],
            Setup = dice.Between(TimeSpan.FromMilliseconds(80), TimeSpan.FromMilliseconds(200), "setup", uid),
            Stop = dice.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(400), "stop", uid),
        };
    }

    /// <summary>How long the main containers run; null for until they are stopped.</summary>
    public static TimeSpan? Duration(Pod pod)
    {
        if (Durations.TryParse(pod.Annotation(DurationAnnotation), out var duration)) return duration;
        return pod.Controller is { Kind: "Job" } ? JobDuration : null;
    }

    private static ContainerScript Init(JsonObject container, string uid, Dice dice)
    {
        var script = Main(container, uid, dice);
        if (container.Text("restartPolicy") == "Always") return script with { IsSidecar = true };
        return script with
        {
            Runs = dice.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(600), "init", uid,
                script.Name),
        };
    }

    private static ContainerScript Main(JsonObject container, string uid, Dice dice)
    {
        var name = container.Text("name") ?? "";
        var delay = container.Integer("readinessProbe", "initialDelaySeconds") ?? 0;
        return new ContainerScript(name, container.Text("image") ?? "")
        {
            Start = dice.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(150), "start", uid, name),
            ReadyAfter = TimeSpan.FromSeconds(delay),
        };
    }
}

/// <summary>One container's part.</summary>
internal sealed record ContainerScript(string Name, string Image)
{
    /// <summary>From the image being there to the process running.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>How long it runs; null for until it is stopped.</summary>
    public TimeSpan? Runs { get; init; }

    public int ExitCode { get; init; }

    /// <summary>From running to ready: the readiness probe's initial delay.</summary>
    public TimeSpan ReadyAfter { get; init; }

    /// <summary>An init container that goes on running beside the main ones.</summary>
    public bool IsSidecar { get; init; }
}
