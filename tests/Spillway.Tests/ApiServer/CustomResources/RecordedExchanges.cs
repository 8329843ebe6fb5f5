using System.Text.Json.Nodes;

namespace Spillway.Tests.ApiServer.CustomResources;

/// <summary>Recorded exchanges of one file by sequence number; skips the test when the recordings are not here.</summary>
internal sealed class RecordedExchanges
{
    private readonly Dictionary<int, JsonObject> _bySequence = [];

    public static RecordedExchanges Load(string file)
    {
        var path = Path.Combine(Shared(), "data", "transcripts", file + ".jsonl");
        Assert.SkipUnless(File.Exists(path), $"{path} is not here: set SPILLWAY_SHARED to the folder that has it");
        var recorded = new RecordedExchanges();
        foreach (var line in File.ReadLines(path))
        {
            var exchange = (JsonObject)JsonNode.Parse(line)!;
            recorded._bySequence[(int)exchange["seq"]!] = exchange;
        }

        return recorded;
    }

    public JsonObject Request(int sequence) => _bySequence[sequence]["requestBody"] is JsonObject body
        ? (JsonObject)body.DeepClone()
        : throw new InvalidOperationException($"exchange {sequence} has no JSON object as its body");

    public JsonObject Whole(int sequence) => _bySequence[sequence];

    public JsonObject Response(int sequence) => (JsonObject)_bySequence[sequence]["responseBody"]!.DeepClone();

    /// <summary>reason, field and message of every recorded cause.</summary>
    public List<string> Causes(int sequence) =>
        [.. Response(sequence)["details"]!["causes"]!.AsArray()
            .Select(c => $"{c!["reason"]} {c["field"]}: {c["message"]}")];

    private static string Shared()
    {
        if (Environment.GetEnvironmentVariable("SPILLWAY_SHARED") is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(Path.Combine(candidate, "data", "transcripts"))) return candidate;
        }

        return "shared";
    }
}
