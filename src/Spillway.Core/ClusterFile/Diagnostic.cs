using System.Text;

namespace Spillway.Core.ClusterFile;

public enum DiagnosticSeverity
{
    Info,
    Warning,
    Error,
}

/// <summary>One finding about a file: what is wrong, where, and what to write instead.</summary>
/// <param name="Code"><c>SWnnnn</c>, explained in docs/reference/diagnostics.md.</param>
public sealed record Diagnostic(
    string Code, DiagnosticSeverity Severity, SourcePlace Place, string Message, string? Suggestion = null)
{
    public bool IsError => Severity == DiagnosticSeverity.Error;

    /// <summary><c>cluster.yaml:12:7: error SW1002: unknown key 'machine' … (did you mean 'machines'?)</c></summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Place.File.Length > 0)
            text.Append(Place).Append(": ");
        text.Append(Severity switch
        {
            DiagnosticSeverity.Error => "error",
            DiagnosticSeverity.Warning => "warning",
            _ => "info",
        });
        text.Append(' ').Append(Code).Append(": ").Append(Message);
        if (Suggestion is not null)
            text.Append(" (").Append(Suggestion).Append(')');
        return text.ToString();
    }
}
