using Spillway.Core.Placement;

namespace Spillway.Sandbox.Scheduling;

/// <summary>
/// What was refused since the cluster last changed. Ten thousand equal pods that wait are refused by one look and not by
/// ten thousand: between two events placements only take room, so a refusal stays true.
/// </summary>
internal sealed class FailureMemo
{
    private readonly Dictionary<(string Namespace, LabelMap Labels, PodRequirements Requirements),
        PlacementOutcome> _refused = [];

    public void Clear()
    {
        if (_refused.Count > 0) _refused.Clear();
    }

    public PlacementOutcome? Recall(PodRecord pod) =>
        _refused.Count > 0 && Lasts(pod) ? _refused.GetValueOrDefault(Key(pod)) : null;

    public void Remember(PodRecord pod, PlacementOutcome outcome)
    {
        if (outcome is PlacementOutcome.Unplaceable && Lasts(pod)) _refused[Key(pod)] = outcome;
    }

    // A pod that is drawn to others may find a place when one of them is placed; volumes differ from pod to pod.
    private static bool Lasts(PodRecord pod) =>
        pod.Requirements is { Affinity.IsEmpty: true, Spread.IsEmpty: true, Volumes.IsEmpty: true }
            && pod.NominatedNode.Length == 0;

    private static (string, LabelMap, PodRequirements) Key(PodRecord pod) =>
        (pod.Key.Namespace, pod.Labels, pod.Requirements);
}
