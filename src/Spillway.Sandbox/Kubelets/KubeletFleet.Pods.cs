using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Kubelets;

/// <summary>One pass over one pod: let it in, move it on, write what changed, come back when something is due.</summary>
public sealed partial class KubeletFleet
{
    private async Task<Reconciled> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var seen = _pods.Get(key);
        DropStale(key, seen);
        if (seen?.Whole is not { } pod || !_kubelets.TryGetValue(pod.NodeName, out var kubelet)) return Reconciled.Done;
        if (kubelet.Find(key) is not { } run)
        {
            if (pod.IsFinished || (pod.IsTerminating && pod.StartedAt is null))
                return await RemoveAsync(pod, cancellationToken);
            run = await AdmitAsync(seen, pod, kubelet, cancellationToken);
        }

        var now = _time.GetUtcNow();
        if (pod.IsTerminating) run.StopWithin(Grace(pod), now);
        run.Advance(now, kubelet.Pull);
        _stories?.Tell(run, pod);
        if (!await WriteAsync(run, pod, kubelet, cancellationToken)) return Reconciled.Retry;
        if (run.HasEnded)
        {
            // The run itself stays until the watch shows the end: an older event must not start the pod again.
            kubelet.Release(key);
            return await RemoveAsync(pod, cancellationToken);
        }
        return run.Due is { } due ? Reconciled.After(due - _time.GetUtcNow()) : Reconciled.Done;
    }

    /// <summary>Forgets a run whose pod is no more, was replaced by one of its name, or is finished by another's word.</summary>
    private void DropStale(ObjectKey key, KubeletPod? seen)
    {
        if (!_whereRun.TryGetValue(key, out var kubelet) || kubelet.Find(key) is not { } run) return;
        if (seen?.Whole is null || seen.Uid != run.Uid) Forget(key, kubelet);
    }

    private void Forget(ObjectKey key, SimulatedKubelet kubelet)
    {
        kubelet.Drop(key);
        _whereRun.Remove(key);
    }

    private async Task<PodRun> AdmitAsync(
        KubeletPod seen, Pod pod, SimulatedKubelet kubelet, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var script = PodScript.Read(pod, new Dice(_settings.Seed));
        var run = new PodRun(pod.Key, pod.Uid, script, pod.StartedAt ?? now);
        if (pod.StartedAt is not null)
        {
            run.Resume(pod, now, kubelet.Pull);
        }
        else if (await WhyNotAsync(seen, kubelet, cancellationToken) is var (reason, message))
        {
            run.Refuse(reason, message);
            LogRefused(_logger, pod.Key, kubelet.Machine.Name, message);
        }
        kubelet.Admit(run, seen.Requests);
        _whereRun[pod.Key] = kubelet;
        return run;
    }

    // The node object is asked and not the machine: device plugins and Spillway's accelerators add to its amounts.
    private async Task<(string Reason, string Message)?> WhyNotAsync(
        KubeletPod seen, SimulatedKubelet kubelet, CancellationToken cancellationToken)
    {
        if (kubelet.Allocatable is { } known && kubelet.WhyNot(seen.Requests, known) is null) return null;
        var node = await _client.GetAsync(Resources.Nodes, ObjectKey.Cluster(kubelet.Machine.Name), cancellationToken);
        if (node is null) return null;
        kubelet.Allocatable = NodeReader.Read(node.Json).Allocatable;
        return kubelet.WhyNot(seen.Requests, kubelet.Allocatable);
    }

    /// <summary>Writes the status when it says something new. False when the write did not go through.</summary>
    private async Task<bool> WriteAsync(PodRun run, Pod pod, SimulatedKubelet kubelet,
        CancellationToken cancellationToken)
    {
        var status = PodStatusJson.Write(run, pod, kubelet.Machine.InternalIp, new Dice(_settings.Seed),
            _time.GetUtcNow());
        if (KubernetesJson.Same(status, run.Written)) return true;
        var body = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = run.Uid }, ["status"] = status.Copied() };
        var answer = await _client.PatchAsync(
            Resources.Pods, run.Key, KubernetesPatch.Strategic(body), WriteOptions.OnStatus, cancellationToken);
        if (answer is WriteResult<Pod>.Conflict) return false;
        run.Written = status;
        return true;
    }

    private async Task<Reconciled> RemoveAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!pod.IsTerminating) return Reconciled.Done;
        var options = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid };
        await _client.DeleteAsync(Resources.Pods, pod.Key, options, cancellationToken);
        return Reconciled.Done;
    }

    private static TimeSpan Grace(Pod pod) =>
        TimeSpan.FromSeconds(pod.Json.Integer("metadata", "deletionGracePeriodSeconds") ?? pod.TerminationGraceSeconds);

    [LoggerMessage(204, LogLevel.Warning, "{Pod} was refused by node {Node}: {Why}")]
    private static partial void LogRefused(ILogger logger, ObjectKey pod, string node, string why);
}
