using System.Collections.Immutable;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Registry;

/// <summary>Every resource that is served now. Readers hold one immutable picture; a change swaps it whole.</summary>
public sealed class TypeCatalog
{
    private readonly Lock _lock = new();
    private volatile Picture _picture = new([], ImmutableDictionary<(string, string), ServedResource>.Empty);

    /// <summary>Grows by one at every change: documents made from the catalog are cached by it.</summary>
    public long Generation => _picture.Generation;

    /// <summary>In discovery's order: built-in ones first, then as they came.</summary>
    public IReadOnlyList<ServedResource> All => _picture.Ordered;

    /// <summary>Told after a change, with the group that changed.</summary>
    public event Action<string>? Changed;

    /// <summary>Serves a resource, or replaces how it is served.</summary>
    public void Register(ServedResource resource)
    {
        lock (_lock)
        {
            var key = (resource.Group, resource.Resource);
            var now = _picture;
            var ordered = now.ByName.TryGetValue(key, out var old)
                ? now.Ordered.Replace(old, resource)
                : now.Ordered.Add(resource);
            _picture = new Picture(ordered, now.ByName.SetItem(key, resource)) { Generation = now.Generation + 1 };
        }
        Changed?.Invoke(resource.Group);
    }

    /// <summary>Stops serving a resource; false when it was not served.</summary>
    public bool Unregister(string group, string resource)
    {
        lock (_lock)
        {
            var now = _picture;
            if (!now.ByName.TryGetValue((group, resource), out var old)) return false;
            _picture = new Picture(now.Ordered.Remove(old), now.ByName.Remove((group, resource)))
            {
                Generation = now.Generation + 1,
            };
        }
        Changed?.Invoke(group);
        return true;
    }

    public ServedResource? Find(string group, string resource) => _picture.ByName.GetValueOrDefault((group, resource));

    public ResourceType? Find(string group, string version, string resource) => Find(group, resource)?.Version(version);

    /// <summary>The resource of a kind, whatever the version.</summary>
    public ServedResource? OfKind(string group, string kind)
    {
        foreach (var resource in _picture.Ordered)
            if (resource.Group == group && resource.Versions[0].Kind == kind) return resource;
        return null;
    }

    /// <summary>True when some resource of the group and version is served.</summary>
    public bool HasVersion(string group, string version)
    {
        foreach (var resource in _picture.Ordered)
            if (resource.Group == group && resource.Version(version) is not null) return true;
        return false;
    }

    /// <summary>True when the group does not come from custom resource definitions alone.</summary>
    public bool IsBuiltIn(string group)
    {
        foreach (var resource in _picture.Ordered)
            if (resource.Group == group && !resource.Storage.IsCustom) return true;
        return false;
    }

    public bool HasGroup(string group)
    {
        foreach (var resource in _picture.Ordered)
            if (resource.Group == group) return true;
        return false;
    }

    private sealed record Picture(
        ImmutableList<ServedResource> Ordered, ImmutableDictionary<(string, string), ServedResource> ByName)
    {
        public long Generation { get; init; }
    }
}
