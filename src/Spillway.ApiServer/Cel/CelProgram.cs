namespace Spillway.ApiServer.Cel;

/// <summary>A compiled expression.</summary>
internal sealed class CelProgram
{
    private CelProgram(string source, CelExpr root, CelType type, IReadOnlySet<string> names)
    {
        Source = source;
        Root = root;
        Type = type;
        Names = names;
    }

    public string Source { get; }

    public CelExpr Root { get; }

    /// <summary>What it evaluates to, as far as that is known beforehand.</summary>
    public CelType Type { get; }

    /// <summary>The outer variables it uses.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Compiles against the types of the variables; the second value is the complaint when it does not.</summary>
    public static (CelProgram? Program, string? Error) Compile(string source, IReadOnlyDictionary<string,
        CelType> variables)
    {
        CelExpr root;
        try
        {
            root = CelParser.Parse(source);
        }
        catch (CelSyntaxException e)
        {
            return (null, CelComplaint.Print(source, e.Message, e.Offset));
        }

        var checker = new CelChecker(variables);
        var type = checker.Infer(root);
        if (checker.Complaints.Count == 0) return (new CelProgram(source, root, type, checker.Used), null);
        return (null, string.Join('\n',
            checker.Complaints.Select(c => CelComplaint.Print(source, c.Message, c.Offset))));
    }

    /// <summary>The value, or a <see cref="CelError"/>; a spent budget is thrown.</summary>
    public object? Evaluate(CelBudget budget, Func<string, (bool Found, object? Value)> variables) =>
        Root.Evaluate(new CelFrame(budget, variables));
}

/// <summary>Complaints with the line they are about and a mark below it, as the real compiler prints them.</summary>
internal static class CelComplaint
{
    public static string Print(string source, string message, int offset)
    {
        offset = Math.Clamp(offset, 0, source.Length);
        var lineStart = offset == 0 ? 0 : source.LastIndexOf('\n', offset - 1) + 1;
        var lineEnd = source.IndexOf('\n', lineStart);
        var line = source[lineStart..(lineEnd < 0 ? source.Length : lineEnd)];
        var number = source.AsSpan(0, lineStart).Count('\n') + 1;
        var column = offset - lineStart;
        return $"ERROR: <input>:{number}:{column + 1}: {message}\n | {line.Replace('\t', ' ')}\n | {new string('.', column)}^";
    }
}
