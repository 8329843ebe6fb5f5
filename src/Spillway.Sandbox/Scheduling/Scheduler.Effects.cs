using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Scheduling;

/// <summary>What the scheduler writes: bindings, refusals with their reasons, and the evictions that make room.</summary>
public sealed partial class Scheduler
{
    /// <summary>How long a pod's volumes may take to be provisioned before it is decided anew: kube-scheduler's figure.</summary>
    private static readonly TimeSpan VolumeBindTimeout = TimeSpan.FromMinutes(10);

    // What was said last about each waiting pod: its own echo on the watch must not wake it.
    private readonly Dictionary<PodKey, string> _verdicts = [];

    private void Bind(PodRecord pod, string node)
    {
        _model.Assume(pod.Key, node);
        _queue.Hold(pod.Key);
        _assumed.Add(pod.Key);
        _writing.Add(BindAsync(pod, node));
    }

    private async Task BindAsync(PodRecord pod, string node)
    {
        var key = Key(pod);
        var bound = await WriteAsync(key, async () =>
        {
            await BindVolumesAsync(pod, node);
            var result = await _client.BindAsync(key, pod.Uid, node, _stop.Token, GpuIndex(pod.Key));
            return result.Refusal?.Message;
        });
        if (bound)
        {
            _events.Record(Reference(pod), "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {node}");
            return;
        }
        // Somebody else bound or deleted it, or the write failed: the watch tells which, and if neither, it is tried again.
        if (_model.Pod(pod.Key)?.Uid != pod.Uid) return;
        _model.Forget(pod.Key);
        _assumed.Remove(pod.Key);
        _failures.Clear();
        _queue.Retry(pod.Key, _time.GetUtcNow());
        _wake.Wake();
    }

    // Which of the node's GPUs the pod has: the binding carries it onto the pod, so that it survives a restart.
    private Dictionary<string, string>? GpuIndex(PodKey pod)
    {
        var gpus = _model.GpusOf(pod);
        return gpus.Count == 0
            ? null
            : new Dictionary<string, string> { [GpuShares.IndexAnnotation] = string.Join(',', gpus) };
    }

    /// <summary>Claims that wait for their first consumer learn where it will be, and the binding waits for their volumes.</summary>
    private async Task BindVolumesAsync(PodRecord pod, string node)
    {
        foreach (var volume in pod.Requirements.Volumes.AsEnumerable())
        {
            if (volume is not PodVolume.Claim claim) continue;
            var name = claim.Ephemeral ? $"{pod.Key.Name}-{claim.ClaimName}" : claim.ClaimName;
            var key = new ObjectKey(pod.Key.Namespace, name);
            if (_feed.FindClaim(key) is not { IsBound: false } unbound) continue;
            if (!_feed.WaitsForConsumer(unbound.StorageClass)) continue;
            var change = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject { ["volume.kubernetes.io/selected-node"] = node },
                },
            };
            await _client.PatchAsync(Resources.PersistentVolumeClaims, key, KubernetesPatch.Merge(change), _stop.Token);
            await WaitForVolumeAsync(key);
        }
    }

    private async Task WaitForVolumeAsync(ObjectKey claim)
    {
        var givenUpAt = _time.GetUtcNow() + VolumeBindTimeout;
        while (_feed.FindClaim(claim) is { IsBound: false })
        {
            if (_time.GetUtcNow() >= givenUpAt)
                throw new TimeoutException($"claim {claim} was not bound in {VolumeBindTimeout}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, _stop.Token);
        }
    }

    private void Fail(PodRecord pod, PlacementOutcome outcome)
    {
        _failures.Remember(pod, outcome);
        _queue.PutBack(pod.Key, QueueingHints.For(outcome), _time.GetUtcNow());
        if (outcome is PlacementOutcome.Preempts preemption)
        {
            // Told to the model at once: the next pod in the row must not take the room that is being made.
            _model.SetPod(pod with { NominatedNode = preemption.Node });
            _writing.Add(PreemptAsync(pod, preemption));
        }
        var (reason, message) = outcome switch
        {
            PlacementOutcome.Unplaceable refused => ("Unschedulable", refused.Explanation.ToSchedulerMessage()),
            PlacementOutcome.Preempts room => ("Unschedulable", room.Otherwise.ToSchedulerMessage()),
            PlacementOutcome.Waits { Reason: WaitReason.Gang } waits => ("Unschedulable", waits.Text),
            _ => ("", ""),
        };
        if (reason.Length == 0) return;
        var verdict = $"{reason}: {message}";
        if (_verdicts.GetValueOrDefault(pod.Key) == verdict || _feed.Find(pod.Key)?.Verdict == verdict) return;
        _verdicts[pod.Key] = verdict;
        _writing.Add(TellAsync(pod, reason, message));
    }

    private async Task TellAsync(PodRecord pod, string reason, string message)
    {
        _events.Record(Reference(pod), "Warning", "FailedScheduling", message);
        var condition = new JsonObject
        {
            ["type"] = "PodScheduled",
            ["observedGeneration"] = _feed.Find(pod.Key)?.Generation ?? 1,
            ["status"] = "False",
            ["reason"] = reason,
            ["message"] = message,
            ["lastTransitionTime"] = KubernetesJson.Timestamp(_time.GetUtcNow()),
        };
        if (await PatchStatusAsync(pod, new JsonObject { ["conditions"] = new JsonArray(condition) })) return;
        _verdicts.Remove(pod.Key);
    }

    private async Task PreemptAsync(PodRecord pod, PlacementOutcome.Preempts preemption)
    {
        await PatchStatusAsync(pod, new JsonObject { ["nominatedNodeName"] = preemption.Node });
        foreach (var victim in preemption.Victims.AsEnumerable())
        {
            if (_feed.Find(victim)?.Record is not { Terminating: false } record) continue;
            var condition = new JsonObject
            {
                ["type"] = "DisruptionTarget",
                ["status"] = "True",
                ["reason"] = "PreemptionByScheduler",
                ["message"] = "default-scheduler: preempting to accommodate a higher priority pod",
                ["lastTransitionTime"] = KubernetesJson.Timestamp(_time.GetUtcNow()),
            };
            await PatchStatusAsync(record, new JsonObject { ["conditions"] = new JsonArray(condition) });
            await WriteAsync(Key(record), async () =>
            {
                var options = new DeleteOptions { Uid = record.Uid };
                var result = await _client.DeleteAsync(Resources.Pods, Key(record), options, _stop.Token);
                return result.Refusal?.Message;
            });
            _events.Record(Reference(record), "Normal", "Preempted",
                $"Preempted by pod {pod.Uid} on node {preemption.Node}");
            LogPreempted(_logger, victim, pod.Key, preemption.Node);
        }
    }

    private Task<bool> PatchStatusAsync(PodRecord pod, JsonObject status) => WriteAsync(Key(pod), async () =>
    {
        var change = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid }, ["status"] = status };
        var patch = KubernetesPatch.Strategic(change);
        var result = await _client.PatchAsync(Resources.Pods, Key(pod), patch, WriteOptions.OnStatus, _stop.Token);
        return result.Refusal?.Message;
    });

    /// <summary>One write in the background; false when it did not go through. The scheduler itself lives on.</summary>
    private async Task<bool> WriteAsync(ObjectKey pod, Func<Task<string?>> write)
    {
        try
        {
            if (await write() is not { } refusal) return true;
            LogNotWritten(_logger, pod, refusal);
            return false;
        }
        catch (Exception failure) when (failure
            is KubernetesStatusException or HttpRequestException or TimeoutException)
        {
            LogNotWritten(_logger, pod, failure.Message);
            return false;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static ObjectKey Key(PodRecord pod) => new(pod.Key.Namespace, pod.Key.Name);

    private static Pod Reference(PodRecord pod)
    {
        var reference = Resources.Pods.New(Key(pod));
        reference.Metadata["uid"] = pod.Uid;
        return reference;
    }

    [LoggerMessage(220, LogLevel.Information, "{Victim} makes room for {Pod} on {Node}")]
    private static partial void LogPreempted(ILogger logger, PodKey victim, PodKey pod, string node);

    [LoggerMessage(221, LogLevel.Debug, "{Pod}: a write of the scheduler did not go through: {Why}")]
    private static partial void LogNotWritten(ILogger logger, ObjectKey pod, string why);
}
