namespace Spillway.Core.Placement.Engine;

/// <summary>The filters that need more than a mask and a column, each as kube-scheduler's plugin of that name decides.</summary>
internal sealed class NodeChecks(ModelState state)
{
    private readonly NodeTable nodes = state.Nodes;

    /// <summary>Whether required anti-affinity of placed pods can concern this pod at all.</summary>
    public static bool IsRepelled(PodEntry pod)
    {
        foreach (var matcher in pod.Labels.Matched)
        {
            foreach (var term in matcher.Repelling)
            {
                if (term.Total > 0) return true;
            }
        }
        return false;
    }

    public bool PortsFree(PodEntry pod, int slot)
    {
        var wanted = pod.Class.Ports;
        if (wanted.Length == 0) return true;
        for (var other = nodes.FirstPod[slot]; other is not null; other = other.NextOnNode)
        {
            foreach (var taken in other.Class.Ports)
            {
                foreach (var port in wanted)
                {
                    if (Conflict(port, taken)) return false;
                }
            }
        }
        return true;
    }

    /// <summary>Null when every hard constraint keeps within its skew on the node; else the one that does not.</summary>
    public static HardSpread? SpreadBroken(PodEntry pod, int slot)
    {
        foreach (var constraint in pod.Class.HardSpread)
        {
            var counter = constraint.Counter;
            var domain = counter.Topology.DomainOf(slot);
            if (domain < 0) return constraint;
            var minimum = counter.DomainCount < constraint.MinDomains ? 0 : counter.Minimum;
            if (counter.In(domain) + constraint.SelfMatch - minimum > constraint.MaxSkew) return constraint;
        }
        return null;
    }

    public static bool AffinityHolds(PodEntry pod, int slot)
    {
        var terms = pod.Class.Affinity;
        var found = true;
        var any = false;
        foreach (var counter in terms)
        {
            var domain = counter.Topology.DomainOf(slot);
            if (domain < 0) return false;
            if (counter.In(domain) <= 0) found = false;
            if (counter.Total > 0) any = true;
        }

        // The first of a group that is attracted to itself may go anywhere, or no group could ever begin.
        return found || (!any && pod.Labels.IsMatchedBy(terms[0].Matcher));
    }

    public static bool AntiAffinityHolds(PodEntry pod, int slot)
    {
        foreach (var counter in pod.Class.AntiAffinity)
        {
            var domain = counter.Topology.DomainOf(slot);
            if (domain >= 0 && counter.In(domain) > 0) return false;
        }
        return true;
    }

    public static bool RepelledAt(PodEntry pod, int slot)
    {
        foreach (var matcher in pod.Labels.Matched)
        {
            foreach (var term in matcher.Repelling)
            {
                if (term.In(term.Topology.DomainOf(slot)) > 0) return true;
            }
        }
        return false;
    }

    /// <summary>All checks that come after labels, taints and resources.</summary>
    public bool Passes(PodEntry pod, int slot) =>
        PortsFree(pod, slot)
        && (!pod.Class.HasVolumes || state.Volumes.Check(pod, slot) is null)
        && SpreadBroken(pod, slot) is null
        && !RepelledAt(pod, slot)
        && AntiAffinityHolds(pod, slot)
        && (pod.Class.Affinity.Length == 0 || AffinityHolds(pod, slot));

    /// <summary>Every filter, for one node.</summary>
    public bool Fits(PodEntry pod, int slot) =>
        nodes.Records[slot] is not null && pod.Class.Rule.Passes(slot) && nodes.Fits(slot, pod.Class)
        && Passes(pod, slot);

    private static bool Conflict(HostPort a, HostPort b) => a.Port == b.Port && a.Protocol == b.Protocol
        && (IsAny(a.Address) || IsAny(b.Address) || a.Address == b.Address);

    private static bool IsAny(string address) => address is "" or "0.0.0.0";
}
