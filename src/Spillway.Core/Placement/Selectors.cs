namespace Spillway.Core.Placement;

public enum SelectorOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

/// <summary>One expression over labels or node fields.</summary>
public sealed record LabelRequirement(string Key, SelectorOperator Operator, ValueList<string> Values)
{
    /// <summary>Whether a set of labels meets the expression, as apimachinery's `labels.Requirement` does.</summary>
    public bool Matches(LabelMap labels)
    {
        var has = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            SelectorOperator.In => has && Contains(value!),
            SelectorOperator.NotIn => !has || !Contains(value!),
            SelectorOperator.Exists => has,
            SelectorOperator.DoesNotExist => !has,
            SelectorOperator.Gt => has && Compare(value!, out var order) && order > 0,
            SelectorOperator.Lt => has && Compare(value!, out var order) && order < 0,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    internal bool Contains(string value)
    {
        foreach (var candidate in Values)
        {
            if (candidate == value) return true;
        }
        return false;
    }

    private bool Compare(string value, out int order)
    {
        order = 0;
        if (Values.Count != 1 || !long.TryParse(value, out var actual) || !long.TryParse(Values[0], out var bound))
            return false;
        order = actual.CompareTo(bound);
        return true;
    }
}

/// <summary>A selector over pod or namespace labels. <see cref="Nothing"/> matches none, <see cref="Everything"/> all.</summary>
public sealed record LabelSelector(ValueList<LabelRequirement> Requirements, bool MatchesNothing = false)
{
    public static LabelSelector Nothing { get; } = new([], MatchesNothing: true);

    public static LabelSelector Everything { get; } = new([]);

    public static LabelSelector ForLabels(params (string Key, string Value)[] labels) => new(
        labels.Select(label => new LabelRequirement(label.Key, SelectorOperator.In, [label.Value])).ToValueList());

    public bool Matches(LabelMap labels)
    {
        if (MatchesNothing) return false;
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels)) return false;
        }
        return true;
    }
}

/// <summary>A node selector term: all expressions over labels and all over fields must hold. An empty term matches no node.</summary>
public sealed record NodeSelectorTerm(ValueList<LabelRequirement> Expressions, ValueList<LabelRequirement> Fields)
{
    public bool IsEmpty => Expressions.IsEmpty && Fields.IsEmpty;
}

public sealed record PreferredNodeTerm(int Weight, NodeSelectorTerm Term);
