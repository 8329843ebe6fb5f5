using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Registry;

/// <summary>What the server itself writes into an object's metadata.</summary>
internal static class ObjectMeta
{
    // Fields a client can never set by an update.
    private static readonly string[] s_kept =
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    public static string Time(DateTimeOffset now) => now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ");

    /// <summary>Stamps a new object; the name must be there or be generated from generateName.</summary>
    public static void StampNew(JsonObject item, string uid, DateTimeOffset now)
    {
        var metadata = item.Ensure("metadata");
        // A generation sent by the client stays with kinds that do not count generations: as odd as the real server.
        foreach (var name in s_kept)
            if (name != "generation") metadata.Remove(name);
        metadata.Remove("resourceVersion");
        metadata.Remove("selfLink");
        metadata["uid"] = uid;
        metadata["creationTimestamp"] = Time(now);
    }

    /// <summary>Puts back what an update must not change.</summary>
    public static void KeepSystemFields(JsonObject item, JsonObject old)
    {
        var metadata = item.Ensure("metadata");
        var before = old.Ensure("metadata");
        foreach (var name in s_kept) Copy(before, metadata, name);
        metadata.Remove("selfLink");
        metadata.Remove("resourceVersion");
        if (before.Text("generateName") is { } prefix && metadata["generateName"] is null)
            metadata["generateName"] = prefix;
    }

    public static void Copy(JsonObject from, JsonObject to, string name)
    {
        if (from.TryGetPropertyValue(name, out var value) && value is not null) to[name] = value.DeepClone();
        else to.Remove(name);
    }

    public static bool IsTerminating(JsonObject item) => item.Map("metadata")?["deletionTimestamp"] is not null;

    public static bool HasFinalizers(JsonObject item) => item.Map("metadata")?.List("finalizers") is { Count: > 0 };

    public static long Grace(JsonObject item) => item.Map("metadata")?.Number("deletionGracePeriodSeconds") ?? 0;

    /// <summary>When the object is to be gone; only for one that is terminating.</summary>
    public static DateTimeOffset DeletionTime(JsonObject item) => DateTimeOffset.Parse(
        item.Map("metadata")?.Text("deletionTimestamp") ?? "", CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal);

    public static long Generation(JsonObject item) => item.Map("metadata")?.Number("generation") ?? 0;
}
