using Spillway.Core.Placement;

namespace Spillway.Core.Consolidation;

/// <summary>Which disruption budgets protect a pod, and what they allow at this moment.</summary>
internal sealed class BudgetBook
{
    private readonly Dictionary<string, List<DisruptionBudgetRecord>> _byNamespace = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, LabelMap Labels), DisruptionBudgetRecord[]> _known = [];

    public BudgetBook(IReadOnlyList<DisruptionBudgetRecord> budgets)
    {
        foreach (var budget in budgets.OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            if (!_byNamespace.TryGetValue(budget.Namespace, out var list))
                _byNamespace.Add(budget.Namespace, list = []);
            list.Add(budget);
        }
    }

    public IReadOnlyList<DisruptionBudgetRecord> Of(PodRecord pod)
    {
        if (!_byNamespace.TryGetValue(pod.Key.Namespace, out var budgets)) return [];
        if (_known.TryGetValue((pod.Key.Namespace, pod.Labels), out var found)) return found;
        found = [.. budgets.Where(budget => budget.Selector.Matches(pod.Labels))];
        _known.Add((pod.Key.Namespace, pod.Labels), found);
        return found;
    }

    /// <summary>Why the pod cannot be evicted at all now, as a clause; null when it can.</summary>
    public string? Forbids(PodRecord pod)
    {
        var budgets = Of(pod);
        if (budgets.Count > 1)
        {
            return $"{pod.Key} is under {budgets.Count} disruption budgets ({budgets[0].Name}, {budgets[1].Name}), "
                + "and Kubernetes evicts no such pod";
        }
        return budgets.Count == 1 && budgets[0].DisruptionsAllowed <= 0
            ? $"disruption budget {budgets[0].Name} allows no eviction of {pod.Key} now"
            : null;
    }

    /// <summary>A new count of pods that go together.</summary>
    public Count Start() => new(this);

    /// <summary>Pods that go together, held against their budgets.</summary>
    internal sealed class Count(BudgetBook book)
    {
        private readonly Dictionary<DisruptionBudgetRecord, int> _taken = [];
        private bool _any;
        private bool _full;

        /// <summary>
        /// Whether the pods of one more node may go along. A node on its own may even when it has more pods of a budget than
        /// go at one time: they are evicted one after the other, as the budget allows.
        /// </summary>
        public bool Allows(IReadOnlyList<PodRecord> pods) => !_full && (!_any || !Exceeds(pods));

        public void Take(IReadOnlyList<PodRecord> pods)
        {
            (_any, _full) = (true, Exceeds(pods));
            foreach (var (budget, count) in Counts(pods)) _taken[budget] = _taken.GetValueOrDefault(budget) + count;
        }

        private bool Exceeds(IReadOnlyList<PodRecord> pods) => Counts(pods).Any(
            pair => _taken.GetValueOrDefault(pair.Key) + pair.Value > pair.Key.DisruptionsAllowed);

        private Dictionary<DisruptionBudgetRecord, int> Counts(IReadOnlyList<PodRecord> pods)
        {
            var counts = new Dictionary<DisruptionBudgetRecord, int>();
            foreach (var pod in pods)
            {
                foreach (var budget in book.Of(pod)) counts[budget] = counts.GetValueOrDefault(budget) + 1;
            }
            return counts;
        }
    }
}
