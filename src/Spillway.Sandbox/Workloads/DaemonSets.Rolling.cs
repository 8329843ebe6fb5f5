using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>How a DaemonSet's pods are replaced by those of a new template, and what its status says.</summary>
internal sealed partial class DaemonSets
{
    private async Task RollAsync(Pass pass, CancellationToken cancellationToken)
    {
        var rolling = pass.Set.Json.At("spec", "updateStrategy", "rollingUpdate");
        var most = rolling.At("maxUnavailable") is { } field
            ? IntOrPercent.Resolve(field, pass.Wanted.Count, roundUp: true) : 1;
        var surge = IntOrPercent.Resolve(rolling.At("maxSurge"), pass.Wanted.Count, roundUp: true);
        var unavailable = 0;
        var old = new List<Pod>();
        foreach (var node in pass.Wanted)
        {
            var live = pass.ByNode.GetValueOrDefault(node)?.Where(p => p.IsActive && !pass.ToStop.Contains(p)).ToList()
                ?? [];
            var current = live.Find(p => p.Label(Revisions.HashLabel) == pass.Hash);
            var stale = live.Find(p => p.Label(Revisions.HashLabel) != pass.Hash);
            var available = live.Exists(p => p.IsAvailable(pass.Set.MinReadySeconds, _context.Now));
            if (!available) unavailable++;
            if (stale is null || current is not null) continue;

            // One that does not work anyway goes at once and costs nothing.
            if (!available) await _pods.DeleteAsync(pass.Set, stale, cancellationToken);
            else old.Add(stale);
        }

        var room = Math.Max(surge > 0 && most == 0 ? surge : most, 0) - unavailable;
        foreach (var pod in old.Take(Math.Max(0, room))) await _pods.DeleteAsync(pass.Set, pod, cancellationToken);
    }

    private async Task<bool> WriteAsync(Pass pass, CancellationToken cancellationToken)
    {
        int current = 0, ready = 0, available = 0, updated = 0;
        foreach (var node in pass.Wanted)
        {
            var pods = pass.ByNode.GetValueOrDefault(node)?.Where(p => !_pods.Writes.IsDeleted(p)).ToList() ?? [];
            if (pods.Count == 0) continue;
            current++;
            var oldest = pods.OrderBy(p => p.IsTerminating).ThenBy(p => p.CreatedAt).First();
            if (oldest.IsReady) ready++;
            if (oldest.IsAvailable(pass.Set.MinReadySeconds, _context.Now)) available++;
            if (oldest.Label(Revisions.HashLabel) == pass.Hash) updated++;
        }

        var status = pass.Set.Status?.Copied() ?? [];
        status["desiredNumberScheduled"] = pass.Wanted.Count;
        status["currentNumberScheduled"] = current;
        status["numberMisscheduled"] = pass.Misplaced;
        status["numberReady"] = ready;
        status["observedGeneration"] = pass.Set.Generation;
        Count(status, "numberAvailable", available);
        Count(status, "numberUnavailable", pass.Wanted.Count - available);
        Count(status, "updatedNumberScheduled", updated);
        if (KubernetesJson.Same(pass.Set.Status, status)) return true;
        var changed = Resources.DaemonSets.Copy(pass.Set);
        changed.Json["status"] = status;
        return await _context.Client.UpdateAsync(
            Resources.DaemonSets, changed, WriteOptions.OnStatus, cancellationToken)
            is not WriteResult<DaemonSet>.Conflict;
    }

    private static void Count(JsonObject status, string field, int count)
    {
        if (count > 0) status[field] = count;
        else status.Remove(field);
    }
}
