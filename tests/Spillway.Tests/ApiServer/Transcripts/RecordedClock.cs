using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>
/// The clock of the recording: it goes forward to the time an exchange was recorded at. A server lists managed fields by
/// the second they were written in, and counts grace periods from it, so the replay has to write in the same seconds.
/// Timers run by the wall clock.
/// </summary>
internal sealed class RecordedClock : TimeProvider
{
    private readonly Dictionary<string, DateTimeOffset> _times = new(StringComparer.Ordinal);
    private long _ticks;

    /// <summary>Starts at the first time that the exchanges tell.</summary>
    public RecordedClock(IReadOnlyList<Exchange> exchanges)
    {
        DateTimeOffset? next = null;
        foreach (var exchange in exchanges.Reverse())
        {
            var told = Told(exchange);
            if (told is { } time) _times[exchange.Id] = time;
            // A write whose answer tells no time is seen in the next answer that does.
            else if (next is { } seen && exchange is { Method: not "GET", Status: < 300 }) _times[exchange.Id] = seen;
            next = told ?? next;
        }
        _ticks = (next ?? System.GetUtcNow()).UtcTicks;
    }

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    /// <summary>Goes to the time of an exchange; never back.</summary>
    public void Follow(Exchange exchange)
    {
        if (_times.TryGetValue(exchange.Id, out var now) && now > GetUtcNow())
            Interlocked.Exchange(ref _ticks, now.UtcTicks);
    }

    private static DateTimeOffset? Told(Exchange exchange)
    {
        if (exchange.IsWatch || exchange.Status >= 300 || exchange.ResponseBody is not JsonObject body) return null;
        var latest = Latest(body["metadata"] as JsonObject);
        foreach (var item in body["items"] as JsonArray ?? [])
        {
            var time = Latest(item?["metadata"] as JsonObject);
            if (latest is null || time > latest) latest = time;
        }
        return latest;
    }

    private static DateTimeOffset? Latest(JsonObject? metadata)
    {
        if (metadata is null) return null;
        List<DateTimeOffset?> times = [Time(metadata["creationTimestamp"])];
        foreach (var entry in metadata["managedFields"] as JsonArray ?? []) times.Add(Time(entry?["time"]));
        if (Time(metadata["deletionTimestamp"]) is { } end)
            times.Add(end - TimeSpan.FromSeconds((long?)metadata["deletionGracePeriodSeconds"] ?? 0));
        return times.Max();
    }

    private static DateTimeOffset? Time(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time : null;
}
