using System.Numerics;

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
            if (!constraint.Allows(slot, constraint.Limit)) return constraint;
        }
        return null;
    }

    public static bool AffinityHolds(PodEntry pod, int slot) => AffinityHolds(pod.Class, slot, StartsGroup(pod));

    public static bool AntiAffinityHolds(PodEntry pod, int slot)
    {
        foreach (var counter in pod.Class.AntiAffinity)
        {
            if (!Empty(counter, slot)) return false;
        }
        return true;
    }

    public static bool RepelledAt(PodEntry pod, int slot)
    {
        foreach (var matcher in pod.Labels.Matched)
        {
            foreach (var term in matcher.Repelling)
            {
                if (Repels(term, slot)) return true;
            }
        }
        return false;
    }

    /// <summary>
    /// Clears the slots that constraints on pods rule out, the pod's own and those of placed pods: one constraint after
    /// the other over all nodes, so that each inner loop is a look-up in two arrays.
    /// </summary>
    public static void ApplyPodConstraints(PodEntry pod, Span<ulong> mask)
    {
        var podClass = pod.Class;
        foreach (var spread in podClass.HardSpread) Apply(spread, mask);
        foreach (var matcher in pod.Labels.Matched)
        {
            foreach (var term in matcher.Repelling)
            {
                if (term.Total > 0) Apply(term, mask);
            }
        }
        foreach (var counter in podClass.AntiAffinity)
        {
            if (counter.Total > 0) Apply(counter, mask);
        }
        if (podClass.Affinity.Length > 0) ApplyAffinity(pod, mask);
    }

    private static void Apply(HardSpread spread, Span<ulong> mask)
    {
        var limit = spread.Limit;
        for (var word = 0; word < mask.Length; word++)
        {
            var kept = mask[word];
            for (var bits = kept; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (!spread.Allows(slot, limit)) kept ^= bits & (0 - bits);
            }
            mask[word] = kept;
        }
    }

    private static void Apply(OwnedTerm term, Span<ulong> mask)
    {
        for (var word = 0; word < mask.Length; word++)
        {
            var kept = mask[word];
            for (var bits = kept; bits != 0; bits &= bits - 1)
            {
                if (Repels(term, (word << 6) + BitOperations.TrailingZeroCount(bits))) kept ^= bits & (0 - bits);
            }
            mask[word] = kept;
        }
    }

    private static void Apply(DomainCounter counter, Span<ulong> mask)
    {
        for (var word = 0; word < mask.Length; word++)
        {
            var kept = mask[word];
            for (var bits = kept; bits != 0; bits &= bits - 1)
            {
                if (!Empty(counter, (word << 6) + BitOperations.TrailingZeroCount(bits))) kept ^= bits & (0 - bits);
            }
            mask[word] = kept;
        }
    }

    private static void ApplyAffinity(PodEntry pod, Span<ulong> mask)
    {
        var startsGroup = StartsGroup(pod);
        for (var word = 0; word < mask.Length; word++)
        {
            var kept = mask[word];
            for (var bits = kept; bits != 0; bits &= bits - 1)
            {
                var slot = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (!AffinityHolds(pod.Class, slot, startsGroup)) kept ^= bits & (0 - bits);
            }
            mask[word] = kept;
        }
    }

    // The first of a group that is attracted to itself may go anywhere, or no group could ever begin.
    private static bool StartsGroup(PodEntry pod)
    {
        var terms = pod.Class.Affinity;
        foreach (var counter in terms)
        {
            if (counter.Total > 0) return false;
        }
        return terms.Length > 0 && pod.Labels.IsMatchedBy(terms[0].Matcher);
    }

    private static bool AffinityHolds(PodClass podClass, int slot, bool startsGroup)
    {
        var found = true;
        foreach (var counter in podClass.Affinity)
        {
            var domain = counter.Topology.DomainOf(slot);
            if (domain < 0) return false;
            if (counter.In(domain) <= 0) found = false;
        }
        return found || startsGroup;
    }

    private static bool Empty(DomainCounter counter, int slot) => counter.In(counter.Topology.DomainOf(slot)) <= 0;

    private static bool Repels(OwnedTerm term, int slot) => term.In(term.Topology.DomainOf(slot)) > 0;

    /// <summary>The checks that walk over the pods of a node or over volumes.</summary>
    public bool PortsAndVolumesFit(PodEntry pod, int slot) => PortsFree(pod, slot)
        && (!pod.Class.HasVolumes || state.Volumes.Check(pod, slot) is null);

    /// <summary>Every filter, for one node.</summary>
    public bool Fits(PodEntry pod, int slot) =>
        nodes.Records[slot] is not null && pod.Class.Rule.Passes(slot) && nodes.Fits(slot, pod.Class)
        && PortsAndVolumesFit(pod, slot)
        && SpreadBroken(pod, slot) is null
        && !RepelledAt(pod, slot)
        && AntiAffinityHolds(pod, slot)
        && AffinityHolds(pod, slot);

    public static bool Conflict(HostPort a, HostPort b) => a.Port == b.Port && a.Protocol == b.Protocol
        && (IsAny(a.Address) || IsAny(b.Address) || a.Address == b.Address);

    private static bool IsAny(string address) => address is "" or "0.0.0.0";
}
