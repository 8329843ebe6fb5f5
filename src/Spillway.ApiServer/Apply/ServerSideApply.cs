using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Apply;

/// <summary>An apply patch: what one manager wants the object to say.</summary>
/// <param name="Force">Take fields from the managers that hold them with another value.</param>
public sealed record ApplyRequest(JsonObject Config, FieldWriter Writer, bool Force, DateTimeOffset Now);

/// <summary>
/// Server-side apply: merges a configuration into the live object, takes out what the manager gave up and nobody else
/// holds, and refuses to overrule other managers unless forced.
/// </summary>
public static class ServerSideApply
{
    private const string BeforeFirstApply = "before-first-apply";

    /// <summary>The new object, with its managed fields; it still has to be defaulted and validated.</summary>
    /// <param name="live">The stored object in canonical form; null when the apply creates it.</param>
    public static JsonObject Apply(ResourceType type, JsonObject? live, ApplyRequest request)
    {
        Check(type, request.Config);
        var schema = type.Schema;
        var before = live is null ? Canonical.Empty(schema) : live.DeepClone().AsObject();
        var metadata = before["metadata"] as JsonObject;
        var entries = ManagedFields.Read(metadata).ConvertAll(e => new ManagedEntry(e.DeepClone().AsObject()));
        metadata?.Remove("managedFields");
        if (live is not null && entries.Count == 0) AdoptExisting(type, before, request, entries);

        var own = entries.Find(e => e.IsApplyBy(request.Writer));
        var last = own?.Fields.Clone();
        var stated = Owned(type, request);
        if (own is null) entries.Add(own = new ManagedEntry(request.Writer, "Apply", type.ApiVersion));

        var merged = TypedValue.Merge(before, request.Config, schema)!.AsObject();
        // All that is stated stays, also what nobody can own: a resource version is there to be compared.
        var all = TypedValue.Fields(request.Config, schema);
        if (last is { IsEmpty: false })
            merged = Prune(merged, schema, last, [all, .. entries.Where(e => e != own).Select(e => e.Fields)]);
        // Compared as it was stated, zero values included; only then does it take the form of the kind.
        var diff = FieldDiff.Of(before, merged, schema);
        GiveWay(type, request, entries, own, diff);
        var differs = live is null || diff.Changed is not null || diff.Removed is not null;
        var setDiffers = last is null || !last.SameAs(stated);
        own.Replace(stated, differs || (setDiffers && last is null) ? request.Now : null);
        if (!type.IsCustom) Canonical.Form(merged, schema);
        if (merged["metadata"] is not JsonObject result) merged["metadata"] = result = [];
        ManagedFields.Store(entries, result);
        return merged;
    }

    private static void Check(ResourceType type, JsonObject config)
    {
        if (config["metadata"]?["managedFields"] is not null)
            throw ApiFailure.BadRequest("metadata.managedFields must be nil");
        var apiVersion = config["apiVersion"]?.ToString() ?? "";
        var kind = config["kind"]?.ToString() ?? "";
        if (apiVersion != type.ApiVersion || kind != type.Kind)
        {
            var named = apiVersion.Contains('/') ? apiVersion : "/" + apiVersion;
            throw ApiFailure.BadRequest($"invalid object type: {named}, Kind={kind}");
        }
        var problems = AppliedShape.Problems(config, type.Schema);
        if (problems.Count == 0) return;
        var what = problems.Count == 1 ? problems[0] : "errors:\n" + string.Join("\n", problems.Select(p => "  " + p));
        var name = $"{config["metadata"]?["namespace"]}/{config["metadata"]?["name"]}";
        throw new ApiFailure(500, "",
            $"failed to create typed patch object ({name}; {type.Group}/{type.Version}, Kind={kind}): {what}");
    }

    // An object that was written before anybody tracked its fields: whoever did holds all of them.
    private static void AdoptExisting(
        ResourceType type, JsonObject live, ApplyRequest request, List<ManagedEntry> entries)
    {
        var diff = FieldDiff.Of(Canonical.Empty(type.Schema), live, type.Schema);
        if (diff.Changed is not { IsEmpty: false } all) return;
        var first = new ManagedEntry(new FieldWriter(BeforeFirstApply, ""), "Update", type.ApiVersion);
        first.Take(all, request.Now);
        entries.Add(first);
    }

    // What the configuration states, without what nobody owns and what this endpoint does not write.
    private static FieldSet Owned(ResourceType type, ApplyRequest request)
    {
        var config = request.Config;
        var stated = TypedValue.Fields(config, type.Schema);
        stated.Children?.Remove("f:apiVersion");
        stated.Children?.Remove("f:kind");
        if (stated.Find("f:metadata") is { } metadata)
        {
            metadata.Member = false;
            foreach (var name in (string[])["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
                "generation", "managedFields", "resourceVersion"]) metadata.Children?.Remove("f:" + name);
            if (metadata.IsEmpty) stated.Children?.Remove("f:metadata");
        }
        ManagedFields.ResetFields(type, request.Writer.Subresource, stated);
        return stated;
    }

    // Removes what the last apply stated and nobody states now: first all of it, then whatever anybody holds comes back.
    private static JsonObject Prune(JsonObject merged, TypeSchema schema, FieldSet last, List<FieldSet> held)
    {
        var lastAll = TypedValue.WithParents(last, schema);
        var mergedAll = TypedValue.WithParents(TypedValue.Fields(merged, schema), schema);
        var pruned = Without(merged, lastAll, schema);
        var keep = TypedValue.WithParents(TypedValue.Fields(pruned, schema), schema);
        foreach (var set in held) keep.UnionWith(TypedValue.WithParents(set, schema));
        pruned = Without(merged, mergedAll.Difference(keep), schema);
        var left = TypedValue.WithParents(TypedValue.Fields(pruned, schema), schema);
        return Without(merged, mergedAll.Difference(left).Intersection(lastAll), schema);
    }

    private static JsonObject Without(JsonObject value, FieldSet gone, TypeSchema schema) =>
        TypedValue.Remove(value.DeepClone(), gone, schema) as JsonObject ?? [];

    private static void GiveWay(
        ResourceType type, ApplyRequest request, List<ManagedEntry> entries, ManagedEntry own, FieldDiff diff)
    {
        if (diff.Changed is { } changed)
        {
            var conflicts = new List<(ManagedEntry Holder, string Path)>();
            foreach (var entry in entries.Where(e => e != own && e.ApiVersion == type.ApiVersion))
                foreach (var path in entry.Fields.Intersection(changed).Paths()) conflicts.Add((entry, path));
            if (conflicts.Count > 0 && !request.Force) throw Conflict(conflicts);
        }
        foreach (var entry in entries)
        {
            if (entry == own) continue;
            if (diff.Changed is not null) entry.GiveUp(diff.Changed, type.ApiVersion);
            if (diff.Removed is not null) entry.GiveUp(diff.Removed, type.ApiVersion);
        }
    }

    private static ApiFailure Conflict(List<(ManagedEntry Holder, string Path)> conflicts)
    {
        var causes = new JsonArray([.. conflicts.Select(c => (JsonNode)new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = "conflict with " + c.Holder.Describe(),
            ["field"] = c.Path,
        })]);
        var what = conflicts.Count == 1
            ? $"conflict with {conflicts[0].Holder.Describe()}: {conflicts[0].Path}"
            : string.Join("\n", conflicts.GroupBy(c => c.Holder.Describe(), StringComparer.Ordinal)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"conflicts with {g.Key}:\n{string.Join("\n", g.Select(c => "- " + c.Path))}"));
        var noun = conflicts.Count == 1 ? "conflict" : "conflicts";
        return new ApiFailure(409, "Conflict", $"Apply failed with {conflicts.Count} {noun}: {what}")
        {
            Details = new JsonObject { ["causes"] = causes },
        };
    }
}
