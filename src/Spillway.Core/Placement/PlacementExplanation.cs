namespace Spillway.Core.Placement;

public enum ReasonCode
{
    NodeUnschedulable,
    UntoleratedTaint,
    NodeAffinity,
    HostPort,
    TooManyPods,
    InsufficientResource,
    VolumeConflict,
    VolumeLimit,
    VolumeBinding,
    VolumeZone,
    TopologySpread,
    PodAffinity,
    PodAntiAffinity,
    ExistingAntiAffinity,
    Cluster,
}

/// <summary>One reason why nodes were refused, with the nodes, the numbers, and what would change the answer.</summary>
/// <param name="Code">The kind of reason, for programs.</param>
/// <param name="SchedulerText">The reason in kube-scheduler's words, such as `Insufficient cpu`.</param>
/// <param name="Nodes">The nodes it holds for, in name order.</param>
/// <param name="Details">One sentence for each group of nodes with the same numbers.</param>
/// <param name="WhatWouldHelp">What would change the answer; empty when nothing within reach would.</param>
/// <param name="Resource">The resource that is short, for <see cref="ReasonCode.InsufficientResource"/>.</param>
public sealed record PlacementReason(
    ReasonCode Code,
    string SchedulerText,
    ValueList<string> Nodes,
    ValueList<string> Details,
    string WhatWouldHelp,
    string Resource = "");

/// <summary>Why no node takes a pod.</summary>
public sealed record PlacementExplanation
{
    /// <summary>How many nodes there were.</summary>
    public required int NodeCount { get; init; }

    public required ValueList<PlacementReason> Reasons { get; init; }

    /// <summary>What preemption said, in kube-scheduler's words; empty when it was not asked.</summary>
    public string Preemption { get; init; } = "";

    /// <summary>A reason that holds before any node is looked at, such as a missing claim; empty otherwise.</summary>
    public string BeforeNodes { get; init; } = "";

    /// <summary>What the pod's gang adds: how many must start together and how many fit; empty for a pod on its own.</summary>
    public string Gang { get; init; } = "";

    /// <summary>The message kube-scheduler 1.36 would write into the pod's condition and event.</summary>
    public string ToSchedulerMessage()
    {
        if (NodeCount == 0 && BeforeNodes.Length == 0) return "no nodes available to schedule pods";
        var message = $"0/{NodeCount} nodes are available:";
        if (BeforeNodes.Length > 0) message += $" {BeforeNodes}.";
        else
        {
            var counts = new List<string>(Reasons.Count);
            foreach (var reason in Reasons) counts.Add($"{reason.Nodes.Count} {reason.SchedulerText}");
            counts.Sort(StringComparer.Ordinal);
            if (counts.Count > 0) message += $" {string.Join(", ", counts)}.";
        }
        if (Preemption.Length == 0) return message;

        // The first half comes from dynamic resource allocation, which answers before preemption in every cluster.
        return $"{message} no new claims to deallocate, preemption: {Preemption}";
    }

    /// <summary>The reasons for people: what is missing where, and what would help.</summary>
    public string ToSentence()
    {
        if (BeforeNodes.Length > 0) return $"{Capital(BeforeNodes)}.";
        if (NodeCount == 0) return "There is no node yet.";
        var parts = new List<string>();
        foreach (var reason in Reasons)
        {
            if (reason.Details.IsEmpty) parts.Add($"{Few(reason.Nodes)}: {reason.SchedulerText}");
            else parts.AddRange(reason.Details);
        }
        var sentence = Capital(string.Join("; ", parts)) + ".";
        if (Gang.Length > 0) sentence = $"{Gang}: {sentence}";
        var help = WhatWouldHelp();
        return help.Count == 0 ? sentence : $"{sentence} Would help: {string.Join(", or ", help)}.";
    }

    /// <summary>Each thing that would change the answer, most widely useful first.</summary>
    public IReadOnlyList<string> WhatWouldHelp()
    {
        var help = new List<string>();
        foreach (var reason in Reasons.OrderByDescending(reason => reason.Nodes.Count))
        {
            if (reason.WhatWouldHelp.Length > 0 && !help.Contains(reason.WhatWouldHelp)) help.Add(reason.WhatWouldHelp);
        }
        return help;
    }

    /// <summary>Names a few nodes and counts the rest.</summary>
    internal static string Few(IReadOnlyList<string> nodes) => nodes.Count switch
    {
        0 => "no node",
        1 => nodes[0],
        2 or 3 => string.Join(", ", nodes),
        _ => $"{nodes[0]}, {nodes[1]} and {nodes.Count - 2} more",
    };

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
