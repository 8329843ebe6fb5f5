namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Recorded exchanges with a real API server are replayed; the share that is answered alike may only grow.</summary>
public sealed class TranscriptTests(ITestOutputHelper output)
{
    // Percent of the reproducible exchanges of each file. Raise these when the server gets better, never lower them.
    private static readonly Dictionary<string, int> s_floors = new(StringComparer.Ordinal)
    {
        ["01-discovery-auth"] = 98,
        ["02-configmaps-crud"] = 90,
        ["03-watch"] = 75,
        ["05-pods"] = 70,
        ["07-crds"] = 80,
    };

    [Fact]
    public async Task Recorded_exchanges_are_answered_alike()
    {
        var folder = SharedFiles.Find("data/transcripts");
        if (folder is null) Assert.Skip("the shared transcripts are not beside this repository (set SPILLWAY_SHARED)");
        var board = await TranscriptRun.ReplayAsync(folder);
        output.WriteLine(board.ToString());
        foreach (var (file, floor) in s_floors) board.Percent(file).ShouldBeGreaterThanOrEqualTo(floor, file);
    }
}
