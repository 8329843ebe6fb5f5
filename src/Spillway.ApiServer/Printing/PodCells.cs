using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Printing;

/// <summary>A pod's line: what its containers are doing, in one word.</summary>
internal static class PodCells
{
    public static object?[] Pod(JsonObject pod, DateTimeOffset now)
    {
        var view = new PodView(pod, now);
        view.Read();
        var spec = pod.Map("spec");
        var status = pod.Map("status");
        var ip = status?.Objects("podIPs").FirstOrDefault()?.Text("ip");
        return
        [
            Cells.Name(pod), $"{view.Ready}/{view.Total}", view.Reason, view.Restarts, Cells.Age(pod, now),
            Cells.OrNone(ip), Cells.OrNone(spec?.Text("nodeName")), Cells.OrNone(status?.Text("nominatedNodeName")),
                Gates(pod),
        ];
    }

    /// <summary>Tells clients that hide finished pods which ones to hide.</summary>
    public static JsonObject? Completed(JsonObject pod)
    {
        var phase = pod.Map("status")?.Text("phase");
        if (phase is not ("Succeeded" or "Failed")) return null;
        var message = phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
        return new JsonObject { ["type"] = "Completed", ["status"] = "True", ["reason"] = phase,
            ["message"] = message };
    }

    private static string Gates(JsonObject pod)
    {
        var gates = pod.Map("spec")?.Objects("readinessGates").ToList() ?? [];
        if (gates.Count == 0) return Cells.None;
        var open = gates.Count(g => Cells.Condition(pod, g.Text("conditionType") ?? "")?.Text("status") == "True");
        return $"{open}/{gates.Count}";
    }

    private sealed class PodView(JsonObject pod, DateTimeOffset now)
    {
        private readonly JsonObject _status = pod.Map("status") ?? [];
        private readonly Dictionary<string, JsonObject> _inits = (pod.Map("spec")?.Objects("initContainers") ?? [])
            .DistinctBy(c => c.Text("name")).ToDictionary(c => c.Text("name") ?? "", StringComparer.Ordinal);
        private long _restarts;
        private long _sidecarRestarts;
        private DateTimeOffset? _lastRestart;
        private DateTimeOffset? _lastSidecarRestart;

        public int Ready { get; private set; }

        public int Total { get; private set; }

        public string Reason { get; private set; } = "";

        public string Restarts => _restarts > 0 && _lastRestart is { } at
            ? $"{_restarts} ({Cells.Duration(now - at)} ago)"
            : _restarts.ToString();

        public void Read()
        {
            Total = (pod.Map("spec")?.Objects("containers").Count() ?? 0) + _inits.Values.Count(IsSidecar);
            Reason = _status.Text("reason") is { Length: > 0 } reason ? reason : _status.Text("phase") ?? "";
            if (Cells.Condition(pod, "PodScheduled") is { } scheduled && scheduled.Text("reason") == "SchedulingGated"
                && scheduled.Text("status") == "False") Reason = "SchedulingGated";
            var initializing = ReadInits();
            if (!initializing || Cells.Condition(pod, "Initialized")?.Text("status") == "True") ReadContainers();
            if (pod.Map("metadata")?.ContainsKey("deletionTimestamp") != true) return;
            if (_status.Text("reason") == "NodeLost") Reason = "Unknown";
            else if (_status.Text("phase") is not ("Succeeded" or "Failed")) Reason = "Terminating";
        }

        private static bool IsSidecar(JsonObject container) => container.Text("restartPolicy") == "Always";

        private bool ReadInits()
        {
            var statuses = _status.Objects("initContainerStatuses").ToList();
            for (var i = 0; i < statuses.Count; i++)
            {
                var container = statuses[i];
                var sidecar = _inits.TryGetValue(container.Text("name") ?? "", out var declared) && IsSidecar(declared);
                _restarts += Cells.Number(container, "restartCount");
                _lastRestart = Latest(_lastRestart, container);
                if (sidecar)
                {
                    _sidecarRestarts += Cells.Number(container, "restartCount");
                    _lastSidecarRestart = Latest(_lastSidecarRestart, container);
                }
                var state = container.Map("state");
                var terminated = state?.Map("terminated");
                if (terminated is not null && Cells.Number(terminated, "exitCode") == 0) continue;
                if (sidecar && container.Flag("started"))
                {
                    if (container.Flag("ready")) Ready++;
                    continue;
                }
                var waiting = state?.Map("waiting")?.Text("reason") ?? "";
                if (terminated is not null) Reason = "Init:" + End(terminated);
                else if (waiting.Length > 0 && waiting != "PodInitializing") Reason = "Init:" + waiting;
                else Reason = $"Init:{i}/{_inits.Count}";
                return true;
            }
            return false;
        }

        private void ReadContainers()
        {
            _restarts = _sidecarRestarts;
            _lastRestart = _lastSidecarRestart;
            var running = false;
            foreach (var container in _status.Objects("containerStatuses").Reverse())
            {
                _restarts += Cells.Number(container, "restartCount");
                _lastRestart = Latest(_lastRestart, container);
                var state = container.Map("state");
                var terminated = state?.Map("terminated");
                if (state?.Map("waiting")?.Text("reason") is { Length: > 0 } waiting) Reason = waiting;
                else if (terminated is not null) Reason = End(terminated);
                else if (container.Flag("ready") && state?.Map("running") is not null)
                {
                    running = true;
                    Ready++;
                }
            }
            if (Reason == "Completed" && running)
                Reason = Cells.Condition(pod, "Ready")?.Text("status") == "True" ? "Running" : "NotReady";
        }

        private static string End(JsonObject terminated)
        {
            if (terminated.Text("reason") is { Length: > 0 } reason) return reason;
            return Cells.Number(terminated, "signal") is var signal and not 0
                ? $"Signal:{signal}" : $"ExitCode:{Cells.Number(terminated, "exitCode")}";
        }

        private static DateTimeOffset? Latest(DateTimeOffset? known, JsonObject container) =>
            Cells.TryTime(container.Map("lastState")?.Map("terminated")?.Text("finishedAt"), out var at)
                && !(at <= known)
                ? at : known;
    }
}
