using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

internal enum ContainerState
{
    Waiting,
    Running,
    Terminated,
}

/// <summary>Where one container of a pod stands.</summary>
internal sealed class ContainerRun(ContainerScript script)
{
    // The kubelet's: 10 s doubling to 5 minutes, forgotten after ten minutes of running.
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BackoffForgotten = TimeSpan.FromMinutes(10);

    public ContainerScript Script { get; } = script;

    public ContainerState State { get; private set; }

    public string WaitingReason { get; set; } = "ContainerCreating";

    public DateTimeOffset StartedAt { get; private set; }

    public DateTimeOffset FinishedAt { get; private set; }

    public int ExitCode { get; private set; }

    public string TerminationReason { get; private set; } = "";

    public int Restarts { get; private set; }

    /// <summary>How the run before this one ended; null before the first restart.</summary>
    public JsonObject? LastState { get; private set; }

    /// <summary>When the next thing happens by itself: it starts, becomes ready, or ends. Null for nothing.</summary>
    public DateTimeOffset? Due { get; private set; }

    public bool IsReady { get; private set; }

    public bool HasStarted => State == ContainerState.Running;

    /// <summary>Ended well and for good.</summary>
    public bool HasSucceeded => State == ContainerState.Terminated && ExitCode == 0;

    /// <summary>What keeps the next one in a row of init containers waiting.</summary>
    public bool IsDoneInitialising => Script.IsSidecar ? HasStarted : HasSucceeded;

    public void StartAt(DateTimeOffset moment)
    {
        if (State == ContainerState.Waiting && Due is null) Due = moment;
    }

    /// <summary>Does what is due. The caller looks at <see cref="Due"/> first.</summary>
    public void Advance(string restartPolicy)
    {
        var moment = Due ?? throw new InvalidOperationException($"Nothing is due for container {Script.Name}.");
        if (State == ContainerState.Waiting) Start(moment);
        else if (!IsReady && moment == ReadyAt && moment != EndAt) BecomeReady();
        else End(moment, restartPolicy);
    }

    /// <summary>The process is killed; it starts no more.</summary>
    public void Kill(DateTimeOffset moment, int exitCode)
    {
        Due = null;
        if (State == ContainerState.Terminated) return;
        if (State == ContainerState.Waiting) StartedAt = moment;
        Terminate(moment, exitCode, "Error");
        if (Script.IsSidecar) TerminationReason = "Completed";
    }

    private DateTimeOffset ReadyAt => StartedAt + Script.ReadyAfter;

    private DateTimeOffset? EndAt => StartedAt + Script.Runs;

    private void Start(DateTimeOffset moment)
    {
        State = ContainerState.Running;
        StartedAt = moment;
        IsReady = Script.ReadyAfter == TimeSpan.Zero;
        Due = IsReady ? EndAt : Earlier(ReadyAt, EndAt);
    }

    private void BecomeReady()
    {
        IsReady = true;
        Due = EndAt;
    }

    private void End(DateTimeOffset moment, string restartPolicy)
    {
        var ran = moment - StartedAt;
        Terminate(moment, Script.ExitCode, Script.ExitCode == 0 ? "Completed" : "Error");
        if (restartPolicy != "Always" && (restartPolicy != "OnFailure" || ExitCode == 0)) return;
        LastState = TerminatedJson();
        State = ContainerState.Waiting;
        WaitingReason = "CrashLoopBackOff";
        Due = moment + Backoff(ran);
        Restarts++;
    }

    private void Terminate(DateTimeOffset moment, int exitCode, string reason)
    {
        State = ContainerState.Terminated;
        FinishedAt = moment;
        ExitCode = exitCode;
        TerminationReason = reason;
        IsReady = false;
        Due = null;
    }

    private TimeSpan Backoff(TimeSpan ran)
    {
        if (ran >= BackoffForgotten) return FirstBackoff;
        var wait = FirstBackoff * Math.Pow(2, Math.Min(Restarts, 10));
        return wait < LongestBackoff ? wait : LongestBackoff;
    }

    /// <summary>Takes up a run that an earlier process of ours wrote down.</summary>
    public void Resume(JsonObject status, DateTimeOffset now)
    {
        Restarts = status.Integer("restartCount") ?? 0;
        LastState = status.ObjectAt("lastState", "terminated")?.Copied();
        if (status.ObjectAt("state", "terminated") is { } ended)
        {
            State = ContainerState.Terminated;
            ExitCode = ended.Integer("exitCode") ?? 0;
            TerminationReason = ended.Text("reason") ?? "";
            StartedAt = ended.Time("startedAt") ?? now;
            FinishedAt = ended.Time("finishedAt") ?? now;
        }
        else if (status.ObjectAt("state", "running") is { } running)
        {
            // A clock that was sped up stood later when it was written down.
            var startedAt = running.Time("startedAt") ?? now;
            Start(startedAt < now ? startedAt : now);
        }
        else if (status.Text("state", "waiting", "reason") == "CrashLoopBackOff")
        {
            WaitingReason = "CrashLoopBackOff";
            Due = now + Backoff(TimeSpan.Zero);
        }
    }

    public JsonObject TerminatedJson() => new()
    {
        ["exitCode"] = ExitCode,
        ["reason"] = TerminationReason,
        ["startedAt"] = KubernetesJson.Timestamp(StartedAt),
        ["finishedAt"] = KubernetesJson.Timestamp(FinishedAt),
    };

    private static DateTimeOffset? Earlier(DateTimeOffset first, DateTimeOffset? second) =>
        second is { } other && other < first ? other : first;
}
