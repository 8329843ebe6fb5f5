using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Yaml;

namespace Spillway.Cli.Output;

/// <summary>The value of <c>-o</c>.</summary>
internal enum OutputFormat
{
    Table,
    Json,
    Yaml,
}

/// <summary>The <c>-o</c> option and the writing of results under it.</summary>
internal static class OutputOption
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Option<OutputFormat> Create() => new("--output", "-o")
    {
        Description = "How the result is printed: table, json or yaml",
        DefaultValueFactory = _ => OutputFormat.Table,
        HelpName = "table|json|yaml",
    };

    /// <summary>Writes <paramref name="result"/> as the format says; the table is drawn by <paramref name="table"/>.</summary>
    public static void Write(Terminal terminal, OutputFormat format, JsonNode result, Action table)
    {
        switch (format)
        {
            case OutputFormat.Json:
                WriteJson(terminal, result);
                break;
            case OutputFormat.Yaml:
                terminal.Out.Write(YamlWriter.From(result));
                break;
            default:
                table();
                break;
        }
    }

    public static void WriteJson(Terminal terminal, JsonNode result) =>
        terminal.Out.WriteLine(result.ToJsonString(Indented));
}
