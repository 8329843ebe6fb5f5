using Spillway.Core.Placement;

namespace Spillway.Core.Consolidation;

/// <summary>What a pod says about being moved, in the words of the autoscalers that people know.</summary>
public static class PodMarks
{
    private const string SafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict";
    private const string SafeVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    private const string DoNotDisrupt = "karpenter.sh/do-not-disrupt";
    private const string Mirror = "kubernetes.io/config.mirror";

    /// <summary>It must not be evicted to save money.</summary>
    public static bool MustStay(PodRecord pod) =>
        pod.Annotations[SafeToEvict] == "false" || pod.Annotations[DoNotDisrupt] == "true";

    /// <summary>It may be evicted although it would otherwise be spared: a job that keeps its progress elsewhere.</summary>
    public static bool MayGo(PodRecord pod) => pod.Annotations[SafeToEvict] == "true";

    /// <summary>It belongs to its node and needs no other: a daemon, or a static pod.</summary>
    public static bool BelongsToNode(PodRecord pod) =>
        pod.Controller?.Kind is "DaemonSet" or "Node" || pod.Annotations.ContainsKey(Mirror);

    /// <summary>Why moving the pod would lose something, as a clause; null when it would not.</summary>
    public static string? Loses(PodRecord pod)
    {
        if (MustStay(pod)) return $"{pod.Key} asks not to be disturbed";
        if (pod.Requirements.Gang is { } gang)
            return $"{pod.Key} is one of gang {gang.Name}, which runs as a whole or not at all";
        if (MayGo(pod)) return null;
        if (pod.Controller is null) return $"{pod.Key} has no controller that would start it again";
        if (pod.Controller.Kind == "Job") return $"{pod.Key} is of a job and would begin anew";
        foreach (var volume in pod.LocalVolumes)
        {
            if (!IsSafe(pod, volume)) return $"{pod.Key} keeps data on the node, in volume {volume}";
        }
        return null;
    }

    private static bool IsSafe(PodRecord pod, string volume)
    {
        var safe = pod.Annotations[SafeVolumes];
        return safe is not null && safe.Split(',', StringSplitOptions.TrimEntries).Contains(volume);
    }
}
