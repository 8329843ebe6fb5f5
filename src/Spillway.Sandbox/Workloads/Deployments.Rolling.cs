using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>The ways of a rollout: step by step, all at once, and scaling while it is paused.</summary>
internal sealed partial class Deployments
{
    private async Task<bool> RollingAsync(Pass pass, CancellationToken cancellationToken)
    {
        if (pass.New is { } newest)
        {
            var wanted = newest.Replicas > pass.Deployment.Replicas
                ? pass.Deployment.Replicas
                : RolloutMath.NewReplicas(pass.Deployment, pass.View.AllReplicas, newest.Replicas);
            if (wanted != newest.Replicas) return await ResizeAsync(pass, newest, wanted, cancellationToken);
        }

        if (!await ShrinkOldAsync(pass, cancellationToken)) return false;
        return await TidyAsync(pass, cancellationToken);
    }

    /// <summary>Takes replicas from the old sets as far as enough pods stay available: first what is not healthy anyway.</summary>
    private async Task<bool> ShrinkOldAsync(Pass pass, CancellationToken cancellationToken)
    {
        if (pass.View.OldReplicas == 0) return true;
        var least = pass.Deployment.Replicas - RolloutMath.MaxUnavailable(pass.Deployment);
        var newUnavailable = pass.New is null ? 0 : pass.New.Replicas - pass.New.AvailableReplicas;
        var spare = pass.View.AllReplicas - least - newUnavailable;
        foreach (var set in pass.Old.ToList())
        {
            if (spare <= 0) return true;
            var unhealthy = Math.Min(spare, set.Replicas - set.AvailableReplicas);
            if (set.Replicas == 0 || unhealthy <= 0) continue;
            spare -= unhealthy;
            if (!await ResizeAsync(pass, set, set.Replicas - unhealthy, cancellationToken)) return false;
        }

        var healthy = pass.View.AllAvailable - least;
        foreach (var set in pass.Old.ToList())
        {
            if (healthy <= 0) return true;
            if (set.Replicas == 0) continue;
            var fewer = Math.Min(healthy, set.Replicas);
            healthy -= fewer;
            if (!await ResizeAsync(pass, set, set.Replicas - fewer, cancellationToken)) return false;
        }

        return true;
    }

    private async Task<bool> RecreateAsync(Pass pass, CancellationToken cancellationToken)
    {
        foreach (var set in pass.Old.ToList())
        {
            if (set.Replicas > 0 && !await ResizeAsync(pass, set, 0, cancellationToken)) return false;
        }

        if (HasOldPods(pass) || pass.New is not { } newest) return true;
        if (newest.Replicas != pass.Deployment.Replicas
            && !await ResizeAsync(pass, newest, pass.Deployment.Replicas, cancellationToken)) return false;
        return await TidyAsync(pass, cancellationToken);
    }

    private bool HasOldPods(Pass pass)
    {
        foreach (var set in pass.Old)
        {
            if (set.Replicas > 0) return true;
            foreach (var pod in _context.PodsByOwner.Find(set.Uid))
            {
                if (!pod.IsFinished) return true;
            }
        }

        return false;
    }

    /// <summary>True when the wanted number changed since the sets were last scaled for it.</summary>
    private static bool WasRescaled(Pass pass)
    {
        foreach (var set in pass.View.All)
        {
            if (set.Replicas > 0 && DeploymentRevisions.DesiredOf(set) is { } desired
                && desired != pass.Deployment.Replicas)
                return true;
        }

        return false;
    }

    private async Task<bool> ScaleAsync(Pass pass, CancellationToken cancellationToken)
    {
        var active = pass.View.All.Where(s => s.Replicas > 0).ToList();
        if (active.Count <= 1)
        {
            var only = active.Count == 1 ? active[0] : pass.New;
            return only is null || await ResizeAsync(pass, only, pass.Deployment.Replicas, cancellationToken);
        }

        if (pass.New is { } newest && DeploymentStatus.IsComplete(pass.Deployment, pass.Deployment.Status))
        {
            foreach (var set in pass.Old.Where(s => s.Replicas > 0).ToList())
            {
                if (!await ResizeAsync(pass, set, 0, cancellationToken)) return false;
            }

            return await ResizeAsync(pass, newest, pass.Deployment.Replicas, cancellationToken);
        }

        if (pass.Deployment.Strategy != "RollingUpdate") return true;
        var all = pass.View.AllReplicas;
        var most = pass.Deployment.Replicas > 0 ? pass.Deployment.Replicas + RolloutMath.MaxSurge(pass.Deployment) : 0;
        active.Sort((l, r) => r.Replicas.CompareTo(l.Replicas));
        foreach (var (name, size) in RolloutMath.Proportions(active, most - all, all))
        {
            var set = active.Find(s => s.Name == name)!;
            if (!await ResizeAsync(pass, set, size, cancellationToken)) return false;
        }

        return true;
    }

    private async Task<bool> ResizeAsync(Pass pass, ReplicaSet set, int replicas, CancellationToken cancellationToken)
    {
        var sized = Resources.ReplicaSets.Copy(set);
        var noted = DeploymentRevisions.NoteScale(sized, pass.Deployment);
        if (set.Replicas == replicas && !noted) return true;
        sized.Json.Ensure("spec")["replicas"] = replicas;
        if (!await StoreAsync(pass, sized, cancellationToken)) return false;
        if (set.Replicas != replicas) Tell(pass.Deployment, set.Name, set.Replicas, replicas);
        return true;
    }

    private async Task<bool> StoreAsync(Pass pass, ReplicaSet set, CancellationToken cancellationToken)
    {
        var result = await _context.Client.UpdateAsync(Resources.ReplicaSets, set, cancellationToken);
        if (result.Value is not { } stored) return false;
        _writes.Wrote(pass.Deployment.Key, stored);
        if (pass.New?.Uid == stored.Uid) pass.New = stored;
        var at = pass.Old.FindIndex(s => s.Uid == stored.Uid);
        if (at >= 0) pass.Old[at] = stored;
        return true;
    }

    /// <summary>Once a rollout is complete, removes the oldest empty sets beyond the history limit.</summary>
    private async Task<bool> TidyAsync(Pass pass, CancellationToken cancellationToken)
    {
        var status = DeploymentStatus.Work(pass.View, pass.Collisions, progress: null, _context.Now);
        if (!DeploymentStatus.IsComplete(pass.Deployment, status)) return true;
        if (pass.Deployment.Json.Integer("spec", "revisionHistoryLimit") is not { } limit) return true;
        var cleanable = pass.Old.Where(s => !s.IsTerminating).OrderBy(DeploymentRevisions.Of).ToList();
        foreach (var set in cleanable.Take(Math.Max(0, cleanable.Count - limit)))
        {
            if (set.Replicas != 0 || set.ObservedReplicas != 0
                || (set.Json.Long("status", "observedGeneration") ?? 0) < set.Generation)
                continue;
            var options = new DeleteOptions { Uid = set.Uid };
            await _context.Client.DeleteAsync(Resources.ReplicaSets, set.Key, options, cancellationToken);
            _writes.Deleted(set);
        }

        return true;
    }
}
