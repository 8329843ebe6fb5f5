using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>Writes a pod's status as a kubelet does: its own conditions and fields, others' left alone.</summary>
internal static class PodStatusJson
{
    /// <param name="seen">The pod as last seen: its conditions keep their transition times.</param>
    public static JsonObject Write(PodRun run, Pod seen, string hostIp, Dice dice, DateTimeOffset now)
    {
        var status = new JsonObject
        {
            ["phase"] = run.Phase,
            ["hostIP"] = hostIp,
            ["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = hostIp }),
            ["startTime"] = KubernetesJson.Timestamp(run.StartedAt),
            ["reason"] = run.Reason.Length > 0 ? run.Reason : null,
            ["message"] = run.Message.Length > 0 ? run.Message : null,
            ["conditions"] = Conditions(run, seen, now),
        };
        if (run.Ip.Length > 0 && !run.IsSettingUp)
        {
            status["podIP"] = run.Ip;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = run.Ip });
        }
        // A pod that was refused has no containers: nothing of it ever ran.
        if (run is { HasEnded: true, Reason.Length: > 0 } && run.Reason != "DeadlineExceeded") return status;
        if (run.Inits.Count > 0) status["initContainerStatuses"] = Containers(run, run.Inits, dice);
        status["containerStatuses"] = Containers(run, run.Mains, dice);
        return status;
    }

    private static JsonArray Conditions(PodRun run, Pod seen, DateTimeOffset now)
    {
        var finished = run.Phase == "Succeeded" ? "PodCompleted" : run.HasEnded ? "PodFailed" : "";
        var initialised = run.HasEnded || run.IsInitialised;
        var ready = run.AreContainersReady;
        var gatesOpen = run.Script.ReadinessGates.All(seen.IsTrue);
        var notReady = finished.Length > 0 ? finished : "ContainersNotReady";
        var names = string.Join(' ', run.Mains.Where(m => !m.IsReady).Select(m => m.Script.Name));
        var unready = finished == "PodCompleted" ? "" : $"containers with unready status: [{names}]";
        var uninitialised = string.Join(' ', run.Inits.Where(i => !i.IsDoneInitialising).Select(i => i.Script.Name));

        // Only the kubelet's own: a list merges by type, and others' conditions may be newer than our copy of them.
        var known = run.Written ?? seen.Status;
        var conditions = new JsonArray([.. known.ObjectsAt("conditions").Where(IsOurs).Select(c => c.Copied())]);
        Set(new ConditionState("PodReadyToStartContainers", run.IsSettingUp || run.HasEnded ? "False" : "True"));
        Set(initialised
            ? new ConditionState("Initialized", "True", finished == "PodCompleted" ? finished : "")
            : new ConditionState("Initialized", "False", "ContainersNotInitialized",
                $"containers with incomplete status: [{uninitialised}]"));
        Set(ready && gatesOpen
            ? new ConditionState("Ready", "True")
            : ready
                ? new ConditionState("Ready", "False", "ReadinessGatesNotReady",
                    $"corresponding condition of pod readiness gate \"{run.Script.ReadinessGates[0]}\" does not exist.")
                : new ConditionState("Ready", "False", notReady, unready));
        Set(ready ? new ConditionState("ContainersReady", "True")
            : new ConditionState("ContainersReady", "False", notReady, unready));
        return conditions;

        void Set(ConditionState state) => Condition.Set(conditions, state, now);
    }

    private static bool IsOurs(JsonObject condition) =>
        condition.Text("type") is "PodReadyToStartContainers" or "Initialized" or "Ready" or "ContainersReady";

    private static JsonArray Containers(PodRun run, IReadOnlyList<ContainerRun> containers, Dice dice)
    {
        var list = new JsonArray();
        foreach (var container in containers) list.Add(Container(run, container, dice));
        return list;
    }

    private static JsonObject Container(PodRun run, ContainerRun container, Dice dice)
    {
        var script = container.Script;
        var id = "containerd://" + dice.Hex(64, "container", run.Uid, $"{script.Name}/{container.Restarts}");
        var hasRun = container.State != ContainerState.Waiting;
        var json = new JsonObject
        {
            ["name"] = script.Name,
            ["image"] = script.Image,
            ["imageID"] = hasRun ? $"{Repository(script.Image)}@sha256:{dice.Hex(64, "image", script.Image)}" : "",
            ["state"] = State(run, container, id),
            ["lastState"] = LastState(container, dice, run),
            ["ready"] = container.IsReady || (script.Runs is not null && run.Inits.Contains(container)
                && container.HasSucceeded),
            ["started"] = container.HasStarted,
            ["restartCount"] = container.Restarts,
        };
        if (hasRun) json["containerID"] = id;
        return json;
    }

    private static JsonObject State(PodRun run, ContainerRun container, string id)
    {
        switch (container.State)
        {
            case ContainerState.Running:
                return new JsonObject
                {
                    ["running"] = new JsonObject { ["startedAt"] = KubernetesJson.Timestamp(container.StartedAt) },
                };
            case ContainerState.Terminated:
                var ended = container.TerminatedJson();
                ended["containerID"] = id;
                return new JsonObject { ["terminated"] = ended };
            default:
                var reason = container.WaitingReason;
                if (reason == "ContainerCreating" && !run.IsInitialised) reason = "PodInitializing";
                var waiting = new JsonObject { ["reason"] = reason };
                if (reason == "CrashLoopBackOff")
                    waiting["message"] = $"back-off restarting failed container={container.Script.Name} pod={run.Key.Name}";
                return new JsonObject { ["waiting"] = waiting };
        }
    }

    private static JsonObject LastState(ContainerRun container, Dice dice, PodRun run)
    {
        if (container.LastState is not { } last) return [];
        var ended = last.Copied();
        ended["containerID"] =
            "containerd://" + dice.Hex(64, "container", run.Uid, $"{container.Script.Name}/{container.Restarts - 1}");
        return new JsonObject { ["terminated"] = ended };
    }

    private static string Repository(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        if (colon > name.LastIndexOf('/')) name = name[..colon];
        if (!name.Contains('/')) return "docker.io/library/" + name;
        return name.Split('/')[0] is var host && (host.Contains('.') || host.Contains(':') || host == "localhost")
            ? name
            : "docker.io/" + name;
    }
}
