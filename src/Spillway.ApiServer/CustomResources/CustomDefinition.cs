using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.CustomResources;

/// <summary>
/// A CustomResourceDefinition, read once: what its versions look like, what is served, and how objects are converted.
/// A change of the definition makes a new one.
/// </summary>
public sealed class CustomDefinition
{
    private CustomDefinition(JsonObject json) => Json = json;

    /// <summary>The definition as stored; read only.</summary>
    public JsonObject Json { get; }

    public required string Name { get; init; }

    public required string Group { get; init; }

    public required string Plural { get; init; }

    public required string Kind { get; init; }

    public required string ListKind { get; init; }

    public required bool Namespaced { get; init; }

    /// <summary>In the definition's order, served or not.</summary>
    public required IReadOnlyList<CustomVersion> Versions { get; init; }

    /// <summary>The version that objects are stored in.</summary>
    public required CustomVersion Storage { get; init; }

    public bool IsEstablished => DefinitionConditions.IsTrue(Json, "Established");

    public bool IsTerminating => Json.Map("metadata")?["deletionTimestamp"] is not null;

    /// <summary>The client config of the conversion webhook; null when versions differ by apiVersion alone.</summary>
    internal JsonObject? ConversionClient =>
        Json.Map("spec")?.Map("conversion") is { } conversion && conversion.Text("strategy") == "Webhook"
            ? conversion.Map("webhook")?.Map("clientConfig")
            : null;

    /// <summary>Served versions, the one that discovery prefers first.</summary>
    public IReadOnlyList<CustomVersion> Served
    {
        get
        {
            var served = Versions.Where(v => v.IsServed).ToList();
            served.Sort((a, b) => KubeVersion.Compare(b.Name, a.Name));
            return served;
        }
    }

    public CustomVersion? Version(string name) => Versions.FirstOrDefault(v => v.Name == name);

    /// <summary>Reads a definition that passed validation; throws 422 texts never, an ApiFailure when it cannot be read.</summary>
    public static CustomDefinition Parse(JsonObject definition)
    {
        var spec = definition.Map("spec") ?? [];
        // Names count once they are accepted: a second definition must not take over those of the first.
        var accepted = definition.Map("status")?.Map("acceptedNames");
        var names = accepted?.Text("kind") is { Length: > 0 } ? accepted : spec.Map("names") ?? [];
        var versions = spec.Objects("versions").Select(v => CustomVersion.Parse(spec, names, v)).ToArray();
        if (versions.Length == 0) throw ApiFailure.BadRequest("the definition has no versions");
        return new CustomDefinition(definition)
        {
            Name = definition.Map("metadata")?.Text("name") ?? "",
            Group = spec.Text("group") ?? "",
            Plural = names.Text("plural") ?? "",
            Kind = names.Text("kind") ?? "",
            ListKind = names.Text("listKind") ?? names.Text("kind") + "List",
            Namespaced = spec.Text("scope") != "Cluster",
            Versions = versions,
            Storage = versions.FirstOrDefault(v => v.IsStorage) ?? versions[0],
        };
    }

    /// <summary>Defaults of the definition itself, in place.</summary>
    public static void Default(JsonObject definition)
    {
        if (definition.Map("spec") is not { } spec) return;
        if (spec.Map("names") is { } names)
        {
            var kind = names.Text("kind") ?? "";
            if ((names.Text("singular") ?? "").Length == 0 && kind.Length > 0) names["singular"] =
                kind.ToLowerInvariant();
            if ((names.Text("listKind") ?? "").Length == 0 && kind.Length > 0) names["listKind"] = kind + "List";
        }

        var conversion = spec.Ensure("conversion");
        if ((conversion.Text("strategy") ?? "").Length == 0) conversion["strategy"] = "None";
        if (conversion.Map("webhook")?.Map("clientConfig")?.Map("service") is { } service && service["port"] is null)
            service["port"] = 443;
        // Fields without omitempty: a definition always shows them.
        var status = definition.Ensure("status");
        if (!status.ContainsKey("conditions")) status["conditions"] = null;
        if (!status.ContainsKey("acceptedNames")) status["acceptedNames"] =
            new JsonObject { ["plural"] = "", ["kind"] = "" };
        if (!status.ContainsKey("storedVersions")) status["storedVersions"] = null;
    }

    /// <summary>What the strategy does before a definition is created: a fresh status, and the stored version noted.</summary>
    public static void PrepareCreate(JsonObject definition)
    {
        definition.Ensure("metadata")["generation"] = 1;
        definition["status"] = new JsonObject
        {
            ["conditions"] = null,
            ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
            ["storedVersions"] = new JsonArray(),
        };
        NoteStorage(definition);
    }

    /// <summary>What the strategy does before an update: status stays, generation follows the spec.</summary>
    public static void PrepareUpdate(JsonObject definition, JsonObject old)
    {
        definition["status"] = old["status"]?.DeepClone();
        var generation = old.Map("metadata")?.Number("generation") ?? 1;
        var same = JsonNode.DeepEquals(definition["spec"], old["spec"]);
        definition.Ensure("metadata")["generation"] = same ? generation : generation + 1;
        NoteStorage(definition);
    }

    /// <summary>The first step of a deletion: the definition stays until its instances are gone.</summary>
    public static void PrepareDelete(JsonObject definition, DateTimeOffset now)
    {
        var metadata = definition.Ensure("metadata");
        if (metadata["deletionTimestamp"] is not null) return;
        metadata["deletionTimestamp"] = DefinitionConditions.Time(now);
        if (!metadata.Texts("finalizers").Contains(
            CleanupFinalizer)) metadata.EnsureList("finalizers").Add(CleanupFinalizer);
        DefinitionConditions.Set(definition, "Terminating", "True", "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", now);
    }

    internal const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static void NoteStorage(JsonObject definition)
    {
        var stored = definition.Ensure("status").EnsureList("storedVersions");
        foreach (var version in definition.Map("spec")?.Objects("versions") ?? [])
        {
            if (!version.Flag("storage")) continue;
            var name = version.Text("name") ?? "";
            if (!definition.Map("status")!.Texts("storedVersions").Contains(name)) stored.Add(name);
            return;
        }
    }

    public static List<FieldError> Validate(JsonObject definition) => DefinitionRules.Validate(definition);

    public static List<FieldError> ValidateUpdate(JsonObject definition, JsonObject old) =>
        DefinitionRules.ValidateUpdate(definition, old);
}
