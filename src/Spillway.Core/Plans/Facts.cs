namespace Spillway.Core.Plans;

/// <summary>Collects the facts of one item; what is not known is left out.</summary>
internal sealed class Facts
{
    private readonly List<PlanFact> facts = [];

    public IReadOnlyList<PlanFact> List => facts;

    public Facts Add(string key, object? value)
    {
        if (value?.ToString() is { Length: > 0 } text)
            facts.Add(new PlanFact(key, text));
        return this;
    }
}
