using Spillway.Core.Placement;
using Spillway.Core.Placement.Sharing;

namespace Spillway.Core.Traces;

/// <summary>One row of a trace: a pod, or a job that may need several.</summary>
public sealed record TraceJob
{
    public required string Name { get; init; }

    /// <summary>Where the row is, counted from 1.</summary>
    public int Line { get; init; }

    public long CpuMillis { get; init; }

    public long MemoryMib { get; init; }

    /// <summary>GPUs; with <see cref="GpuMilli"/> below 1000 the one GPU of which it takes a part.</summary>
    public int Gpus { get; init; }

    /// <summary>Thousandths of each GPU: below 1000 only for a part of one.</summary>
    public int GpuMilli { get; init; }

    /// <summary>Models of GPU that will do; empty for any.</summary>
    public ValueList<string> GpuModels { get; init; } = [];

    /// <summary>Processors of a job that may run on several nodes, one task each; 0 for a pod, which stays in one piece.</summary>
    public int Processors { get; init; }

    /// <summary>Since the beginning of the trace; null where the trace does not say.</summary>
    public TimeSpan? SubmittedAt { get; init; }

    /// <summary>How long it ran; null where the trace does not say.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>How long it waited in the cluster that was recorded; null where the trace does not say.</summary>
    public TimeSpan? RecordedWait { get; init; }

    /// <summary>The virtual cluster, queue or user group it belongs to; empty for none.</summary>
    public string Group { get; init; } = "";

    /// <summary>All that a pod asks for, where that is more than the fields here say; null where they say it.</summary>
    public PodRequirements? Template { get; init; }

    /// <summary>GPU in thousandths, all GPUs together.</summary>
    public long TotalGpuMilli => (long)Gpus * GpuMilli;

    /// <summary>What a pod asks for that is the whole job.</summary>
    public PodRequirements ToRequirements() => Template ?? Ask(CpuMillis, MemoryMib, Gpus);

    /// <summary>What a pod asks for that is one of several equal parts of the job; parts are rounded up.</summary>
    public PodRequirements ToRequirements(int parts) => Ask(
        (CpuMillis + parts - 1) / parts, (MemoryMib + parts - 1) / parts, (Gpus + parts - 1) / parts);

    private PodRequirements Ask(long cpu, long memory, int gpus)
    {
        var shares = gpus == 1 && GpuMilli < GpuShares.Whole;
        var amounts = new List<KeyValuePair<string, long>>(3);
        if (cpu > 0) amounts.Add(KeyValuePair.Create(ResourceAmounts.Cpu, cpu));
        if (memory > 0) amounts.Add(KeyValuePair.Create(ResourceAmounts.Memory, memory << 20));
        if (gpus > 0 && !shares) amounts.Add(KeyValuePair.Create(GpuShares.Resource, (long)gpus));
        var models = GpuModels.IsEmpty
            ? null
            : (ValueList<NodeSelectorTerm>?)new[]
            {
                new NodeSelectorTerm(
                    new[] { new LabelRequirement(GpuShares.ModelLabel, SelectorOperator.In, GpuModels) }.ToValueList(),
                    []),
            }.ToValueList();
        return new PodRequirements
        {
            Requests = ResourceAmounts.From(amounts),
            GpuMilli = gpus == 1 && shares ? GpuMilli : 0,
            ScoringCpuMillis = cpu > 0 ? cpu : 100,
            ScoringMemoryBytes = memory > 0 ? memory << 20 : 200L << 20,
            NodeTerms = models,
        };
    }
}

/// <summary>One node of a trace.</summary>
public sealed record TraceNode(string Name, long CpuMillis, long MemoryMib, int Gpus, string GpuModel)
{
    /// <summary>The node as placement sees it: GPUs as `nvidia.com/gpu`, the model as a label.</summary>
    public NodeRecord ToNode()
    {
        var labels = new List<KeyValuePair<string, string>>
        {
            KeyValuePair.Create(WellKnownLabels.Hostname, Name),
        };
        if (GpuModel.Length > 0) labels.Add(KeyValuePair.Create(GpuShares.ModelLabel, GpuModel));
        var amounts = new List<KeyValuePair<string, long>>
        {
            KeyValuePair.Create(ResourceAmounts.Cpu, CpuMillis),
            KeyValuePair.Create(ResourceAmounts.Pods, MostPods),
        };
        if (MemoryMib > 0) amounts.Add(KeyValuePair.Create(ResourceAmounts.Memory, MemoryMib << 20));
        if (Gpus > 0) amounts.Add(KeyValuePair.Create(GpuShares.Resource, (long)Gpus));
        var allocatable = ResourceAmounts.From(amounts);
        return new NodeRecord
        {
            Name = Name, Labels = LabelMap.From(labels), Allocatable = allocatable, Capacity = allocatable,
        };
    }

    // Traces do not tell how many pods a node takes; what they tell must be what limits it.
    private const long MostPods = 4096;
}

/// <summary>A trace cannot be read. The message begins with the place, `LINE:COLUMN`, both counted from 1.</summary>
public sealed class TraceException(int line, int column, string problem)
    : FormatException($"{line}:{column}: {problem}")
{
    public int Line { get; } = line;

    public int Column { get; } = column;

    public string Problem { get; } = problem;
}
