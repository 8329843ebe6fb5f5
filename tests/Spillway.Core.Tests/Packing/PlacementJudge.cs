using Spillway.Core.Packing;
using Spillway.Core.Placement;
using Spillway.Core.Quantities;

namespace Spillway.Core.Tests.Packing;

/// <summary>
/// Judges a plan pod by pod in its order of binding, by the words of the Kubernetes documentation and with no code of the
/// planner or the engine: everything is counted over from the pods bound so far.
/// </summary>
internal sealed class PlacementJudge(PackingRequest request, PackingPlan plan)
{
    private const string Host = "kubernetes.io/hostname";

    private readonly List<(PodRecord Pod, int Node)> bound = [];
    private readonly List<string> complaints = [];

    public static IReadOnlyList<string> Complaints(PackingRequest request, PackingPlan plan)
    {
        var judge = new PlacementJudge(request, plan);
        judge.Judge();
        return judge.complaints;
    }

    private void Judge()
    {
        var seen = new HashSet<int>();
        foreach (var (pod, node) in plan.Bindings)
        {
            if (!seen.Add(pod)) complaints.Add($"pod {pod} is bound twice");
            JudgePod(request.Pods[pod], node);
            bound.Add((request.Pods[pod], node));
        }
        foreach (var one in plan.Unpacked)
        {
            if (!seen.Add(one.Pod)) complaints.Add($"pod {one.Pod} is left out twice, or bound as well");
        }
        if (seen.Count != request.Pods.Count) complaints.Add($"{request.Pods.Count - seen.Count} pods are forgotten");
        for (var node = 0; node < plan.Nodes.Count; node++) JudgeNode(node);
        JudgePurchase();
    }

    private void JudgePurchase()
    {
        var price = plan.Nodes.Sum(node => request.Offers[node.Offer].PricePerHour);
        if (price != plan.PricePerHour) complaints.Add($"the price is {price}, not {plan.PricePerHour}");
        foreach (var offer in plan.Nodes.GroupBy(node => node.Offer))
        {
            if (request.Offers[offer.Key].Stock is { } stock && offer.Count() > stock)
                complaints.Add($"offer {offer.Key} is taken {offer.Count()} times");
        }
        foreach (var pool in plan.Nodes.GroupBy(node => request.Offers[node.Offer].Pool))
        {
            if (request.PoolRoom.TryGetValue(pool.Key, out var room) && pool.Count() > room)
                complaints.Add($"pool {pool.Key} grows by {pool.Count()}");
        }
    }

    private void JudgeNode(int node)
    {
        var mine = bound.Where(one => one.Node == node).Select(one => one.Pod).ToList();
        if (mine.Count == 0) complaints.Add($"node {node} is rented for nothing");
        if (plan.Nodes[node].Pods.Count != mine.Count) complaints.Add($"node {node} lists other pods than are bound");
        var room = Labels(node).Allocatable;
        foreach (var resource in mine.SelectMany(pod => pod.Requirements.Requests.Select(item => item.Key)).Distinct())
        {
            if (mine.Sum(pod => pod.Requirements.Requests[resource]) > room[resource])
                complaints.Add($"node {node} has too little {resource}");
        }
        var places = room.ContainsKey("pods") ? room["pods"] : 110;
        if (mine.Count > places) complaints.Add($"node {node} holds {mine.Count} pods");
    }

    private void JudgePod(PodRecord pod, int node)
    {
        var (asks, offer) = (pod.Requirements, Labels(node));
        if (!AllowsNode(asks, offer)) complaints.Add($"{pod.Key}: its node has other labels");
        if (offer.Taints.Any(taint => taint.Effect != TaintEffect.PreferNoSchedule && !asks.Tolerations.Any(one =>
            (one.Key.Length == 0 || one.Key == taint.Key) && (one.Effect is null || one.Effect == taint.Effect)
            && (one.Operator == TolerationOperator.Exists || one.Value == taint.Value))))
            complaints.Add($"{pod.Key}: does not tolerate its node");
        foreach (var constraint in asks.Spread.Where(item => item.Hard)) JudgeSpread(pod, node, constraint);
        foreach (var term in asks.AntiAffinity)
        {
            if (bound.Any(one => SameDomain(term.TopologyKey, node, one.Node) && Means(pod, term, one.Pod)))
                complaints.Add($"{pod.Key}: a pod it avoids is near");
        }
        foreach (var (other, theirs) in bound)
        {
            if (other.Requirements.AntiAffinity.Any(
                term => SameDomain(term.TopologyKey, node, theirs) && Means(other, term, pod)))
                complaints.Add($"{pod.Key}: {other.Key} avoids it");
            if (theirs == node && other.Requirements.HostPorts.Any(port => asks.HostPorts.Contains(port)))
                complaints.Add($"{pod.Key}: its port is taken by {other.Key}");
        }
        foreach (var term in asks.Affinity)
        {
            var near = bound.Any(one => SameDomain(term.TopologyKey, node, one.Node) && Means(pod, term, one.Pod));
            var first = !bound.Any(one => Means(pod, term, one.Pod)) && Means(pod, term, pod);
            if (!near && !first) complaints.Add($"{pod.Key}: no pod that it needs is near");
        }
    }

    private void JudgeSpread(PodRecord pod, int node, SpreadConstraint constraint)
    {
        bool Counts((PodRecord Pod, int Node) one) => one.Pod.Key.Namespace == pod.Key.Namespace
            && Matches(constraint.Selector, one.Pod.Labels) && AllowsNode(pod.Requirements, Labels(one.Node));
        var key = constraint.TopologyKey;
        var here = bound.Count(one => SameDomain(key, node, one.Node) && Counts(one));
        var self = Matches(constraint.Selector, pod.Labels) ? 1 : 0;

        // A host can always be added and is empty then; zones are those in which something can be had.
        var fewest = key == Host ? 0 : request.Offers
            .Where(one => one.Stock is null or > 0 && AllowsNode(pod.Requirements, one.Node))
            .Where(one => !request.PoolRoom.TryGetValue(one.Pool, out var room) || room > 0)
            .Select(one => one.Node.Labels[key]).OfType<string>().Distinct()
            .Min(domain => bound.Count(one => Labels(one.Node).Labels[key] == domain && Counts(one)));
        if (here + self - fewest > constraint.MaxSkew)
            complaints.Add($"{pod.Key}: {here} pods near, {fewest} elsewhere by {key}, skew {constraint.MaxSkew}");
    }

    private NodeRecord Labels(int node) => request.Offers[plan.Nodes[node].Offer].Node;

    private bool SameDomain(string key, int node, int other) => key == Host
        ? node == other
        : Labels(node).Labels[key] is { } value && value == Labels(other).Labels[key];

    private static bool AllowsNode(PodRequirements asks, NodeRecord node) =>
        asks.NodeSelector.Span.ToArray().All(label => node.Labels[label.Key] == label.Value)
        && (asks.NodeTerms is null || asks.NodeTerms.Any(term => term.Expressions.All(one => Holds(one, node.Labels))));

    private static bool Means(PodRecord owner, PodAffinityTerm term, PodRecord other) =>
        (term.Namespaces.IsEmpty ? owner.Key.Namespace == other.Key.Namespace
            : term.Namespaces.Contains(other.Key.Namespace)) && Matches(term.Selector, other.Labels);

    private static bool Matches(LabelSelector selector, LabelMap labels) =>
        !selector.MatchesNothing && selector.Requirements.All(one => Holds(one, labels));

    private static bool Holds(LabelRequirement one, LabelMap labels) => one.Operator switch
    {
        SelectorOperator.In => labels[one.Key] is { } value && one.Values.Contains(value),
        SelectorOperator.NotIn => labels[one.Key] is not { } value || !one.Values.Contains(value),
        SelectorOperator.Exists => labels[one.Key] is not null,
        SelectorOperator.DoesNotExist => labels[one.Key] is null,
        _ => throw new NotSupportedException($"{one.Operator} is not in these tests"),
    };
}
