using Spillway.Core.Placement.Engine;

namespace Spillway.Core.Placement;

public sealed partial class PlacementModel
{
    /// <summary>Whether the one node takes the pod, by every filter.</summary>
    public bool Fits(PodKey key, string node)
    {
        var slot = state.Nodes.Find(node);
        return slot >= 0 && state.Pods.TryGetValue(key, out var pod) && checks.Fits(pod, slot);
    }

    /// <summary>Why the one node does not take the pod.</summary>
    public PlacementExplanation WhyNot(PodKey key, string node)
    {
        var found = new Findings();
        var slot = state.Nodes.Find(node);
        if (slot >= 0) explainer.Refusal(state.Pods[key], slot, found);
        return new PlacementExplanation { NodeCount = slot >= 0 ? 1 : 0, Reasons = found.ToReasons() };
    }

    /// <summary>How many pods of a gang there are, bound or waiting.</summary>
    public int GangMembers(string ns, string gang)
    {
        var count = 0;
        foreach (var pod in state.Gangs.Members(ns, gang))
        {
            if (!pod.Record.IsFinished) count++;
        }
        return count;
    }
}
