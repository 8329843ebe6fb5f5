using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>What the garbage collector needs of an object: who it is, who owns it, and whether it is leaving.</summary>
internal sealed record OwnedObject(KubernetesResource Resource, ObjectKey Key, string Uid)
{
    public IReadOnlyList<OwnerReference> Owners { get; init; } = [];

    public IReadOnlyList<string> Finalizers { get; init; } = [];

    public bool IsTerminating { get; init; }

    /// <summary>It waits for its dependents to go first.</summary>
    public bool WaitsForDependents => IsTerminating && Finalizers.Contains("foregroundDeletion");

    public bool OrphansDependents => IsTerminating && Finalizers.Contains("orphan");

    public static OwnedObject Decode(KubernetesResource resource, ReadOnlyMemory<byte> utf8)
    {
        // JsonNode reads the bytes once and builds only what is asked for: the metadata.
        var item = new KubernetesObject(JsonNode.Parse(utf8.Span)!.AsObject());
        return new OwnedObject(resource, item.Key, item.Uid)
        {
            Owners = [.. item.Owners.Select(o => new OwnerReference(o.Json.Copied()))],
            Finalizers = [.. item.Finalizers],
            IsTerminating = item.IsTerminating,
        };
    }
}

/// <summary>All objects by uid, and who depends on whom.</summary>
internal sealed class OwnerGraph
{
    private readonly Dictionary<string, OwnedObject> _byUid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, OwnedObject>> _dependents = new(StringComparer.Ordinal);

    public OwnedObject? Find(string uid) => _byUid.GetValueOrDefault(uid);

    public IReadOnlyList<OwnedObject> DependentsOf(string uid) =>
        _dependents.TryGetValue(uid, out var found) ? [.. found.Values] : [];

    public void Put(OwnedObject item)
    {
        Remove(item.Uid);
        _byUid[item.Uid] = item;
        foreach (var owner in item.Owners)
        {
            if (!_dependents.TryGetValue(owner.Uid, out var siblings))
                _dependents[owner.Uid] = siblings = new(StringComparer.Ordinal);
            siblings[item.Uid] = item;
        }
    }

    public void Remove(string uid)
    {
        if (!_byUid.Remove(uid, out var known)) return;
        foreach (var owner in known.Owners)
        {
            if (!_dependents.TryGetValue(owner.Uid, out var siblings)) continue;
            siblings.Remove(uid);
            if (siblings.Count == 0) _dependents.Remove(owner.Uid);
        }
    }
}
