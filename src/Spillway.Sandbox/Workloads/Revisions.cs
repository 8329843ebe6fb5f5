using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Sandbox.Workloads;

/// <summary>
/// The stored templates of StatefulSets and DaemonSets: one ControllerRevision for each that was ever rolled out, by
/// which <c>kubectl rollout history|undo</c> work.
/// </summary>
internal sealed class Revisions
{
    public const string HashLabel = "controller-revision-hash";
    private readonly WorkloadContext _context;
    private readonly Informer<ControllerRevision> _stored;
    private readonly InformerIndex<ControllerRevision> _byOwner;
    private readonly OwnWrites<ControllerRevision> _writes;

    public Revisions(WorkloadContext context)
    {
        _context = context;
        _stored = context.Informers.Get(Resources.ControllerRevisions);
        _byOwner = _stored.AddIndex(WorkloadContext.OwnerUid);
        _writes = new OwnWrites<ControllerRevision>(_stored);
    }

    public Informer Source => _stored;

    public bool AreSeen(ObjectKey owner) => _writes.AreSeen(owner);

    /// <summary>The owner's revisions, oldest first.</summary>
    public List<ControllerRevision> Of(KubernetesObject owner) =>
        [.. _byOwner.Find(owner.Uid).OrderBy(r => r.Revision).ThenBy(r => r.Name, StringComparer.Ordinal)];

    /// <summary>
    /// The revision of the owner's present template, made when it is new and moved to the front when it is an old one
    /// again. Null when somebody else wrote meanwhile.
    /// </summary>
    public async Task<ControllerRevision?> CurrentAsync(
        KubernetesResource resource, KubernetesObject owner, CancellationToken cancellationToken)
    {
        var template = owner.Json.ObjectAt("spec", "template")?.Copied() ?? [];
        template["$patch"] = "replace";
        var wanted = new JsonObject { ["spec"] = new JsonObject { ["template"] = template } };
        var all = Of(owner);
        var next = all.Count == 0 ? 1 : all[^1].Revision + 1;
        if (all.FindLast(r => KubernetesJson.Same(r.Data, wanted)) is { } same)
        {
            if (same.Revision == next - 1) return same;
            var moved = Resources.ControllerRevisions.Copy(same);
            moved.Json["revision"] = next;
            return Note(
                owner, await _context.Client.UpdateAsync(Resources.ControllerRevisions, moved, cancellationToken));
        }

        var collisions = owner.Json.Integer("status", "collisionCount") ?? 0;
        for (; ; collisions++)
        {
            var hash = TemplateHash.Of(wanted, collisions);
            var made = Resources.ControllerRevisions.New(new ObjectKey(owner.Namespace, $"{owner.Name}-{hash}"));
            var labels = owner.Json.ObjectAt("spec", "template", "metadata", "labels")?.Copied() ?? [];
            labels[HashLabel] = hash;
            made.Metadata["labels"] = labels;
            made.Metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(resource, owner));
            made.Json["data"] = wanted.Copied();
            made.Json["revision"] = next;
            var result = await _context.Client.CreateAsync(Resources.ControllerRevisions, made, cancellationToken);
            if (result is not WriteResult<ControllerRevision>.AlreadyExists) return Note(owner, result);
        }
    }

    /// <summary>Removes the oldest revisions that no pod uses, beyond the limit.</summary>
    public async Task TidyAsync(
        KubernetesObject owner, IReadOnlyCollection<string> inUse, CancellationToken cancellationToken)
    {
        var idle = Of(owner).Where(r => !inUse.Contains(HashOf(r)) && !_writes.IsDeleted(r)).ToList();
        var limit = owner.Json.Integer("spec", "revisionHistoryLimit") ?? 10;
        foreach (var revision in idle.Take(Math.Max(0, idle.Count - limit)))
        {
            await _context.Client.DeleteAsync(
                Resources.ControllerRevisions, revision.Key, DeleteOptions.None, cancellationToken);
            _writes.Deleted(revision);
        }
    }

    public static string HashOf(ControllerRevision revision) => revision.Label(HashLabel) ?? revision.Name;

    private ControllerRevision? Note(KubernetesObject owner, WriteResult<ControllerRevision> result)
    {
        if (result.Value is { } stored) _writes.Wrote(owner.Key, stored);
        return result.Value;
    }
}
