using System.Text;
using System.Text.Json.Nodes;
using Spillway.Core.ClusterFile.Shapes;

namespace Spillway.Core.ClusterFile;

/// <summary>What the file may say, for editors and readers, from the same description that reads it.</summary>
public static class ClusterFileReference
{
    /// <summary>JSON Schema (2020-12) of a document: <c>spillway.schema.json</c>.</summary>
    public static JsonObject JsonSchema()
    {
        var definitions = new JsonObject();
        foreach (var outline in Outlines())
            definitions[outline.Name] = Definition(outline);
        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Spillway documents",
            ["oneOf"] = new JsonArray(
                Document("Cluster", Reference("Cluster")),
                Document("Accelerator", Reference("Accelerator")),
                Document(["Workspace", "App", "Filler", "Benchmark", "ClusterTemplate"])),
            ["$defs"] = definitions,
        };
    }

    /// <summary>docs/reference/cluster-file.md.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder();
        text.Append("""
            # The cluster file

            YAML documents with `apiVersion: spillway.dev/v1`, a `kind`, `metadata: {name: …}` and a `spec`. One of
            them has `kind: Cluster`; an `Accelerator` names a function in hardware. `Workspace`, `App`, `Filler`,
            `Benchmark` and `ClusterTemplate` documents are stored as written; nothing acts on them yet. Plain
            Kubernetes objects beside them are the workload. Messages about mistakes are explained in
            [diagnostics.md](diagnostics.md); prices come from [the price table](prices.md). This page is made from the
            code that reads the file, and so is [spillway.schema.json](spillway.schema.json), which editors understand:

            ```yaml
            # yaml-language-server: $schema=spillway.schema.json
            ```

            Durations are written `90s`, `5m`, `1h30m`, `2d`, `4y` (a year has 365 days), quantities as in Kubernetes,
            money as `50 USD`, prices as `1.65 USD/h` or `150 USD/month` (730 hours). Switches are `on` or `off`.

            """.ReplaceLineEndings("\n"));
        foreach (var outline in Outlines())
            AppendObject(text, outline);
        return text.ToString();
    }

    /// <summary>docs/reference/diagnostics.md.</summary>
    public static string DiagnosticsMarkdown()
    {
        var text = new StringBuilder();
        text.Append("# Messages about files\n\n");
        text.Append("`spillway check` reports everything that is wrong in one go, as ");
        text.Append("`file:line:column: severity code: what is wrong (what to write)`. Columns count characters from 1. ");
        text.Append("Errors stop; warnings and notes do not.\n\n");
        text.Append("| Code | What it says | Way out |\n| --- | --- | --- |\n");
        foreach (var rule in DiagnosticCodes.All)
            text.Append($"| {rule.Code} | {rule.Title} | {rule.WayOut} |\n");
        return text.ToString();
    }

    private static IEnumerable<ObjectOutline> Outlines()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return ClusterShapes.Cluster.Objects().Concat(ClusterShapes.Accelerator.Objects())
            .Where(outline => seen.Add(outline.Name));
    }

    private static void AppendObject(StringBuilder text, ObjectOutline outline)
    {
        text.Append($"\n## {outline.Name}\n\n{outline.Doc}");
        text.Append(outline.ExactlyOne ? " Exactly one key is given.\n\n" : "\n\n");
        text.Append("| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
        foreach (var field in outline.Fields)
        {
            var inner = field.Shape.Objects().FirstOrDefault();
            var words = inner is null || field.Shape.Words.StartsWith('[')
                ? field.Shape.Words
                : $"{field.Shape.Words} ([{inner.Name}](#{inner.Name.ToLowerInvariant()}))";
            var fallback = field.Required ? "**required**" : field.Default ?? "";
            text.Append($"| `{field.Key}` | {words} | {fallback} | {field.Doc} |\n");
        }
    }

    private static JsonObject Definition(ObjectOutline outline)
    {
        var properties = new JsonObject();
        foreach (var field in outline.Fields)
        {
            var schema = field.Shape.Schema();
            schema["description"] = field.Default is null ? field.Doc : $"{field.Doc} Default: {field.Default}.";
            properties[field.Key] = schema;
        }

        var definition = new JsonObject
        {
            ["type"] = "object",
            ["description"] = outline.Doc,
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        var required = outline.Fields.Where(field => field.Required).Select(field => (JsonNode)field.Key).ToArray();
        if (required.Length > 0)
            definition["required"] = new JsonArray(required);
        if (outline.ExactlyOne)
        {
            definition["minProperties"] = 1;
            definition["maxProperties"] = 1;
        }

        return definition;
    }

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/$defs/{name}" };

    private static JsonObject Document(string kind, JsonObject spec)
    {
        var document = Document([kind]);
        document["properties"]!["spec"] = spec;
        return document;
    }

    private static JsonObject Document(string[] kinds) => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("apiVersion", "kind", "metadata"),
        ["properties"] = new JsonObject
        {
            ["apiVersion"] = new JsonObject { ["const"] = FileDocument.SpillwayApiVersion },
            ["kind"] = kinds is [var only]
                ? new JsonObject { ["const"] = only }
                : new JsonObject { ["enum"] = new JsonArray([.. kinds.Select(kind => (JsonNode)kind)]) },
            ["metadata"] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("name"),
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["type"] = "string" },
                    ["namespace"] = new JsonObject { ["type"] = "string" },
                    ["labels"] = new JsonObject { ["type"] = "object" },
                    ["annotations"] = new JsonObject { ["type"] = "object" },
                },
            },
            ["spec"] = new JsonObject { ["type"] = "object" },
        },
    };
}
