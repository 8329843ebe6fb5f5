using System.Text.Json.Nodes;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Compares a recorded watch with a replayed one by event types and objects.</summary>
internal static class WatchComparison
{
    public static string? Difference(Exchange recorded, int status, List<JsonObject> events)
    {
        if (status != recorded.Status) return $"watch status {status}, wanted {recorded.Status}";
        var wanted = Told(recorded.Json["events"]!.AsArray().Select(e => e!["event"]!.AsObject()));
        var actual = Told(events);
        return Normal.Difference(wanted, actual);
    }

    private static JsonArray Told(IEnumerable<JsonObject> events)
    {
        var told = new JsonArray();
        foreach (var one in events)
        {
            // Bookmarks come by the clock, not by what happened; the one that ends the initial list does count.
            var isEnd = one["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"] is not null;
            if ((string?)one["type"] == "BOOKMARK" && !isEnd) continue;
            // Controllers of a whole cluster put this map into every namespace.
            if ((string?)one["object"]?["metadata"]?["name"] == "kube-root-ca.crt") continue;
            told.Add(Normal.Form(one));
        }
        return told;
    }
}
