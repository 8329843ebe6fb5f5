using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Core.Placement.Engine;
using Spillway.Core.Placement.Sharing;
using Spillway.Core.Traces;

namespace Spillway.Core.Rehearsals;

/// <summary>
/// Sorts the jobs of a trace into kinds, cuts jobs that no single node can hold into equal parts, and finds those that
/// nothing could ever take: asked of one empty node of every sort there is or could be rented.
/// </summary>
internal sealed class JobKinds
{
    private readonly RehearsalInput input;
    private readonly PlacementModel empty = new();
    private readonly Dictionary<(long, long, int, int, bool, ValueList<string>, PodRequirements?), JobKind> kinds = [];
    private readonly List<JobKind> inOrder = [];
    private readonly long mostCpu;
    private readonly long mostGpus;

    public JobKinds(RehearsalInput input)
    {
        this.input = input;
        var examples = input.Owned.Select(node => node.Record)
            .Concat(input.Pools.Where(pool => pool.Max > 0).SelectMany(
                pool => pool.Offers.Select(offer => OfferNodes.Node(offer, offer.Key.ToString()))))
            .DistinctBy(node => (NodeShapeKey.Of(node), node.Allocatable));
        foreach (var node in examples)
        {
            empty.SetNode(node);
            mostCpu = Math.Max(mostCpu, node.Allocatable.CpuMillis);
            mostGpus = Math.Max(mostGpus, node.Allocatable[GpuShares.Resource]);
        }
    }

    public IReadOnlyList<JobKind> All => inOrder;

    /// <summary>The job with its pods, named after it; parts of one job are numbered.</summary>
    public JobRun Run(TraceJob job)
    {
        var kind = KindOf(job);
        var pods = new RehearsedPod[kind.Parts];
        for (var part = 0; part < pods.Length; part++)
            pods[part] = new RehearsedPod(kind, job, pods.Length == 1 ? job.Name : $"{job.Name}-{part}");
        var run = new JobRun(pods, job.SubmittedAt ?? TimeSpan.Zero) { Refusal = kind.Refusal };
        foreach (var pod in pods) pod.Run = run;
        return run;
    }

    private JobKind KindOf(TraceJob job)
    {
        var key = (
            job.CpuMillis, job.MemoryMib, job.Gpus, job.GpuMilli, job.Processors > 0, job.GpuModels, job.Template);
        if (kinds.TryGetValue(key, out var known)) return known;
        var parts = PartsOf(job);
        var requirements = parts == 1 ? job.ToRequirements() : job.ToRequirements(parts);
        var kind = new JobKind(inOrder.Count, requirements, parts);
        var probe = new PodRecord { Key = new PodKey(JobKind.Namespace, "probe"), Requirements = kind.Requirements };
        empty.SetPod(probe);
        if (empty.FindNode(probe.Key) is null)
        {
            kind.Refusal = empty.Place(probe.Key) is PlacementOutcome.Unplaceable refused
                ? "no machine and no pool could take it even when empty: " + refused.Explanation.ToSentence()
                : "no machine and no pool could take it even when empty";
        }
        empty.RemovePod(probe.Key);
        kind.CloudPrice = CloudPrice(kind.Requirements);
        kinds.Add(key, kind);
        inOrder.Add(kind);
        return kind;
    }

    private int PartsOf(TraceJob job)
    {
        var byGpus = job.Gpus > mostGpus && mostGpus > 0 ? (job.Gpus + mostGpus - 1) / mostGpus : 1;
        var byCpu = job.Processors > 0 && job.CpuMillis > mostCpu && mostCpu > 0
            ? (job.CpuMillis + mostCpu - 1) / mostCpu
            : 1;
        return (int)Math.Max(byGpus, byCpu);
    }

    // A part of a GPU costs that part of what a whole one would.
    private Costs.HourlyPrice? CloudPrice(PodRequirements requirements)
    {
        if (requirements.GpuMilli == 0) return input.CloudPrice(requirements.Requests);
        var whole = input.CloudPrice(requirements.Requests.With(GpuShares.Resource, 1));
        return whole is { } price ? price * requirements.GpuMilli * (1m / GpuShares.Whole) : null;
    }
}
