using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Scheduling;

/// <summary>A pod as the scheduler's informer keeps it.</summary>
internal sealed class ScheduledPod
{
    private ScheduledPod(PodRecord record, string verdict, long generation)
    {
        Record = record;
        Verdict = verdict;
        Generation = generation;
    }

    public PodRecord Record { get; }

    /// <summary>What the condition PodScheduled=False says, so that the same is not written twice; empty for none.</summary>
    public string Verdict { get; }

    /// <summary>The generation a verdict is about; only told of a pod that waits.</summary>
    public long Generation { get; }

    public bool IsWaiting => !Record.IsBound && !Record.IsFinished && !Record.Terminating;

    public static ScheduledPod Decode(ReadOnlyMemory<byte> utf8)
    {
        var record = PodReader.Read(utf8.Span);
        var waits = !record.IsBound && !record.IsFinished && !record.Terminating;
        if (!waits) return new ScheduledPod(record, "", 0);
        var pod = Resources.Pods.Decode(utf8);
        var scheduled = pod.FindCondition("PodScheduled");
        var verdict = scheduled is { Status: "False" } ? $"{scheduled.Reason}: {scheduled.Message}" : "";
        return new ScheduledPod(record, verdict, pod.Generation);
    }
}
