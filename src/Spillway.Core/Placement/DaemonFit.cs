using Spillway.Core.Placement.Engine;
using Spillway.Core.Quantities;

namespace Spillway.Core.Placement;

/// <summary>
/// Whether a node is one that a DaemonSet's pod belongs to. Room does not count: a full node gets its pod, which then
/// waits or pushes others out.
/// </summary>
/// <param name="ShouldRun">A pod should be started here.</param>
/// <param name="MayContinue">A pod that runs here may stay: only NoExecute taints and a mismatch send it away.</param>
public readonly record struct DaemonFit(bool ShouldRun, bool MayContinue)
{
    public static DaemonFit Of(PodRequirements pod, NodeRecord node)
    {
        foreach (var (name, value) in pod.NodeSelector)
        {
            if (node.Labels[name] != value) return default;
        }

        if (pod.NodeTerms is { } terms && !StaticRule.AnyTermMatches(terms, node)) return default;
        var fit = new DaemonFit(ShouldRun: true, MayContinue: true);
        foreach (var taint in node.Taints)
        {
            if (taint.Effect == TaintEffect.PreferNoSchedule || StaticRule.Tolerates(pod.Tolerations, taint)) continue;
            fit = new DaemonFit(ShouldRun: false, fit.MayContinue && taint.Effect != TaintEffect.NoExecute);
        }

        return fit;
    }
}
