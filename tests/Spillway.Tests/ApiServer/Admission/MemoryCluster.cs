using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Schema;

namespace Spillway.Tests.ApiServer.Admission;

/// <summary>A cluster in a list, for admission alone.</summary>
internal sealed class MemoryCluster
{
    private readonly List<(string Group, string Resource, JsonObject Item)> _items = [];

    public MemoryCluster Add(string group, string resource, JsonObject item)
    {
        _items.RemoveAll(i => i.Group == group && i.Resource == resource && Name(i.Item) == Name(item)
            && Space(i.Item) == Space(item));
        _items.Add((group, resource, item));
        return this;
    }

    public MemoryCluster Add(string group, string resource, string json) =>
        Add(group, resource, (JsonObject)JsonNode.Parse(json)!);

    public JsonObject? Get(string group, string resource, string space, string name) => _items
        .Find(i => i.Group == group && i.Resource == resource && Space(i.Item) == space && Name(i.Item) == name).Item;

    public ClusterReads Reads => new()
    {
        Get = Get,
        List = (group, resource, space) => [.. _items
            .Where(i => i.Group == group && i.Resource == resource && (space.Length == 0 || Space(i.Item) == space))
            .Select(i => i.Item)],
        ReplaceStatus = (group, resource, item, _) =>
        {
            Add(group, resource, item);
            return ValueTask.FromResult(true);
        },
        Types = () => TypeTable.Load().Resources,
        Convert = (item, _) => item,
        IsAllowed = (_, _, _, _, _, _, _) => true,
    };

    public static ResourceType Type(string group, string resource) =>
        TypeTable.Load().Resources.First(t => t.Group == group && t.Resource == resource);

    public static AdmissionRequest Create(string group, string resource, string space, JsonObject item) => new()
    {
        Type = Type(group, resource),
        Operation = AdmissionOperation.Create,
        Name = (string?)item["metadata"]?["name"] ?? "",
        Namespace = space,
        Object = item,
        User = new Requester("admin", "system:masters"),
    };

    private static string Name(JsonObject item) => (string?)item["metadata"]?["name"] ?? "";

    private static string Space(JsonObject item) => (string?)item["metadata"]?["namespace"] ?? "";
}
