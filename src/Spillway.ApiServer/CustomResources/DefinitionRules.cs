using System.Text.Json.Nodes;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Validation of CustomResourceDefinitions: everything but the schemas, in the real server's order and words.</summary>
internal sealed class DefinitionRules
{
    private const string ApprovalAnnotation = "api-approved.kubernetes.io";
    private readonly List<FieldError> _errors = [];

    public static List<FieldError> Validate(JsonObject definition)
    {
        var rules = new DefinitionRules();
        rules.CheckName(definition);
        rules.CheckSpec(definition.Map("spec") ?? []);
        rules.CheckStoredVersions(definition);
        rules.CheckApproval(definition);
        return rules._errors;
    }

    public static List<FieldError> ValidateUpdate(JsonObject definition, JsonObject old)
    {
        var rules = new DefinitionRules();
        var (spec, oldSpec) = (definition.Map("spec") ?? [], old.Map("spec") ?? []);
        rules.CheckSpec(spec);
        if (DefinitionConditions.IsTrue(old, "Established"))
        {
            rules.CheckImmutable(spec["scope"], oldSpec["scope"], "spec.scope");
            rules.CheckImmutable(spec.Map("names")?["kind"], oldSpec.Map("names")?["kind"], "spec.names.kind");
        }

        rules.CheckImmutable(spec["group"], oldSpec["group"], "spec.group");
        rules.CheckImmutable(spec.Map("names")?["plural"], oldSpec.Map("names")?["plural"], "spec.names.plural");
        rules.CheckStoredVersions(definition);
        rules.CheckApproval(definition, old);
        return rules._errors;
    }

    private void CheckName(JsonObject definition)
    {
        var name = definition.Map("metadata")?.Text("name") ?? "";
        var spec = definition.Map("spec") ?? [];
        if (name.Length == 0)
        {
            _errors.Add(FieldError.Required("metadata.name", "name or generateName is required"));
            return;
        }

        if (NameRules.Subdomain(name) is { } shape) _errors.Add(FieldError.Invalid("metadata.name", name, shape));
        if (name != $"{spec.Map("names")?.Text("plural")}.{spec.Text("group")}")
            _errors.Add(FieldError.Invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
    }

    private void CheckSpec(JsonObject spec)
    {
        CheckGroupAndScope(spec);
        var versions = spec.List("versions") ?? [];
        for (var i = 0; i < versions.Count; i++)
        {
            if ((versions[i] as JsonObject)?.Map("schema")?.Map("openAPIV3Schema") is null)
                _errors.Add(FieldError.Required($"spec.versions[{i}].schema.openAPIV3Schema", ""));
        }

        var shared = new HashSet<string>(GoDump.SharedFields(versions), StringComparer.Ordinal);
        var (storage, unique) = (0, new HashSet<string>(StringComparer.Ordinal));
        for (var i = 0; i < versions.Count; i++)
        {
            if (versions[i] is not JsonObject version) continue;
            if (version.Flag("storage")) storage++;
            var name = version.Text("name") ?? "";
            unique.Add(name);
            if (NameRules.Label1035(name) is { } bad)
                _errors.Add(FieldError.Invalid($"spec.versions[{i}].name", name, bad));
            VersionRules.Check(version, $"spec.versions[{i}]", shared, _errors);
        }

        if (unique.Count < versions.Count) Versions(versions, "must contain unique version names");
        if (storage != 1) Versions(versions, "must have exactly one version marked as storage version");
        DefinitionNames.Validate(spec.Map("names") ?? [], _errors);
        if (versions.Count > 0 && versions[0] is JsonObject any)
            VersionRules.CheckShared(any, shared, versions.OfType<JsonObject>().Any(VersionRules.HasStatus), _errors);
        ConversionRules.Check(spec.Map("conversion"), _errors);
    }

    private void Versions(JsonArray versions, string detail) => _errors.Add(new FieldError(
        "FieldValueInvalid", $"Invalid value: {GoDump.Text(GoDump.Versions(versions))}: {detail}", "spec.versions"));

    private void CheckGroupAndScope(JsonObject spec)
    {
        var group = spec.Text("group") ?? "";
        if (group.Length == 0) _errors.Add(FieldError.Required("spec.group", ""));
        else if (NameRules.Subdomain(group) is { } bad) _errors.Add(FieldError.Invalid("spec.group", group, bad));
        else if (!group.Contains('.'))
            _errors.Add(FieldError.Invalid("spec.group", group, "should be a domain with at least one dot"));
        var scope = spec.Text("scope") ?? "";
        if (scope.Length == 0) _errors.Add(FieldError.Required("spec.scope", ""));
        else if (scope is not ("Cluster" or "Namespaced"))
            _errors.Add(FieldError.NotSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
    }

    private void CheckStoredVersions(JsonObject definition)
    {
        var stored = definition.Map("status")?.Texts("storedVersions") ?? [];
        const string path = "status.storedVersions";
        if (stored.Length == 0)
        {
            _errors.Add(FieldError.Invalid(path, new JsonArray(), "must have at least one stored version"));
            return;
        }

        var missing = new List<string>(stored);
        foreach (var version in definition.Map("spec")?.Objects("versions") ?? [])
        {
            var name = version.Text("name") ?? "";
            if (version.Flag("storage") && !stored.Contains(name))
            {
                _errors.Add(FieldError.Invalid(path, new JsonArray([.. stored.Select(s => JsonValue.Create(s))]),
                    "must have the storage version " + name));
            }

            missing.Remove(name);
        }

        foreach (var name in missing)
        {
            _errors.Add(FieldError.Invalid($"{path}[{Array.IndexOf(stored, name)}]", name,
                $"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions "
                + $"until a storage migration ensures no data remains persisted in {name} and removes {name} from "
                + "status.storedVersions"));
        }
    }

    private void CheckApproval(JsonObject definition, JsonObject? old = null)
    {
        var group = definition.Map("spec")?.Text("group") ?? "";
        var isProtected = group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal)
            || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);
        var annotations = definition.Map("metadata")?.Map("annotations");
        var approval = annotations?.Text(ApprovalAnnotation);
        if (!isProtected || Approves(approval)) return;
        // What was let in once may be updated.
        if (old is not null && old.Map("metadata")?.Map("annotations")?.Text(ApprovalAnnotation) == approval) return;
        const string path = $"metadata.annotations[{ApprovalAnnotation}]";
        const string see = "see https://github.com/kubernetes/enhancements/pull/1111";
        if (string.IsNullOrEmpty(approval))
        {
            _errors.Add(FieldError.Required(path,
                $"protected groups must have approval annotation \"{ApprovalAnnotation}\", {see}"));
        }
        else
        {
            _errors.Add(FieldError.Invalid(path, approval,
                $"protected groups must have approval annotation \"{ApprovalAnnotation}\" with either a URL or a "
                + $"reason starting with \"unapproved\", {see}"));
        }
    }

    /// <summary>A URL, or a reason that starts with "unapproved".</summary>
    public static bool Approves(string? approval) =>
        approval is not null
        && (approval.StartsWith("unapproved", StringComparison.Ordinal)
            || (Uri.TryCreate(approval, UriKind.Absolute, out var uri) && uri.Host.Length > 0));

    private void CheckImmutable(JsonNode? value, JsonNode? old, string path)
    {
        if (!JsonNode.DeepEquals(value, old)) _errors.Add(FieldError.Invalid(path, value ?? "", "field is immutable"));
    }
}
