using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>Tells what became of a pod's containers, as <c>kubectl describe pod</c> shows it under Events.</summary>
internal sealed class PodStories(EventRecorder events) : IAsyncDisposable
{
    public void Tell(PodRun run, Pod pod)
    {
        foreach (var container in run.Inits.Concat(run.Mains)) Tell(run, pod, container);
        if (run is { HasEnded: true, Reason.Length: > 0 } && run.Told.Add("end"))
            events.Record(pod, "Warning", run.Reason, run.Message);
    }

    public ValueTask DisposeAsync() => events.DisposeAsync();

    private void Tell(PodRun run, Pod pod, ContainerRun container)
    {
        var name = container.Script.Name;
        if (container.State != ContainerState.Waiting && run.Told.Add($"start {name} {container.Restarts}"))
        {
            events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Script.Image}\" is on the node");
            events.Record(pod, "Normal", "Created", $"Container created: {name}");
            events.Record(pod, "Normal", "Started", $"Container started: {name}");
        }
        if (container.WaitingReason == "CrashLoopBackOff" && container.State == ContainerState.Waiting
            && run.Told.Add($"back-off {name} {container.Restarts}"))
            events.Record(pod, "Warning", "BackOff", $"Back-off restarting failed container {name} in pod {pod.Name}");
        if (pod.IsTerminating && container.State == ContainerState.Running && run.Told.Add($"stop {name}"))
            events.Record(pod, "Normal", "Killing", $"Stopping container {name}");
    }
}
