namespace Spillway.Core.Placement.Engine;

/// <summary>The node a preemption would choose, with the pods that have to go.</summary>
internal sealed record PreemptionCandidate(int Slot, List<PodEntry> Victims, int BudgetViolations);

/// <summary>
/// Preemption as kube-scheduler's DefaultPreemption does it: on each node that removing pods could help, the fewest and
/// least important victims of lower priority; then the node where that hurts least.
/// </summary>
internal sealed class Preemptor(ModelState state, NodeChecks checks, Placer placer, Explainer explainer)
{
    // DefaultPreemption looks at a tenth of the nodes, at least at a hundred, and then chooses among what it has.
    private const int MinCandidates = 100;
    private const int CandidatesPercent = 10;

    private const string NoVictims = "No preemption victims found for incoming pod";
    private const string NotHelpful = "Preemption is not helpful for scheduling";

    private readonly NodeTable nodes = state.Nodes;

    public IReadOnlyList<DisruptionBudgetRecord> Budgets { get; set; } = [];

    /// <param name="pod">The pod that fits nowhere.</param>
    /// <param name="resolvable">The slots where removing pods could help, in node order.</param>
    /// <param name="message">What kube-scheduler would say when there is no candidate.</param>
    public PreemptionCandidate? Find(PodEntry pod, List<int> resolvable, out string message)
    {
        message = "";
        if (!pod.Record.Requirements.MayPreempt)
        {
            message = "not eligible due to preemptionPolicy=Never.";
            return null;
        }
        if (VictimsAreLeaving(pod))
        {
            message = "not eligible due to a terminating pod on the nominated node.";
            return null;
        }

        var wanted = Math.Max(MinCandidates, resolvable.Count * CandidatesPercent / 100);
        var candidates = new List<PreemptionCandidate>();
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var slot in resolvable)
        {
            if (Victims(pod, slot, reasons) is { } candidate) candidates.Add(candidate);
            if (candidates.Count >= wanted) break;
        }
        if (candidates.Count > 0) return Choose(candidates);
        if (nodes.Count > resolvable.Count) reasons[NotHelpful] = nodes.Count - resolvable.Count;
        var parts = reasons.Select(reason => $"{reason.Value} {reason.Key}").Order(StringComparer.Ordinal);
        message = $"0/{nodes.Count} nodes are available: {string.Join(", ", parts)}.";
        return null;
    }

    // Room is being made already: asking for more would evict twice for one pod.
    private bool VictimsAreLeaving(PodEntry pod)
    {
        var slot = pod.NominatedNode.Length == 0 ? -1 : nodes.Find(pod.NominatedNode);
        if (slot < 0 || !pod.Class.Rule.Passes(slot)) return false;
        for (var other = nodes.FirstPod[slot]; other is not null; other = other.NextOnNode)
        {
            if (other.Record.Terminating && other.Priority < pod.Priority) return true;
        }
        return false;
    }

    private PreemptionCandidate? Victims(PodEntry pod, int slot, Dictionary<string, int> reasons)
    {
        var lower = new List<PodEntry>();
        for (var other = nodes.FirstPod[slot]; other is not null; other = other.NextOnNode)
        {
            if (other.Priority < pod.Priority) lower.Add(other);
        }
        if (lower.Count == 0)
        {
            reasons[NoVictims] = reasons.GetValueOrDefault(NoVictims) + 1;
            return null;
        }

        var node = nodes.Records[slot]!.Name;
        var held = lower.ToDictionary(other => other, other => other.Devices);
        var mark = state.BeginWhatIf();
        foreach (var other in lower) state.Move(other, "", assumed: false);
        if (!Fits(pod, slot))
        {
            foreach (var text in explainer.Texts(pod, slot)) reasons[text] = reasons.GetValueOrDefault(text) + 1;
            state.Rollback(mark);
            return null;
        }

        lower.Sort(MoreImportantFirst);
        var (violating, others) = SplitByBudgets(lower);
        var victims = new List<PodEntry>();
        foreach (var other in violating) Reprieve(other);
        var violations = victims.Count;
        foreach (var other in others) Reprieve(other);
        state.Rollback(mark);
        victims.Sort(MoreImportantFirst);
        return new PreemptionCandidate(slot, victims, violations);

        void Reprieve(PodEntry other)
        {
            state.Move(other, node, assumed: false, held[other]);
            if (Fits(pod, slot)) return;
            state.Move(other, "", assumed: false);
            victims.Add(other);
        }
    }

    private bool Fits(PodEntry pod, int slot) => checks.Fits(pod, slot) && placer.FitsBesideNominated(pod, slot);

    /// <summary>Higher priority first; among equals the one that has run longer.</summary>
    internal static int MoreImportantFirst(PodEntry a, PodEntry b)
    {
        var order = b.Priority.CompareTo(a.Priority);
        if (order == 0) order = StartOf(a).CompareTo(StartOf(b));
        return order == 0 ? a.Key.CompareTo(b.Key) : order;
    }

    private static DateTimeOffset StartOf(PodEntry pod) => pod.Record.StartedAt ?? DateTimeOffset.MaxValue;

    private (List<PodEntry> Violating, List<PodEntry> Others) SplitByBudgets(List<PodEntry> sorted)
    {
        var left = Budgets.Select(budget => budget.DisruptionsAllowed).ToArray();
        List<PodEntry> violating = [], others = [];
        foreach (var pod in sorted)
        {
            var violates = false;
            for (var i = 0; i < left.Length; i++)
            {
                var budget = Budgets[i];
                if (budget.Namespace != pod.Key.Namespace || pod.Labels.Labels.Count == 0
                    || budget.Selector.Requirements.IsEmpty || !budget.Selector.Matches(pod.Labels.Labels)) continue;
                if (--left[i] < 0) violates = true;
            }
            (violates ? violating : others).Add(pod);
        }
        return (violating, others);
    }

    // Each criterion decides only among those that the ones before left equal; node order decides last.
    private static PreemptionCandidate Choose(List<PreemptionCandidate> candidates)
    {
        Keep(candidate => candidate.BudgetViolations);
        Keep(candidate => candidate.Victims.Count == 0 ? long.MinValue : candidate.Victims[0].Priority);
        Keep(candidate => candidate.Victims.Sum(victim => victim.Priority + (long)int.MaxValue + 1));
        Keep(candidate => candidate.Victims.Count);

        // The latest start among each node's most important victims: the work lost is the youngest.
        Keep(candidate => -EarliestStart(candidate));
        return candidates[0];

        void Keep(Func<PreemptionCandidate, long> cost)
        {
            if (candidates.Count == 1) return;
            var least = candidates.Min(cost);
            candidates = [.. candidates.Where(candidate => cost(candidate) == least)];
        }
    }

    private static long EarliestStart(PreemptionCandidate candidate)
    {
        if (candidate.Victims.Count == 0) return 0;
        var highest = candidate.Victims[0].Priority;
        return candidate.Victims.Where(victim => victim.Priority == highest).Min(victim => StartOf(victim).UtcTicks);
    }
}
