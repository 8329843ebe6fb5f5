using System.Text.Json.Nodes;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Apply;
using Spillway.ApiServer.Auth;
using Spillway.ApiServer.Schema;
using Spillway.ApiServer.Storage;

namespace Spillway.ApiServer.Registry;

/// <summary>The store as admission reads it.</summary>
internal static class StoreReads
{
    private static readonly FieldWriter s_writer = new("kube-controller-manager", "status");

    public static ClusterReads For(
        ObjectStore store, TypeCatalog types, RbacAuthorizer authorizer, TimeProvider time) => new()
    {
        Get = (group, resource, space, name) => types.Find(group, resource) is { } served
            ? store.GetLatest(served.StoreName, space.Length > 0 ? space + "/" + name : name)?.Shared
            : null,
        List = (group, resource, space) => List(store, types, group, resource, space),
        ReplaceStatus = async (group, resource, item, _) =>
        {
            if (types.Find(group, resource) is not { } served) return false;
            var metadata = item.Ensure("metadata");
            var space = metadata.Text("namespace") ?? "";
            var key = space.Length > 0 ? space + "/" + metadata.Text("name") : metadata.Text("name") ?? "";
            if (store.GetLatest(served.StoreName, key) is not { } before) return false;
            if (before.Version.ToString() != metadata.Text("resourceVersion")) return false;
            var changed = before.Parse();
            changed["status"] = item["status"]?.DeepClone();
            ManagedFields.TrackUpdate(served.Storage, before.Shared, changed, s_writer, time.GetUtcNow());
            return await store.WriteAsync(served.StoreName, key, before, EncodedObject.Of(changed)) is not null;
        },
        Types = () => AllTypes(types),
        Convert = (item, type) => Convert(types, item, type),
        IsAllowed = (user, verb, group, resource, part, space, name) => authorizer.Ask(user, new AccessQuestion
        {
            Verb = verb, Group = group, Resource = resource, Subresource = part, Namespace = space, Name = name,
        }).IsAllowed,
    };

    private static JsonObject[] List(ObjectStore store, TypeCatalog types, string group, string resource, string space)
    {
        if (types.Find(group, resource) is not { } served) return [];
        var prefix = space.Length > 0 && served.Storage.Namespaced ? space + "/" : "";
        return [.. store.List(served.StoreName, prefix).Items.Select(i => i.Shared)];
    }

    private static ResourceType[] AllTypes(TypeCatalog types) => [.. types.All.SelectMany(r => r.Versions)];

    private static JsonObject Convert(TypeCatalog types, JsonObject item, ResourceType type)
    {
        if (item.Text("apiVersion") == type.ApiVersion) return item;
        var served = types.Find(type.Group, type.Resource);
        if (served is null) return item;
        // Admission reads in one go. Only a conversion webhook needs longer; its objects are read as they are stored.
        var read = item;
        _ = ReadAsync();
        return read;

        async Task ReadAsync() =>
            read = await served.Rules.ConvertAsync(item.DeepClone().AsObject(), type, CancellationToken.None);
    }
}
