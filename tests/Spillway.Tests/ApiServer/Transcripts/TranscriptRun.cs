namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Replays all files in order on one fresh server, as they were recorded.</summary>
internal static class TranscriptRun
{
    public static async Task<Scoreboard> ReplayAsync(string folder)
    {
        var stable = new HashSet<string>(
            await File.ReadAllLinesAsync(Path.Combine(folder, "stable.txt")), StringComparer.Ordinal);
        var board = new Scoreboard();
        List<List<Exchange>> files =
            [.. Directory.GetFiles(folder, "*.jsonl").Order(StringComparer.Ordinal).Select(Exchange.Read)];
        List<Exchange> all = [.. files.SelectMany(f => f)];
        await using var replay = await Replay.StartAsync(new RecordedClock(all));
        var unrecorded = new Unrecorded(replay.Server.Transport("unknown"), all);
        foreach (var file in files)
        {
            await unrecorded.PlaceNodesAsync(file);
            await ReplayFileAsync(replay, file, unrecorded, stable, board);
        }
        return board;
    }

    private static async Task ReplayFileAsync(
        Replay replay, List<Exchange> exchanges, Unrecorded unrecorded, HashSet<string> stable, Scoreboard board)
    {
        var during = new List<Exchange>();
        foreach (var exchange in exchanges)
        {
            if (exchange.IsDuringWatch)
            {
                during.Add(exchange);
                continue;
            }
            if (!exchange.IsWatch)
            {
                await unrecorded.PlaceListedAsync(exchange);
                var difference = await replay.SendAsync(exchange);
                if (stable.Contains(exchange.Id)) board.Note(exchange, difference);
                continue;
            }
            await WatchAsync(replay, exchange, during, stable, board);
            during.Clear();
        }
    }

    private static async Task WatchAsync(
        Replay replay, Exchange watch, List<Exchange> during, HashSet<string> stable, Scoreboard board)
    {
        var wait = watch.Path.Contains("timeoutSeconds=75");
        // A bookmark a minute is not worth a minute of every test run; a shorter test holds the bookmarks.
        if (wait) return;
        var (status, events) = await replay.WatchAsync(watch, async () =>
        {
            foreach (var exchange in during)
            {
                var difference = await replay.SendAsync(exchange);
                if (stable.Contains(exchange.Id)) board.Note(exchange, difference);
            }
        });
        board.Note(watch, WatchComparison.Difference(watch, status, events));
    }
}
