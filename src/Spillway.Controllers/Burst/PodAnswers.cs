using System.Text.Json.Nodes;
using Spillway.Controllers.Costs;
using Spillway.Controllers.Objects;
using Spillway.Controllers.State;
using Spillway.Core.Burst;
using Spillway.Core.Placement;
using Spillway.Kubernetes;

namespace Spillway.Controllers.Burst;

/// <summary>
/// Says to each pod why it waits: as annotations for programs, as an event for <c>kubectl describe</c>, and to the
/// ledger. Only changes are said.
/// </summary>
internal sealed class PodAnswers(ControllerContext context, ClusterState state)
{
    // A pod that fits somewhere is bound within moments; only one that stays is told so.
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<PodKey, Answer> _answers = [];
    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal);
    private WorkQueue<PodKey>? _queue;

    private const string Here = "placed/Here";

    private sealed record Answer(string Kind, string Reason, string Why);

    /// <summary>Where pods whose answer changed are put.</summary>
    public void SendTo(WorkQueue<PodKey> queue) => _queue = queue;

    /// <summary>Tells the pods of a claim that was just written; the ledger hears of it when it is launched.</summary>
    public void Rented(NodeClaim claim, BurstDecision.Burst burst, IReadOnlyList<PodKey> pods)
    {
        foreach (var pod in pods)
        {
            Set(pod, new Answer("burst", "NeedsNode", $"{claim.Name} is rented for it: {burst.Why}"));
            if (Find(pod) is { } seen) Say(seen, "Normal", "Burst", $"{claim.Name} is rented: {burst.Why}");
        }
    }

    public void Tell(BurstPlan plan, DateTimeOffset now)
    {
        var rentedFor = RentedFor();
        foreach (var decision in plan.Decisions)
        {
            if (decision is BurstDecision.Burst) continue;
            Tell(decision, rentedFor, now);
        }
    }

    /// <summary>
    /// A pod has found its node. Those that had to wait, or that asked for something scarce, are told why it is this one.
    /// </summary>
    public void Placed(ObservedPod pod)
    {
        var waited = pod.Why.Length > 0 && pod.Decision != Here;
        if (!waited && !pod.Record.Requirements.Requests.Any(IsScarce)) return;
        if (pod.Decision.StartsWith("burst/", StringComparison.Ordinal)) return;
        string why;
        lock (state.Gate) why = state.Model.WhyHere(pod.Key, pod.Record.NodeName);
        if (why.Length > 0) Set(pod.Key, new Answer("placed", "Here", why));
    }

    /// <summary>Writes the pod's annotations, if they are not so already.</summary>
    public async Task<Reconciled> ReconcileAsync(PodKey key, CancellationToken cancellationToken)
    {
        Answer? answer;
        lock (_gate) answer = _answers.GetValueOrDefault(key);
        if (answer is null || state.Pods.Get(key.ToObjectKey()) is not { } pod) return Reconciled.Done;
        if (pod.IsPending == (answer.Kind == "placed")) return Reconciled.Done;
        var decision = $"{answer.Kind}/{answer.Reason}";
        if (pod.Why == answer.Why && pod.Decision == decision) return Reconciled.Done;
        var patch = KubernetesPatch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["annotations"] = new JsonObject
                {
                    [SpillwayNames.WhyAnnotation] = answer.Why,
                    [SpillwayNames.DecisionAnnotation] = decision,
                },
            },
        });
        await context.Client.PatchAsync(Resources.Pods, key.ToObjectKey(), patch, cancellationToken);
        return Reconciled.Done;
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(PodKey pod, string uid)
    {
        lock (_gate)
        {
            _answers.Remove(pod);
            _said.Remove(uid);
        }
    }

    /// <summary>The pods that a living claim was made for.</summary>
    private Dictionary<PodKey, NodeClaim> RentedFor()
    {
        var pods = new Dictionary<PodKey, NodeClaim>();
        foreach (var claim in state.Claims.List())
        {
            if (claim.IsOrderedAway) continue;
            foreach (var pod in claim.Pods) pods[PodKeys.Parse(pod)] = claim;
        }

        return pods;
    }

    private void Tell(BurstDecision decision, Dictionary<PodKey, NodeClaim> rentedFor, DateTimeOffset now)
    {
        var changed = new List<ObservedPod>();
        foreach (var key in decision.Pods)
        {
            if (Find(key) is not { } pod) continue;
            if (IsPassing(decision.Reason))
            {
                // The scheduler's next step, no decision of ours: told to a pod that stays, and not kept.
                if (now - pod.Record.CreatedAt >= SettledAfter)
                    Set(key, new Answer(decision.Kind, decision.Reason.ToString(), Sentence(decision)));
                continue;
            }


            // The node was rented for this pod: that it now waits for it is no news, and the reason stays the better one.
            if (decision.Reason == BurstReason.JoiningNode && rentedFor.TryGetValue(key, out var claim))
            {
                Set(key, new Answer("burst", nameof(BurstReason.NeedsNode),
                    $"{claim.Name} is rented for it: {claim.Why}"));
                continue;
            }

            Set(key, new Answer(decision.Kind, decision.Reason.ToString(), Sentence(decision)));
            if (Latest(pod) != $"{decision.Kind}/{decision.Reason}") changed.Add(pod);
        }

        if (changed.Count == 0) return;
        var first = changed[0];
        foreach (var pod in changed)
        {
            Say(pod, decision is BurstDecision.Refuse
                ? "Warning" : "Normal", EventReason(decision), Sentence(decision));
            Remember(pod, $"{decision.Kind}/{decision.Reason}");
        }

        // Named by the pod's version: a crash before the annotation is written repeats the same name.
        context.Ledger.Record(new DecisionEntry(
            $"{first.Record.Uid}/{decision.Kind}/{decision.Reason}/{first.Decision}", now, decision.Kind, decision.Why)
        {
            Pods = [.. changed.Select(pod => pod.Key)],
            WouldChange = decision.WouldChange,
            Rejected = [.. decision.Rejected.Select(one => new RejectedPool(one.Pool, one.Why))],
        });
    }

    private static bool IsPassing(BurstReason reason) =>
        reason is BurstReason.FitsNow or BurstReason.Preempts or BurstReason.NodeStarting;

    private static string Sentence(BurstDecision decision) =>
        decision.WouldChange.Length == 0 ? decision.Why : $"{decision.Why}. Would change it: {decision.WouldChange}";

    private static string EventReason(BurstDecision decision) => decision switch
    {
        BurstDecision.Wait => "Waiting",
        BurstDecision.Refuse => "Refused",
        _ => "Held",
    };

    private static bool IsScarce(KeyValuePair<string, long> request) =>
        request.Value > 0 && request.Key is not (ResourceAmounts.Cpu or ResourceAmounts.Memory
            or ResourceAmounts.EphemeralStorage or ResourceAmounts.Pods);

    private ObservedPod? Find(PodKey pod) =>
        state.Pods.Get(pod.ToObjectKey()) is { IsPending: true } seen ? seen : null;

    /// <summary>What was last said about the pod, here or before a restart.</summary>
    private string Latest(ObservedPod pod)
    {
        lock (_gate) return _said.GetValueOrDefault(pod.Record.Uid, pod.Decision);
    }

    private void Remember(ObservedPod pod, string decision)
    {
        lock (_gate) _said[pod.Record.Uid] = decision;
    }

    private void Set(PodKey pod, Answer answer)
    {
        lock (_gate)
        {
            if (_answers.TryGetValue(pod, out var known) && known == answer) return;
            _answers[pod] = answer;
        }

        if (answer.Kind == "burst" && Find(pod) is { } seen) Remember(seen, $"{answer.Kind}/{answer.Reason}");
        _queue?.Add(pod);
    }

    private void Say(ObservedPod pod, string type, string reason, string message)
    {
        var about = Resources.Pods.New(pod.Key.ToObjectKey());
        about.Metadata["uid"] = pod.Record.Uid;
        context.Events.Record(about, type, reason, message);
    }
}
