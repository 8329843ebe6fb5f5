using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile;

namespace Spillway.Core.Tests;

public sealed class ClusterFileReferenceTests
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public void Reference_page_says_what_the_reader_reads() =>
        Golden.Check(Page("cluster-file.md"), ClusterFileReference.Markdown());

    [Fact]
    public void Schema_for_editors_says_what_the_reader_reads() =>
        Golden.Check(Page("spillway.schema.json"), ClusterFileReference.JsonSchema().ToJsonString(Readable) + "\n");

    [Fact]
    public void Every_diagnostic_is_explained() =>
        Golden.Check(Page("diagnostics.md"), ClusterFileReference.DiagnosticsMarkdown());

    [Fact]
    public void Every_code_has_one_row_and_every_row_a_code()
    {
        var constants = typeof(DiagnosticCodes).GetFields()
            .Where(field => field.IsLiteral)
            .Select(field => (string)field.GetRawConstantValue()!)
            .Order(StringComparer.Ordinal);

        DiagnosticCodes.All.Select(rule => rule.Code).ShouldBe(constants, ignoreOrder: false);
    }

    [Fact]
    public void Every_reference_of_the_schema_has_a_definition()
    {
        var schema = ClusterFileReference.JsonSchema();
        var definitions = schema["$defs"]!.AsObject();

        foreach (var reference in References(schema))
            definitions.ContainsKey(reference["#/$defs/".Length..]).ShouldBeTrue(reference);
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject item => item.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : References(pair.Value)),
        JsonArray items => items.SelectMany(References),
        _ => [],
    };

    private static string Page(string name) => Path.Combine(Golden.Repository, "docs", "reference", name);
}
