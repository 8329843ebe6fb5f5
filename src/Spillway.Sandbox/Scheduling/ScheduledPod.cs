using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Scheduling;

/// <summary>A pod as the scheduler's informer keeps it.</summary>
internal sealed class ScheduledPod
{
    private ScheduledPod(PodRecord record, string verdict)
    {
        Record = record;
        Verdict = verdict;
    }

    public PodRecord Record { get; }

    /// <summary>What the condition PodScheduled=False says, so that the same is not written twice; empty for none.</summary>
    public string Verdict { get; }

    public bool IsWaiting => !Record.IsBound && !Record.IsFinished && !Record.Terminating;

    public static ScheduledPod Decode(ReadOnlyMemory<byte> utf8)
    {
        var record = PodReader.Read(utf8.Span);
        var waits = !record.IsBound && !record.IsFinished && !record.Terminating;
        return new ScheduledPod(record, waits ? VerdictOf(utf8) : "");
    }

    private static string VerdictOf(ReadOnlyMemory<byte> utf8)
    {
        var scheduled = Resources.Pods.Decode(utf8).FindCondition("PodScheduled");
        return scheduled is { Status: "False" } ? $"{scheduled.Reason}: {scheduled.Message}" : "";
    }
}
