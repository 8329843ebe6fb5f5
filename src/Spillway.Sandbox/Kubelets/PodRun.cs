using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>
/// One pod on one simulated node, from admission to its end. It moves when it is told the time and never by itself, and
/// works off what was due in the order in which it was due: being told late changes nothing but the lateness.
/// </summary>
internal sealed class PodRun(ObjectKey key, string uid, PodScript script, DateTimeOffset startedAt)
{
    private readonly List<ContainerRun> _inits = [.. script.Inits.Select(i => new ContainerRun(i))];
    private readonly List<ContainerRun> _mains = [.. script.Mains.Select(m => new ContainerRun(m))];
    private DateTimeOffset _clock = startedAt + script.Setup;
    private DateTimeOffset? _stopAt;

    public ObjectKey Key { get; } = key;

    public string Uid { get; } = uid;

    public PodScript Script { get; } = script;

    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>The pod's address; empty for one that was never let in.</summary>
    public string Ip { get; set; } = "";

    /// <summary>The status that was written last; null before the first.</summary>
    public JsonObject? Written { get; set; }

    /// <summary>What was told of the pod by Events, so that nothing is told twice.</summary>
    public HashSet<string> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>True while the sandbox is being set up.</summary>
    public bool IsSettingUp { get; private set; } = true;

    public IReadOnlyList<ContainerRun> Inits => _inits;

    public IReadOnlyList<ContainerRun> Mains => _mains;

    /// <summary>Set when the pod ended for a reason of its own (deadline, refused by the node).</summary>
    public string Reason { get; private set; } = "";

    public string Message { get; private set; } = "";

    public bool HasEnded { get; private set; }

    /// <summary>Pending, Running, Succeeded or Failed.</summary>
    public string Phase
    {
        get
        {
            if (HasEnded) return Reason.Length == 0 && _mains.TrueForAll(m => m.ExitCode == 0) ? "Succeeded" : "Failed";
            return _mains.Exists(m => m.State != ContainerState.Waiting || m.Restarts > 0) ? "Running" : "Pending";
        }
    }

    public bool IsInitialised => _inits.TrueForAll(i => i.IsDoneInitialising);

    public bool AreContainersReady =>
        !HasEnded && _mains.TrueForAll(m => m.IsReady) && _inits.TrueForAll(i => !i.Script.IsSidecar || i.IsReady);

    /// <summary>When the next thing happens by itself; null for nothing.</summary>
    public DateTimeOffset? Due
    {
        get
        {
            if (HasEnded) return null;
            if (IsSettingUp) return Earliest(_clock, _stopAt);
            var due = Earliest(_stopAt, DeadlineAt);
            foreach (var container in _inits) due = Earliest(due, container.Due);
            foreach (var container in _mains) due = Earliest(due, container.Due);
            return due;
        }
    }

    private DateTimeOffset? DeadlineAt => StartedAt + Script.Deadline;

    /// <summary>Asks the containers to end; they take their moment within the grace period.</summary>
    public void StopWithin(TimeSpan grace, DateTimeOffset now)
    {
        var at = now + (grace < Script.Stop ? grace : Script.Stop);
        if (_stopAt is null || at < _stopAt) _stopAt = at;
    }

    /// <summary>The node does not let the pod in.</summary>
    public void Refuse(string reason, string message)
    {
        HasEnded = true;
        Reason = reason;
        Message = message;
    }

    /// <summary>Does everything that is due by now. False when nothing was.</summary>
    /// <param name="pull">How long the node takes to have an image, from a moment on.</param>
    public bool Advance(DateTimeOffset now, Func<string, TimeSpan> pull)
    {
        var moved = false;
        while (Due is { } due && due <= now)
        {
            moved = true;
            if (due > _clock) _clock = due;
            if (_stopAt <= due) End(due, exitCode: 143);
            else if (DeadlineAt <= due) MissDeadline(due);
            else if (IsSettingUp) IsSettingUp = false;
            else AdvanceContainers(due);
            if (!HasEnded) Arm(pull);
        }
        return moved;
    }

    /// <summary>Takes up where an earlier process of ours left the pod, by the status that it wrote.</summary>
    public void Resume(Pod pod, DateTimeOffset now, Func<string, TimeSpan> pull)
    {
        Ip = pod.Ip;
        if (!pod.ContainerStatuses.Any()) return;
        IsSettingUp = false;
        _clock = now;
        ResumeAll(_inits, pod, "initContainerStatuses", now);
        ResumeAll(_mains, pod, "containerStatuses", now);
        Arm(pull);
    }

    private static void ResumeAll(List<ContainerRun> runs, Pod pod, string list, DateTimeOffset now)
    {
        foreach (var status in pod.Json.ObjectsAt("status", list))
        {
            var name = status.Text("name");
            runs.Find(r => r.Script.Name == name)?.Resume(status, now);
        }
    }

    private void AdvanceContainers(DateTimeOffset due)
    {
        var oneShot = Script.RestartPolicy == "Never" ? "Never" : "OnFailure";
        foreach (var container in _inits)
        {
            if (container.Due <= due) container.Advance(container.Script.IsSidecar ? "Always" : oneShot);
        }
        foreach (var container in _mains)
        {
            if (container.Due <= due) container.Advance(Script.RestartPolicy);
        }
        if (_mains.TrueForAll(m => m.State == ContainerState.Terminated) || HasFailedToInitialise)
            End(due, exitCode: 137);
    }

    private bool HasFailedToInitialise =>
        _inits.Exists(i => i is { State: ContainerState.Terminated, HasSucceeded: false, Script.IsSidecar: false });

    private void MissDeadline(DateTimeOffset moment)
    {
        Reason = "DeadlineExceeded";
        Message = "Pod was active on the node longer than the specified deadline";
        End(moment, exitCode: 137);
    }

    private void End(DateTimeOffset moment, int exitCode)
    {
        foreach (var container in _mains) container.Kill(moment, exitCode);
        foreach (var container in _inits) container.Kill(moment, container.Script.IsSidecar ? 0 : exitCode);
        HasEnded = true;
    }

    // Init containers one after the other, then the main ones together.
    private void Arm(Func<string, TimeSpan> pull)
    {
        if (IsSettingUp) return;
        foreach (var init in _inits)
        {
            if (init.IsDoneInitialising) continue;
            Start(init, pull);
            return;
        }
        foreach (var main in _mains) Start(main, pull);
    }

    private void Start(ContainerRun container, Func<string, TimeSpan> pull)
    {
        if (container.State == ContainerState.Waiting && container.Due is null)
            container.StartAt(_clock + pull(container.Script.Image) + container.Script.Start);
    }

    private static DateTimeOffset? Earliest(DateTimeOffset? first, DateTimeOffset? second) =>
        first is null || second < first ? second ?? first : first;
}
