namespace Spillway.Core.ClusterFile;

/// <summary>Collects what is wrong. Bounded: a file with a million mistakes is answered with the first few hundred.</summary>
internal sealed class Problems
{
    private const int Most = 500;
    private readonly List<Diagnostic> found = [];
    private int dropped;

    public int Errors { get; private set; }

    public bool HasErrors => Errors > 0;

    /// <summary>Nothing more will be shown: no need to look for suggestions.</summary>
    public bool Full => found.Count >= Most;

    public void Error(string code, SourcePlace place, string message, string? suggestion = null) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Error, place, message, suggestion));

    public void Warning(string code, SourcePlace place, string message, string? suggestion = null) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Warning, place, message, suggestion));

    public void Info(string code, SourcePlace place, string message, string? suggestion = null) =>
        Add(new Diagnostic(code, DiagnosticSeverity.Info, place, message, suggestion));

    /// <summary>By file in the order given, then line and column; those without a place last.</summary>
    public IReadOnlyList<Diagnostic> Sorted(IReadOnlyList<SourceFile> files)
    {
        var order = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var file in files)
            order.TryAdd(file.Name, order.Count);
        var sorted = found
            .OrderBy(diagnostic => order.GetValueOrDefault(diagnostic.Place.File, int.MaxValue))
            .ThenBy(diagnostic => diagnostic.Place.Line)
            .ThenBy(diagnostic => diagnostic.Place.Column)
            .ToList();
        if (dropped > 0)
            sorted.Add(new Diagnostic(DiagnosticCodes.More,
                HasErrors ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning, SourcePlace.None,
                $"{dropped} more problems are not shown", "repair the first ones and check again"));
        return sorted;
    }

    public void Add(Diagnostic diagnostic)
    {
        Errors += diagnostic.IsError ? 1 : 0;
        if (found.Count < Most)
            found.Add(diagnostic);
        else
            dropped++;
    }
}
