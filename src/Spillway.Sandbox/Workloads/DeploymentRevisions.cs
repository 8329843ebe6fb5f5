using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>The annotations by which a Deployment's sets carry its history: <c>kubectl rollout history|undo</c> read them.</summary>
internal static class DeploymentRevisions
{
    public const string Revision = "deployment.kubernetes.io/revision";
    private const string History = "deployment.kubernetes.io/revision-history";
    private const string Desired = "deployment.kubernetes.io/desired-replicas";
    private const string Max = "deployment.kubernetes.io/max-replicas";

    private static readonly HashSet<string> NotCopied = new(StringComparer.Ordinal)
    {
        "kubectl.kubernetes.io/last-applied-configuration", Revision, History, Desired, Max,
        "deprecated.deployment.rollback.to",
    };

    public static long Of(KubernetesObject set) =>
        long.TryParse(set.Annotation(Revision), out var revision) ? revision : 0;

    /// <summary>The wanted number that the set was last scaled for, or null.</summary>
    public static int? DesiredOf(ReplicaSet set) =>
        int.TryParse(set.Annotation(Desired), out var desired) ? desired : null;

    public static int? MaxOf(ReplicaSet set) => int.TryParse(set.Annotation(Max), out var max) ? max : null;

    /// <summary>Writes the deployment's annotations and the revision into the newest set; true when something changed.</summary>
    public static bool Describe(ReplicaSet set, Deployment deployment, long revision)
    {
        var annotations = set.Metadata.Ensure("annotations");
        var before = annotations.Copied();
        foreach (var (key, value) in deployment.Annotations)
        {
            if (!NotCopied.Contains(key)) annotations[key] = value;
        }

        var known = Of(set);
        if (known < revision)
        {
            if (known > 0)
            {
                var history = annotations.Text(History);
                annotations[History] = string.IsNullOrEmpty(history) ? known.ToString() : $"{history},{known}";
            }

            annotations[Revision] = revision.ToString();
        }

        return !KubernetesJson.Same(before, annotations);
    }

    /// <summary>Notes what the set was scaled for; true when something changed.</summary>
    public static bool NoteScale(ReplicaSet set, Deployment deployment)
    {
        var annotations = set.Metadata.Ensure("annotations");
        var desired = deployment.Replicas.ToString();
        var max = (deployment.Replicas + RolloutMath.MaxSurge(deployment)).ToString();
        if (annotations.Text(Desired) == desired && annotations.Text(Max) == max) return false;
        annotations[Desired] = desired;
        annotations[Max] = max;
        return true;
    }

    /// <summary>A new set for the deployment's present template.</summary>
    public static ReplicaSet NewSet(Deployment deployment, string hash)
    {
        var set = Resources.ReplicaSets.New(new ObjectKey(deployment.Namespace, $"{deployment.Name}-{hash}"));
        var template = deployment.Template?.Copied() ?? [];
        template.Ensure("metadata", "labels")["pod-template-hash"] = hash;
        var selector = deployment.Json.ObjectAt("spec", "selector")?.Copied() ?? [];
        selector.Ensure("matchLabels")["pod-template-hash"] = hash;
        set.Metadata["labels"] = template.At("metadata", "labels")!.DeepClone();
        set.Metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Deployments, deployment));
        var spec = new JsonObject { ["replicas"] = 0, ["selector"] = selector, ["template"] = template };
        if (deployment.MinReadySeconds > 0) spec["minReadySeconds"] = deployment.MinReadySeconds;
        set.Json["spec"] = spec;
        return set;
    }
}
