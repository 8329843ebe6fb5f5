using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>How many replicas each ReplicaSet of a Deployment may have during a rolling update: figures only.</summary>
internal static class RolloutMath
{
    /// <summary>Pods beyond the wanted number that a rollout may have. Zero unless it rolls.</summary>
    public static int MaxSurge(Deployment deployment) =>
        deployment.Strategy == "RollingUpdate" ? Fenceposts(deployment).Surge : 0;

    /// <summary>Pods below the wanted number that may be unavailable during a rollout.</summary>
    public static int MaxUnavailable(Deployment deployment)
    {
        if (deployment.Strategy != "RollingUpdate" || deployment.Replicas == 0) return 0;
        return Math.Min(Fenceposts(deployment).Unavailable, deployment.Replicas);
    }

    /// <summary>What the newest set should have now.</summary>
    public static int NewReplicas(Deployment deployment, int allReplicas, int newReplicas)
    {
        if (deployment.Strategy != "RollingUpdate") return deployment.Replicas;
        var most = deployment.Replicas + MaxSurge(deployment);
        if (allReplicas >= most) return newReplicas;
        return newReplicas + Math.Min(most - allReplicas, deployment.Replicas - newReplicas);
    }

    /// <summary>Spreads a change of the wanted number over sets that are under way, by their size (as a paused rollout is scaled).</summary>
    public static Dictionary<string, int> Proportions(IReadOnlyList<ReplicaSet> sets, int toAdd, int allReplicas)
    {
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        var added = 0;
        foreach (var set in sets)
        {
            var share = 0;
            if (toAdd != 0 && allReplicas > 0)
            {
                share = (int)Math.Round((double)set.Replicas * (allReplicas + toAdd) / allReplicas,
                    MidpointRounding.AwayFromZero)
                    - set.Replicas;
                var left = toAdd - added;
                share = toAdd > 0 ? Math.Min(share, left) : Math.Max(share, left);
            }

            sizes[set.Name] = set.Replicas + share;
            added += share;
        }

        // What rounding left over goes to the first set.
        if (sets.Count > 0) sizes[sets[0].Name] = Math.Max(0, sizes[sets[0].Name] + toAdd - added);
        return sizes;
    }

    private static (int Surge, int Unavailable) Fenceposts(Deployment deployment)
    {
        var rolling = deployment.Json.At("spec", "strategy", "rollingUpdate");
        var surge = IntOrPercent.Resolve(rolling.At("maxSurge"), deployment.Replicas, roundUp: true);
        var unavailable = IntOrPercent.Resolve(rolling.At("maxUnavailable"), deployment.Replicas, roundUp: false);

        // Both zero could never move; validation forbids it, but percentages of few replicas round to it.
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable);
    }
}
