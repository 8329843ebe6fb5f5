using System.Globalization;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Conditions in a definition's status.</summary>
internal static class DefinitionConditions
{
    public static bool IsTrue(JsonObject definition, string type) => Find(definition, type)?.Text("status") == "True";

    public static JsonObject? Find(JsonObject definition, string type)
    {
        foreach (var condition in definition.Map("status")?.Objects("conditions") ?? [])
        {
            if (condition.Text("type") == type) return condition;
        }

        return null;
    }

    /// <summary>Sets a condition; its transition time moves only when the status does.</summary>
    public static void Set(
        JsonObject definition, string type, string status, string reason, string message, DateTimeOffset now)
    {
        var conditions = definition.Ensure("status").EnsureList("conditions");
        var existing = Find(definition, type);
        var since = existing is not null && existing.Text("status") == status
            ? existing["lastTransitionTime"]?.DeepClone()
            : Time(now);
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = status,
            ["lastTransitionTime"] = since,
            ["reason"] = reason,
            ["message"] = message,
        };
        if (existing is null) conditions.Add(condition);
        else conditions[conditions.IndexOf(existing)] = condition;
    }

    public static string Time(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static void Remove(JsonObject definition, string type)
    {
        if (Find(definition, type) is { } condition)
            definition.Map("status")?.List("conditions")?.Remove(condition);
    }
}
