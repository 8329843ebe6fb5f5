using System.Buffers;
using System.CommandLine;
using System.Text;
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
    private const int FlushAt = 1 << 16;

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

    /// <summary>The same for a result that is written piece by piece; YAML, which nobody asks of large ones, is not.</summary>
    public static void Write(
        Terminal terminal, OutputFormat format, Action<Utf8JsonWriter, Action> write, Action table)
    {
        if (format == OutputFormat.Table)
        {
            table();
            return;
        }
        var bytes = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions
        {
            Indented = format == OutputFormat.Json, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        write(writer, () =>
        {
            if (format == OutputFormat.Json && writer.BytesPending > FlushAt) Flush();
        });
        Flush();
        if (format == OutputFormat.Json) terminal.Out.WriteLine();

        // The writer hands over whole tokens, so no character is cut.
        void Flush()
        {
            writer.Flush();
            if (format == OutputFormat.Json) terminal.Out.Write(Encoding.UTF8.GetString(bytes.WrittenSpan));
            else terminal.Out.Write(YamlWriter.From(JsonNode.Parse(bytes.WrittenSpan)!));
            bytes.ResetWrittenCount();
        }
    }

    public static void WriteJson(Terminal terminal, JsonNode result) =>
        terminal.Out.WriteLine(result.ToJsonString(Indented));
}
