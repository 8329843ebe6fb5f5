using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What a StatefulSet's pods look like, and what its status says.</summary>
internal sealed partial class StatefulSets
{
    private async Task CreateAsync(Pass pass, int ordinal, CancellationToken cancellationToken)
    {
        var revision = pass.RevisionOf(ordinal);
        var template = revision.Data.ObjectAt("spec", "template")?.Copied() ?? [];
        template.Remove("$patch");
        var pod = PodWriter.FromTemplate(Resources.StatefulSets, pass.Set, template);
        var name = $"{pass.Set.Name}-{ordinal}";
        pod.Metadata.Remove("generateName");
        pod.Metadata["name"] = name;
        var labels = pod.Metadata.Ensure("labels");
        labels[PodNameLabel] = name;
        labels[IndexLabel] = ordinal.ToString();
        labels[Revisions.HashLabel] = revision.Name;
        var spec = pod.Json.Ensure("spec");
        spec["hostname"] = name;
        if (pass.Set.Json.Text("spec", "serviceName") is { Length: > 0 } service) spec["subdomain"] = service;
        await ClaimVolumesAsync(pass.Set, spec, ordinal, cancellationToken);
        await _pods.CreateAsync(pass.Set, pod, cancellationToken);
    }

    // A claim outlives its pod: the next pod of the same number gets the same volume.
    private async Task ClaimVolumesAsync(
        StatefulSet set, JsonObject spec, int ordinal, CancellationToken cancellationToken)
    {
        foreach (var template in set.Json.ObjectsAt("spec", "volumeClaimTemplates"))
        {
            var volume = template.Text("metadata", "name") ?? "";
            var name = $"{volume}-{set.Name}-{ordinal}";
            var volumes = spec.EnsureArray("volumes");
            for (var i = volumes.Count - 1; i >= 0; i--)
            {
                if (volumes[i].Text("name") == volume) volumes.RemoveAt(i);
            }

            volumes.Add(new JsonObject
            {
                ["name"] = volume, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name },
            });
            var key = new ObjectKey(set.Namespace, name);
            if (_claims.TryGet(key, out _)) continue;
            var claim = Resources.PersistentVolumeClaims.New(key);
            claim.Metadata["labels"] = set.Json.ObjectAt("spec", "selector", "matchLabels")?.Copied() ?? [];
            claim.Json["spec"] = template.ObjectAt("spec")?.Copied() ?? [];
            var result = await _context.Client.CreateAsync(Resources.PersistentVolumeClaims, claim, cancellationToken);
            if (result.Value is not null)
            {
                _events.Record(set, "Normal", "SuccessfulCreate",
                    $"create Claim {name} Pod {set.Name}-{ordinal} in StatefulSet {set.Name} success");
            }
        }
    }

    private async Task<bool> WriteAsync(Pass pass, CancellationToken cancellationToken)
    {
        var status = pass.Set.Status?.Copied() ?? [];
        var pods = pass.All.Where(p => !_pods.Writes.IsDeleted(p)).ToList();
        var current = pods.Count(p => p.Label(Revisions.HashLabel) == pass.Current.Name && !p.IsTerminating);
        var updated = pods.Count(p => p.Label(Revisions.HashLabel) == pass.Update.Name && !p.IsTerminating);
        var available = pods.Count(p => p.IsAvailable(pass.Set.MinReadySeconds, _context.Now) && !p.IsTerminating);
        var ready = pods.Count(p => p.IsReady && p.Phase == "Running" && !p.IsTerminating);
        var currentName = pass.Current.Name;

        // Every pod is of the new template: from now on it is the current one.
        if (updated == pass.Set.Replicas && ready == pass.Set.Replicas && pods.Count == pass.Set.Replicas)
        {
            currentName = pass.Update.Name;
            current = updated;
        }

        status["replicas"] = pods.Count;
        status["availableReplicas"] = available;
        status["observedGeneration"] = pass.Set.Generation;
        status["currentRevision"] = currentName;
        status["updateRevision"] = pass.Update.Name;
        status["collisionCount"] ??= 0;
        Count(status, "readyReplicas", ready);
        Count(status, "currentReplicas", current);
        Count(status, "updatedReplicas", updated);
        if (KubernetesJson.Same(pass.Set.Status, status)) return true;
        var changed = Resources.StatefulSets.Copy(pass.Set);
        changed.Json["status"] = status;
        return await _context.Client.UpdateAsync(
            Resources.StatefulSets, changed, WriteOptions.OnStatus, cancellationToken)
            is not WriteResult<StatefulSet>.Conflict;
    }

    private static void Count(JsonObject status, string field, int count)
    {
        if (count > 0) status[field] = count;
        else status.Remove(field);
    }
}
