using Spillway.Core.ClusterFile;
using Spillway.Core.Placement;

namespace Spillway.Core.Burst;

/// <summary>
/// Answers the pods that need no new node: those held back on purpose, those that fit a node that is there, and those
/// that fit a node that is joining.
/// </summary>
internal sealed class Triage(BurstObservation seen, Scene scene, Decisions decisions, DateTimeOffset now)
{
    private readonly Dictionary<string, ClaimState> _joining =
        seen.Claims.Where(claim => claim.IsJoining).ToDictionary(claim => claim.Name, StringComparer.Ordinal);

    /// <summary>Nodes that have registered and take no pods for another moment.</summary>
    public required IReadOnlySet<string> Starting { get; init; }

    /// <summary>Places what fits and returns the rest, gangs together, in the order of the queue.</summary>
    public List<Unit> Run()
    {
        var pending = new Dictionary<PodKey, PendingPod>();
        foreach (var pod in seen.Pending)
        {
            if (scene.Find(pod.Key) is { IsBound: false }) pending[pod.Key] = pod;
        }

        // Placed in the order of the queue, so that what is answered does not depend on the order it was seen in.
        var left = new List<PendingPod>();
        foreach (var (key, outcome) in scene.PlaceAll())
        {
            if (!pending.Remove(key, out var pod)) continue;
            if (pod.HeldBackBy.Length > 0) HeldBack(pod, pod.HeldBackBy);
            else if (!Answer(pod, outcome)) left.Add(pod);
        }

        foreach (var pod in pending.Values.OrderBy(pod => pod.Since).ThenBy(pod => pod.Key))
        {
            if (pod.HeldBackBy.Length > 0) HeldBack(pod, pod.HeldBackBy);
            else if (!Answer(pod, scene.Place(pod.Key))) left.Add(pod);
        }

        return Units(left);
    }

    private bool Answer(PendingPod pod, PlacementOutcome outcome)
    {
        if (MissingMembers(pod) is { } missing)
        {
            Hold(pod, BurstReason.GangHeld, missing, "the missing members of its gang");
            return true;
        }

        switch (outcome)
        {
            case PlacementOutcome.Placed placed when _joining.TryGetValue(placed.Node, out var claim):
                Wait(pod, BurstReason.JoiningNode, Joining(claim));
                return true;
            case PlacementOutcome.Placed placed when Starting.Contains(placed.Node):
                decisions.Wants(placed.Node, pod.Key);
                Wait(pod, BurstReason.NodeStarting, $"it fits {placed.Node}, which is starting");
                return true;
            case PlacementOutcome.Placed placed:
                decisions.Wants(placed.Node, pod.Key);
                var said = pod.SchedulerMessage.Length == 0 ? "" : $" (it last said: {pod.SchedulerMessage})";
                Wait(pod, BurstReason.FitsNow, $"it fits {placed.Node} now and the scheduler will put it there{said}");
                return true;
            case PlacementOutcome.Preempts preempts:
                Wait(
                    pod,
                    BurstReason.Preempts,
                    $"it takes the room of {Words.Pods(preempts.Victims)} on {preempts.Node}, whose priority is lower");
                return true;
            case PlacementOutcome.Waits { Reason: WaitReason.OtherScheduler } waits:
                Hold(pod, BurstReason.HeldBack, Clause(waits.Text) + ": nothing is rented for a pod that another "
                    + "scheduler places", "that scheduler at work here, or no schedulerName in the pod");
                return true;
            case PlacementOutcome.Waits { Reason: not WaitReason.Gang } waits:
                HeldBack(pod, Clause(waits.Text));
                return true;
            default:
                return false;
        }
    }

    private static string Clause(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..].TrimEnd('.');

    private string Joining(ClaimState claim)
    {
        var node = $"{claim.Name} ({claim.Offer.InstanceType} of pool {claim.Offer.Pool})";
        return claim.LaunchedAt is { } at
            ? $"it fits {node}, which was launched {Words.Span(now - at)} ago and is joining"
            : $"it fits {node}, which is being launched";
    }

    private void HeldBack(PendingPod pod, string by) =>
        Hold(pod, BurstReason.HeldBack, $"{by}: nothing is rented for a pod that is held back on purpose",
            "its release");

    private void Wait(PendingPod pod, BurstReason reason, string why) => decisions.Add(new BurstDecision.Wait(null)
    {
        Pods = [pod.Key],
        Reason = reason,
        Why = why,
    });

    private void Hold(PendingPod pod, BurstReason reason, string why, string change) =>
        decisions.Add(new BurstDecision.Hold
    {
        Pods = [pod.Key],
        Reason = reason,
        Why = why,
        WouldChange = change,
    });

    /// <summary>What its gang lacks, bound and pending members counted; null when it is complete or there is none.</summary>
    private string? MissingMembers(PendingPod pod)
    {
        if (scene.Find(pod.Key)?.Requirements.Gang is not { Size: > 0 } gang) return null;
        var members = scene.GangMembers(pod.Key.Namespace, gang.Name);
        return members >= gang.Size
            ? null
            : $"its gang {gang.Name} has {members} of {gang.Size} members: nothing is rented for a part of it";
    }

    private List<Unit> Units(List<PendingPod> left)
    {
        var gangs = new Dictionary<(string Namespace, string Gang), List<PendingPod>>();
        var groups = new List<List<PendingPod>>();
        foreach (var pod in left)
        {
            var gang = scene.Find(pod.Key)!.Requirements.Gang;
            if (gang is null)
            {
                groups.Add([pod]);
                continue;
            }

            if (!gangs.TryGetValue((pod.Key.Namespace, gang.Name), out var members))
            {
                gangs.Add((pod.Key.Namespace, gang.Name), members = []);
                groups.Add(members);
            }

            members.Add(pod);
        }

        return [.. groups
            .Select(pods => new Unit(
                [.. pods.OrderBy(pod => pod.Key)],
                pods.Max(pod => scene.Find(pod.Key)!.Requirements.Priority),
                pods.Min(pod => pod.Since)))
            .OrderByDescending(unit => unit.Priority)
            .ThenBy(unit => unit.Since)
            .ThenBy(unit => unit.First)];
    }
}
