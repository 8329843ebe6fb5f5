using System.Text.Json.Nodes;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;
using Spillway.Core.Traces;
using Spillway.Kubernetes;
using Spillway.Controllers.Objects;

namespace Spillway.Cli.Rehearsals;

/// <summary>Sends the jobs of a trace to a cluster as pods, each at its time.</summary>
internal sealed class TraceSubmission(KubernetesClient client, TimeProvider time)
{
    // What a delay can be at most is some days more.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(30);

    /// <summary>Returns when the last job is in, or when it was told to stop.</summary>
    /// <exception cref="CommandFailure">The server does not take a pod.</exception>
    public async Task SubmitAsync(
        IEnumerable<TraceJob> jobs, Action<int> submitted, CancellationToken cancellationToken)
    {
        var start = time.GetUtcNow();
        var count = 0;
        foreach (var job in jobs.OrderBy(job => job.SubmittedAt ?? TimeSpan.Zero))
        {
            var at = start + (job.SubmittedAt ?? TimeSpan.Zero);
            while (at - time.GetUtcNow() is { Ticks: > 0 } wait)
                await Task.Delay(wait < LongestDelay ? wait : LongestDelay, time, cancellationToken);
            var pod = new KubernetesObject(PodOf(job));
            if (await client.CreateAsync(Pods, pod, cancellationToken) is not WriteResult<KubernetesObject>.Written)
                throw new CommandFailure(ExitCode.No, $"line {job.Line}: the pod {job.Name} was not taken");
            submitted(++count);
        }
    }

    private static KubernetesResource<KubernetesObject> Pods { get; } =
        KubernetesResource.Untyped("", "v1", "pods", "Pod", namespaced: true);

    private static JsonObject PodOf(TraceJob job)
    {
        var asked = job.ToRequirements();
        var annotations = new JsonObject();
        if (job.Duration is { } duration)
            annotations[SpillwayNames.DurationAnnotation] = $"{duration.TotalSeconds:0.###}s";
        if (asked.GpuMilli > 0) annotations[GpuShares.MilliKey] = $"{asked.GpuMilli}";
        var amounts = new JsonObject();
        foreach (var (name, amount) in asked.Requests) amounts[name] = ResourceAmounts.FormatAmount(name, amount);
        var spec = new JsonObject
        {
            ["restartPolicy"] = "Never",
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "job",
                ["image"] = "trace",
                ["resources"] = new JsonObject { ["requests"] = amounts, ["limits"] = Limits(asked) },
            }),
        };
        if (!job.GpuModels.IsEmpty) spec["affinity"] = Affinity(job);
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = job.Name.ToLowerInvariant().Replace('_', '-'),
                ["namespace"] = "default",
                ["annotations"] = annotations,
            },
            ["spec"] = spec,
        };
    }

    // Extended resources are not overcommitted: the API server wants their limit to equal the request.
    private static JsonObject Limits(PodRequirements asked)
    {
        var gpus = asked.Requests[GpuShares.Resource];
        return gpus == 0 ? [] : new JsonObject { [GpuShares.Resource] = $"{gpus}" };
    }

    private static JsonObject Affinity(TraceJob job) => new()
    {
        ["nodeAffinity"] = new JsonObject
        {
            ["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject
            {
                ["nodeSelectorTerms"] = new JsonArray(new JsonObject
                {
                    ["matchExpressions"] = new JsonArray(new JsonObject
                    {
                        ["key"] = GpuShares.ModelLabel,
                        ["operator"] = "In",
                        ["values"] = new JsonArray([.. job.GpuModels.Select(model => (JsonNode)model)]),
                    }),
                }),
            },
        },
    };
}
