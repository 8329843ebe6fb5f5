using System.Text;
using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>
/// Makes what a recording shows but does not tell the making of: of a row of like requests it kept one, and its node was
/// there from the start. Everything the exchanges themselves make is left to them.
/// </summary>
internal sealed class Unrecorded(IKubernetesTransport api, List<Exchange> exchanges)
{
    private readonly HashSet<string> _made = [.. exchanges.SelectMany(Made)];

    /// <summary>The nodes that a file speaks of, and that are deleted in the end although no exchange made them.</summary>
    public async Task PlaceNodesAsync(List<Exchange> file)
    {
        foreach (var exchange in exchanges)
        {
            if (exchange is not { Method: "DELETE", Status: 200 } || !exchange.Path.StartsWith("/api/v1/nodes/"))
                continue;
            var name = exchange.Path["/api/v1/nodes/".Length..];
            if (!file.Exists(e => e.Json.ToJsonString().Contains(name)) || !_made.Add(exchange.Path)) continue;
            var node = JsonNode.Parse("""
                {"apiVersion": "v1", "kind": "Node", "status": {
                  "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                  "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
                  "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}}
                """)!.AsObject();
            node["metadata"] = new JsonObject { ["name"] = name };
            await CreateAsync("/api/v1/nodes", node);
        }
    }

    /// <summary>The objects that the answer to a list names and no exchange made.</summary>
    public async Task PlaceListedAsync(Exchange list)
    {
        if (list is not { Method: "GET", Status: 200 } || list.ResponseBody is not JsonObject body) return;
        if (body["items"] is not JsonArray items || body["apiVersion"]?.ToString() != "v1") return;
        var kind = body["kind"]!.ToString()[..^"List".Length];
        var path = list.Path.Split('?')[0];
        foreach (var item in items.OfType<JsonObject>())
        {
            var metadata = item["metadata"]!.AsObject();
            if (metadata.ContainsKey("ownerReferences") || metadata.ContainsKey("generateName")) continue;
            if (!_made.Add($"{path}/{metadata["name"]}") || !IsUsers(metadata)) continue;
            var copy = item.DeepClone().AsObject();
            (copy["apiVersion"], copy["kind"]) = ("v1", kind);
            var fresh = copy["metadata"]!.AsObject();
            foreach (var field in (string[])["uid", "resourceVersion", "creationTimestamp", "managedFields"])
                fresh.Remove(field);
            await CreateAsync(path, copy);
        }
    }

    /// <summary>True when the recording's own client wrote it: it named no manager, so it is unknown.</summary>
    private static bool IsUsers(JsonObject metadata) =>
        metadata["managedFields"] is JsonArray fields && fields.Any(f => (string?)f?["manager"] == "unknown");

    private static IEnumerable<string> Made(Exchange exchange)
    {
        if (exchange.IsWatch || exchange.Status is not (200 or 201)) return [];
        var path = exchange.Path.Split('?')[0];
        if (exchange.Method == "PATCH") return [path];
        return exchange.Method == "POST" && exchange.ResponseBody?["metadata"]?["name"] is { } name
            ? [$"{path}/{name}"] : [];
    }

    private async Task CreateAsync(string path, JsonObject item)
    {
        var answer = await api.SendAsync(
            new KubernetesRequest("POST", path) { Body = Encoding.UTF8.GetBytes(item.ToJsonString()) },
            CancellationToken.None);
        if (answer.Status != 201)
            throw new InvalidOperationException($"{path}: {answer.Status} {Encoding.UTF8.GetString(answer.Body.Span)}");
    }
}
