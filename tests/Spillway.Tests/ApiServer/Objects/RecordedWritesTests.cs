using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Defaulting;
using Spillway.ApiServer.Patching;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Validation;

namespace Spillway.Tests.ApiServer.Objects;

/// <summary>
/// Feeds recorded writes to the pure functions and compares with what a real server answered. What admission and
/// controllers add between two recorded states is taken from the recording, so each write is judged for itself.
/// </summary>
public sealed class RecordedWritesTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 7, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("02-configmaps-crud.jsonl")]
    [InlineData("05-pods.jsonl")]
    public void Writes_end_as_the_real_server_ends_them(string file)
    {
        var states = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var wrong = new List<string>();
        var judged = 0;
        foreach (var exchange in Recordings.Read(file))
        {
            if (exchange["responseBody"] is not JsonObject answer || answer["metadata"]?["name"] is null) continue;
            var path = exchange["path"]!.GetValue<string>();
            if (Target.Of(path, answer) is not { } target) continue;
            var live = states.GetValueOrDefault(target.Key);
            if (!path.Contains("dryRun", StringComparison.Ordinal)) states[target.Key] = answer;
            try
            {
                if (Replay(exchange, target, live) is not { } result) continue;
                judged++;
                if (Differ(result, answer, exchange) is { } difference) wrong.Add($"#{exchange["seq"]} {difference}");
            }
            catch (Exception e) when (e is ApiFailure or InvalidOperationException)
            {
                wrong.Add($"#{exchange["seq"]} {e}");
            }
        }

        judged.ShouldBeGreaterThan(20);
        wrong.ShouldBeEmpty(string.Join("\n", wrong));
    }

    [Theory]
    [InlineData("02-configmaps-crud.jsonl")]
    [InlineData("05-pods.jsonl")]
    public void Refusals_have_the_real_causes(string file)
    {
        var states = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var wrong = new List<string>();
        var judged = 0;
        foreach (var exchange in Recordings.Read(file))
        {
            if (exchange["responseBody"] is not JsonObject answer) continue;
            var path = exchange["path"]!.GetValue<string>();
            if (answer["metadata"]?["name"] is not null && Target.Of(path, answer) is { } stored)
            {
                if (!path.Contains("dryRun", StringComparison.Ordinal)) states[stored.Key] = answer;
                continue;
            }
            if (exchange["status"]!.GetValue<int>() != 422 || Refused(exchange, answer, states) is not { } ours)
                continue;
            judged++;
            var theirs = answer["details"]!["causes"]!.AsArray()
                .Select(c => $"{c!["reason"]} {c["field"]}: {c["message"]!.GetValue<string>()}")
                .ToList();
            if (!ours.SequenceEqual(theirs))
                wrong.Add(
                    $"#{exchange["seq"]}\n  ours   {string.Join("\n         ", ours)}\n"
                    + $"  theirs {string.Join("\n         ", theirs)}");
        }

        judged.ShouldBeGreaterThan(5);
        wrong.ShouldBeEmpty(string.Join("\n", wrong));
    }

    private static List<string>? Refused(JsonObject exchange, JsonObject answer, Dictionary<string, JsonObject> states)
    {
        var kind = answer["details"]?["kind"]?.GetValue<string>();
        if (exchange["requestBody"] is not { } body || answer["details"]?["causes"] is null) return null;
        var type = TypeTable.Load().Resources.FirstOrDefault(r => r.Kind == kind && r.Verbs.Contains("update"));
        if (type is null) return null;
        var parts = exchange["path"]!.GetValue<string>().Split('?')[0].Split('/');
        var at = Array.LastIndexOf(parts, type.Resource);
        var subresource = at + 2 < parts.Length ? parts[at + 2] : "";
        // A resize is decided with the node; whether a status fits depends on a binding that no answer showed.
        if (subresource is "resize" or "status") return null;
        JsonObject item;
        JsonObject? live = null;
        if (exchange["method"]!.GetValue<string>() == "POST")
        {
            item = body.DeepClone().AsObject();
            if (type.Namespaced) item["metadata"]!["namespace"] = parts[at - 1];
            if (item["metadata"]!["generateName"] is { } prefix)
                item["metadata"]!["name"] = prefix.GetValue<string>()[..58] + "abcde";
        }
        else
        {
            live = states[$"{type.QualifiedResource}/{parts[at - 1]}/{parts[at + 1]}"];
            item = exchange["requestHeaders"]!["Content-Type"]!.GetValue<string>().Contains(
                "strategic", StringComparison.Ordinal)
                ? StrategicMergePatch.Apply(live, body, type.Schema)
                : MergePatch.Apply(live, body);
        }
        Defaults.Apply(type, item);
        return [.. ObjectValidation.Validate(type, item, live, subresource).Select(
            e => $"{e.Reason} {e.Field}: {e.Message}")];
    }

    private static JsonObject? Replay(JsonObject exchange, Target target, JsonObject? live)
    {
        var writer = new FieldWriter(target.Manager, target.Subresource);
        var body = exchange["requestBody"];
        var media = exchange["requestHeaders"]?["Content-Type"]?.GetValue<string>() ?? "";
        if (media == "application/apply-patch+yaml")
        {
            if (body!.GetValue<string>() is not ['{', ..] text) return null;
            var request = new ApplyRequest(JsonNode.Parse(text)!.AsObject(), writer, target.Force, s_now);
            var applied = ServerSideApply.Apply(target.Type, live, request);
            Defaults.Apply(target.Type, applied);
            return applied;
        }
        if (body is JsonValue) return null;
        JsonObject updated;
        switch (exchange["method"]!.GetValue<string>())
        {
            case "POST":
                live = null;
                updated = body!.DeepClone().AsObject();
                break;
            case "PUT" when live is not null: updated = body!.DeepClone().AsObject(); break;
            case "PATCH" when live is not null:
                updated = media switch
                {
                    "application/json-patch+json" => JsonPatch.Apply(live, body)!.AsObject(),
                    "application/merge-patch+json" => MergePatch.Apply(live, body),
                    _ => StrategicMergePatch.Apply(live, body, target.Type.Schema),
                };
                break;
            default: return null;
        }
        Defaults.Apply(target.Type, updated);
        ManagedFields.TrackUpdate(target.Type, live, updated, writer, s_now);
        return updated;
    }

    private static string? Differ(JsonObject result, JsonObject answer, JsonObject exchange)
    {
        var isPatch = exchange["method"]!.GetValue<string>() == "PATCH";
        var (ours, theirs) = (Fields(result), Fields(answer));
        if (!JsonNode.DeepEquals(ours, theirs))
            return $"managedFields\n  ours   {ours?.ToJsonString(Json.Relaxed)}\n  theirs {theirs?.ToJsonString(Json.Relaxed)}";
        if (!isPatch) return null;
        var (mine, recorded) = (Bare(result), Bare(answer));
        if (JsonNode.DeepEquals(mine, recorded)) return null;
        return $"object\n  ours   {mine.ToJsonString(Json.Relaxed)}\n  theirs {recorded.ToJsonString(Json.Relaxed)}";
    }

    private static JsonArray Fields(JsonObject item)
    {
        var fields = item["metadata"]?["managedFields"]?.DeepClone().AsArray() ?? [];
        foreach (var entry in fields) entry!.AsObject().Remove("time");
        return [.. fields.Select(f => f!.ToJsonString()).Order(StringComparer.Ordinal)];
    }

    // The server's own fields are not these functions' business, nor what the status strategy resets.
    private static JsonObject Bare(JsonObject item)
    {
        var bare = item.DeepClone().AsObject();
        var metadata = bare["metadata"]!.AsObject();
        foreach (var name in (string[])["resourceVersion", "generation", "managedFields", "uid", "creationTimestamp",
            "namespace", "selfLink", "deletionTimestamp"]) metadata.Remove(name);
        bare.Remove("status");
        return bare;
    }

    private sealed record Target(ResourceType Type, string Key, string Subresource, string Manager, bool Force)
    {
        public static Target? Of(string path, JsonObject answer)
        {
            var question = path.IndexOf('?');
            var query = question < 0 ? "" : path[(question + 1)..];
            var apiVersion = answer["apiVersion"]!.GetValue<string>();
            var kind = answer["kind"]!.GetValue<string>();
            var type = TypeTable.Load().Resources.FirstOrDefault(r => r.ApiVersion == apiVersion && r.Kind == kind
                && r.Verbs.Contains("update"));
            if (type is null) return null;
            var parts = (question < 0 ? path : path[..question]).Split('/');
            var at = Array.LastIndexOf(parts, type.Resource);
            var sub = at >= 0 && at + 2 < parts.Length ? parts[at + 2] : "";
            if (sub is "binding" or "eviction") return null;
            var manager =
                query.Split('&').FirstOrDefault(q => q.StartsWith("fieldManager=", StringComparison.Ordinal))?[13..];
            var name = $"{type.QualifiedResource}/{answer["metadata"]!["namespace"]}/{answer["metadata"]!["name"]}";
            return new Target(type, name, sub, manager
                ?? "unknown", query.Contains("force=true", StringComparison.Ordinal));
        }
    }
}
