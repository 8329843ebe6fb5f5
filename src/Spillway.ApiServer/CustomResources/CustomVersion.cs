using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Where a custom resource keeps what its scale subresource shows, as given (<c>.spec.replicas</c>).</summary>
public sealed record CustomScale(string SpecReplicasPath, string StatusReplicasPath, string? LabelSelectorPath);

/// <summary>One printer column of a custom resource.</summary>
public sealed record CustomColumn(string Name, string Type, string Format, string Description, int Priority)
{
    internal JsonPath Path { get; init; } = new();

    /// <summary>The cell's value: a date as it stands in the object, null for nothing.</summary>
    public JsonNode? Cell(JsonObject item)
    {
        var found = Path.Find(item);
        if (found.Count == 0 || (found.Count == 1 && found[0] is null)) return null;
        return Type switch
        {
            "integer" => found[0] is JsonValue number
                && number.AsNumber() is { } whole ? JsonValue.Create(whole) : null,
            "number" => found[0] is JsonValue number && number.GetValueKind() == System.Text.Json.JsonValueKind.Number
                ? JsonValue.Create(JsonNumber.AsDouble(number))
                : null,
            "boolean" => found[0]?.GetValueKind()
                is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False
                ? found[0]!.DeepClone()
                : null,
            "date" => found[0].AsText(),
            _ => found[0].AsText() ?? found[0]?.ToJsonString(Json.Relaxed),
        };
    }
}

/// <summary>One version of a custom resource: its shape and the steps of a write to it.</summary>
public sealed class CustomVersion
{
    private CustomVersion(StructuralSchema schema) => Schema = schema;

    public required string Name { get; init; }

    /// <summary>What generic code needs: discovery, patches, apply.</summary>
    public required ResourceType Type { get; init; }

    public required bool IsServed { get; init; }

    public required bool IsStorage { get; init; }

    public required bool HasStatus { get; init; }

    public CustomScale? Scale { get; init; }

    public required IReadOnlyList<CustomColumn> Columns { get; init; }

    /// <summary>Paths that field selectors may use, without the leading dot.</summary>
    public required IReadOnlyList<string> SelectableFields { get; init; }

    internal StructuralSchema Schema { get; }

    /// <summary>Removes unknown fields in place; the answer is their paths, sorted.</summary>
    public List<string> Prune(JsonObject item) => SchemaPruning.Prune(Schema, item);

    /// <summary>Fills in defaults and drops nulls that no field may hold, in place.</summary>
    public void Default(JsonObject item) => SchemaDefaulting.Apply(Schema, item);

    /// <summary>A new object has generation 1 and, with a status subresource, no status yet.</summary>
    public void PrepareCreate(JsonObject item)
    {
        item.Ensure("metadata")["generation"] = 1;
        if (HasStatus) item.Remove("status");
    }

    /// <summary>Keeps what the (sub)resource may not touch, and lets generation follow everything but metadata and status.</summary>
    public void PrepareUpdate(JsonObject item, JsonObject old, string subresource)
    {
        var metadata = item.Ensure("metadata");
        var generation = old.Map("metadata")?.Number("generation") ?? 1;
        if (subresource == "status")
        {
            KeepAllBut("status", item, old);
            return;
        }

        if (HasStatus)
        {
            item.Remove("status");
            if (old["status"] is { } status) item["status"] = status.DeepClone();
        }

        metadata["generation"] = SameContent(item, old) ? generation : generation + 1;
    }

    private static void KeepAllBut(string field, JsonObject item, JsonObject old)
    {
        var kept = item[field]?.DeepClone();
        var managed = item.Map("metadata")?["managedFields"]?.DeepClone();
        item.Clear();
        foreach (var (name, value) in old) item[name] = value?.DeepClone();
        if (kept is null) item.Remove(field);
        else item[field] = kept;
        if (managed is not null) item.Ensure("metadata")["managedFields"] = managed;
    }

    private static bool SameContent(JsonObject item, JsonObject old)
    {
        foreach (var (name, value) in item)
        {
            if (name is "metadata" or "apiVersion") continue;
            if (!old.TryGetPropertyValue(name, out var before) || !JsonNode.DeepEquals(value, before)) return false;
        }

        return old.All(p => item.ContainsKey(p.Key));
    }

    /// <summary>Complaints about an object; <paramref name="old"/> is null on create.</summary>
    public List<FieldError> Validate(JsonObject item, JsonObject? old, string subresource, List<string> warnings) =>
        CustomValidation.Validate(this, item, old, subresource, warnings);

    internal static CustomVersion Parse(JsonObject spec, JsonObject names, JsonObject version)
    {
        var schema = StructuralSchema.Parse(version.Map("schema")?.Map("openAPIV3Schema") ?? []);
        var subresources = version.Map("subresources");
        var scale = subresources?.Map("scale");
        return new CustomVersion(schema)
        {
            Name = version.Text("name") ?? "",
            Type = CustomTypes.Resource(spec, names, version, schema) with
            {
                DeprecationWarning = Deprecation(spec, names, version),
            },
            IsServed = version.Flag("served"),
            IsStorage = version.Flag("storage"),
            HasStatus = subresources?.Map("status") is not null,
            Scale = scale is null
                ? null
                : new CustomScale(scale.Text("specReplicasPath") ?? "", scale.Text("statusReplicasPath") ?? "",
                    scale.Text("labelSelectorPath")),
            Columns = [.. ReadColumns(version)],
            SelectableFields = [.. version.Objects("selectableFields")
                .Select(f => (f.Text("jsonPath") ?? "").TrimStart('.'))],
        };
    }

    private static string? Deprecation(JsonObject spec, JsonObject names, JsonObject version)
    {
        if (!version.Flag("deprecated")) return null;
        if (version.Text("deprecationWarning") is { } own) return own;
        var (group, kind, name) = (spec.Text("group"), names.Text("kind"), version.Text("name") ?? "");
        var better = spec.Objects("versions")
            .Where(v => v.Flag("served") && !v.Flag("deprecated")
                && KubeVersion.Compare(name, v.Text("name") ?? "") < 0)
            .Select(v => v.Text("name") ?? "")
            .ToList();
        better.Sort((a, b) => KubeVersion.Compare(b, a));
        var text = $"{group}/{name} {kind} is deprecated";
        return better.Count == 0 ? text : $"{text}; use {group}/{better[0]} {kind}";
    }

    private static IEnumerable<CustomColumn> ReadColumns(JsonObject version)
    {
        var any = false;
        foreach (var column in version.Objects("additionalPrinterColumns"))
        {
            any = true;
            var path = column.Text("jsonPath") ?? "";
            if (JsonPath.TryParse(path, out var parsed) is not null) continue;
            var description = column.Text("description") is { Length: > 0 } given
                ? given
                : $"Custom resource definition column (in JSONPath format): {path}";
            yield return new CustomColumn(column.Text("name") ?? "", column.Text("type") ?? "string",
                column.Text("format") ?? "", description, (int)(column.Number("priority") ?? 0)) { Path = parsed };
        }

        if (any) yield break;
        JsonPath.TryParse(".metadata.creationTimestamp", out var age);
        yield return new CustomColumn("Age", "date", "", "", 0) { Path = age };
    }
}
