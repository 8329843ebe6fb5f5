using Spillway.Controllers.Objects;
using Spillway.Kubernetes;

namespace Spillway.Cli.Clusters;

/// <summary>Where one submitted pod stands.</summary>
internal sealed record PodVerdict(
    string Namespace, string Name, string Phase, string? Node, string? Why, bool IsRefused)
{
    public override string ToString()
    {
        var name = Namespace == "default" ? Name : $"{Namespace}/{Name}";
        return Node is null ? $"{name} is pending: {Why ?? "no decision yet"}" : $"{name} is on {Node}: {Why}";
    }
}

/// <summary>Waits until every pod of the submitted objects has a node or a reason not to.</summary>
internal static class PodVerdicts
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    public static async Task<IReadOnlyList<PodVerdict>> WaitAsync(
        KubernetesClient client, IReadOnlyList<Submitted> submitted, TimeSpan limit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + limit;
        while (true)
        {
            var pods = await ReadAsync(client, submitted, cancellationToken);
            var settled = pods.Count > 0 && pods.All(pod => pod.Node is not null || pod.Why is not null);
            if (settled || time.GetUtcNow() >= until) return pods;
            await Task.Delay(Between, time, cancellationToken);
        }
    }

    private static async Task<List<PodVerdict>> ReadAsync(
        KubernetesClient client, IReadOnlyList<Submitted> submitted, CancellationToken cancellationToken)
    {
        var verdicts = new List<PodVerdict>();
        foreach (var space in submitted.Select(one => one.Namespace).Where(name => name.Length > 0).Distinct())
        {
            var query = new ListQuery { Namespace = space };
            await foreach (var pod in client.ListAllAsync(Resources.Pods, query, cancellationToken))
            {
                if (submitted.Any(one => Owns(one, pod))) verdicts.Add(Of(pod));
            }
        }
        return verdicts;
    }

    // A deployment's pods belong to a replica set whose name is the deployment's with a hash behind it.
    private static bool Owns(Submitted one, Pod pod)
    {
        if (one.Namespace != pod.Namespace) return false;
        if (one.Kind == "Pod") return one.Name == pod.Name;
        return pod.Json.ObjectsAt("metadata", "ownerReferences").Any(owner =>
            owner.Text("name") is { } name
            && (name == one.Name && owner.Text("kind") == one.Kind
                || one.Kind is "Deployment" or "CronJob" && name.StartsWith(one.Name + "-", StringComparison.Ordinal)));
    }

    private static PodVerdict Of(Pod pod) => new(
        pod.Namespace,
        pod.Name,
        pod.Json.Text("status", "phase") ?? "Pending",
        pod.Json.Text("spec", "nodeName"),
        pod.Json.Text("metadata", "annotations", SpillwayNames.WhyAnnotation),
        pod.Json.Text("metadata", "annotations", SpillwayNames.DecisionAnnotation)
            ?.StartsWith("refuse/", StringComparison.Ordinal) == true);
}
