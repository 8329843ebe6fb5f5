namespace Spillway.Core.Placement.Engine;

internal enum OwnedKind
{
    Repelling,
    Preferring,
}

/// <summary>Finds what the classes that are left still use, and drops the rest from the tables.</summary>
internal static class ClassSweep
{
    public static void Run(
        IEnumerable<PodClass> classes,
        Dictionary<(MatcherKey, string, EligibilityKey), DomainCounter> counters,
        Dictionary<(MatcherKey, string, OwnedKind), OwnedTerm> owned,
        Dictionary<MatcherKey, PodMatcher> matchers,
        Dictionary<StaticRuleKey, StaticRule> rules,
        HashSet<StaticRule> pinned)
    {
        var usedRules = new HashSet<StaticRule>(pinned);
        var usedTerms = new HashSet<OwnedTerm>();
        foreach (var counter in counters.Values) counter.InUse = false;
        foreach (var podClass in classes)
        {
            usedRules.Add(podClass.Rule);
            foreach (var (term, _) in podClass.Owned) usedTerms.Add(term);
            foreach (var counter in CountersOf(podClass)) counter.InUse = true;
        }
        foreach (var (key, counter) in counters)
        {
            if (!counter.InUse) counters.Remove(key);
            else if (counter.Rule is { } rule) usedRules.Add(rule);
        }
        foreach (var (key, term) in owned)
        {
            if (!usedTerms.Contains(term)) owned.Remove(key);
        }
        foreach (var (key, rule) in rules)
        {
            if (!usedRules.Contains(rule)) rules.Remove(key);
        }
        foreach (var (key, matcher) in matchers)
        {
            matcher.Counters.RemoveAll(counter => !counter.InUse);
            matcher.Repelling.RemoveAll(term => !usedTerms.Contains(term));
            matcher.Preferring.RemoveAll(term => !usedTerms.Contains(term));
            if (matcher.Counters.Count + matcher.Repelling.Count + matcher.Preferring.Count == 0) matchers.Remove(key);
        }
    }

    private static IEnumerable<DomainCounter> CountersOf(PodClass podClass) =>
        podClass.HardSpread.Select(spread => spread.Counter)
            .Concat(podClass.SoftSpread.Select(spread => spread.Counter))
            .Concat(podClass.Affinity)
            .Concat(podClass.AntiAffinity)
            .Concat(podClass.Preferred.Select(preferred => preferred.Counter));
}
