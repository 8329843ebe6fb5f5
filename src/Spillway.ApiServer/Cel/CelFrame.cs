namespace Spillway.ApiServer.Cel;

/// <summary>
/// Bounds the work of an expression. The real server counts cost units; here every evaluated node is one, with the same
/// limits, so that no rule can hold up a write for long.
/// </summary>
internal sealed class CelBudget(long steps)
{
    /// <summary>A rule's share, and that of all rules of one object (the real server's figures).</summary>
    public const long PerCall = 1_000_000, PerObject = 10_000_000;

    public long Left { get; private set; } = steps;

    public void Spend(long steps = 1)
    {
        if ((Left -= steps) < 0) throw new CelBudgetException();
    }
}

/// <summary>The budget is spent.</summary>
internal sealed class CelBudgetException() : Exception("operation cancelled: actual cost limit exceeded");

/// <summary>Variables in scope: one a frame, or the outermost one's table.</summary>
internal sealed class CelFrame
{
    private readonly string? _name;
    private readonly object? _value;
    private readonly Func<string, (bool Found, object? Value)>? _variables;

    public CelFrame(CelBudget budget, Func<string, (bool Found, object? Value)> variables)
    {
        Budget = budget;
        _variables = variables;
    }

    public CelFrame(CelFrame parent, string name, object? value)
    {
        Parent = parent;
        Budget = parent.Budget;
        _name = name;
        _value = value;
    }

    public CelFrame? Parent { get; }

    public CelBudget Budget { get; }

    public void Spend(long steps = 1) => Budget.Spend(steps);

    public bool TryGet(string name, out object? value)
    {
        if (_variables is not null)
        {
            (var found, value) = _variables(name);
            return found;
        }

        value = _value;
        return string.Equals(_name, name, StringComparison.Ordinal);
    }
}
