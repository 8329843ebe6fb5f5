using System.Text.RegularExpressions;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Recorded exchanges with a real API server are replayed; the share that is answered alike may only grow.</summary>
public sealed partial class TranscriptTests(ITestOutputHelper output)
{
    // Percent of the reproducible exchanges and the watches of each file. Raise these, never lower them.
    private static readonly Dictionary<string, int> s_floors = new(StringComparer.Ordinal)
    {
        ["01-discovery-auth"] = 100,
        ["02-configmaps-crud"] = 97,
        ["03-watch"] = 97,
        ["05-pods"] = 98,
        ["07-crds"] = 98,
    };

    [Fact]
    public async Task Recorded_exchanges_are_answered_alike_but_for_those_the_docs_list()
    {
        var folder = SharedFiles.Find("data/transcripts");
        if (folder is null) Assert.Skip("the shared transcripts are not beside this repository (set SPILLWAY_SHARED)");
        var board = await TranscriptRun.ReplayAsync(folder);
        output.WriteLine(board.ToString());
        foreach (var (file, floor) in s_floors) board.Percent(file).ShouldBeGreaterThanOrEqualTo(floor, file);
        var known = s_floors.Keys;
        board.Missed.Where(id => known.Contains(id.Split('#')[0])).Order(StringComparer.Ordinal)
            .ShouldBe(Listed().Order(StringComparer.Ordinal));
    }

    /// <summary>The exchanges that docs/reference/api-server.md names with a reason.</summary>
    private static IEnumerable<string> Listed()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Spillway.slnx")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("Spillway.slnx is in no parent folder");
        var page = File.ReadAllText(Path.Combine(folder.FullName, "docs", "reference", "api-server.md"));
        return ExchangeId().Matches(page).Select(m => m.Value);
    }

    [GeneratedRegex(@"\b\d\d-[a-z-]+#\d+\b")]
    private static partial Regex ExchangeId();
}
