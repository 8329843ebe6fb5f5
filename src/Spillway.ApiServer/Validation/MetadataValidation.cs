using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.Validation;

/// <summary>Checks names, labels, annotations, owners and finalizers of any kind.</summary>
public static class MetadataValidation
{
    private const int AnnotationBytes = 256 * 1024;

    private static readonly HashSet<string> s_standardFinalizers = new(StringComparer.Ordinal)
    {
        "kubernetes", "orphan", "foregroundDeletion",
    };

    /// <summary>Complaints about the metadata of a new object.</summary>
    public static List<FieldError> Create(ResourceType type, JsonObject item)
    {
        var complaints = new Complaints();
        Create(type, item, complaints);
        return complaints.Errors;
    }

    /// <summary>Complaints about the metadata of a changed object.</summary>
    public static List<FieldError> Update(JsonObject item, JsonObject old)
    {
        var complaints = new Complaints();
        Update(item, old, complaints);
        return complaints.Errors;
    }

    internal static void Create(ResourceType type, JsonObject item, Complaints to)
    {
        var metadata = item.Map("metadata") ?? [];
        var rule = NameRule(type);
        var generate = metadata.Text("generateName") ?? "";
        var before = to.Errors.Count;
        if (generate.Length > 0) to.Invalid("metadata.generateName", generate, rule(MaskDash(generate)));
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0) to.Required("metadata.name", "name or generateName is required");
        else if (to.Errors.Count == before) to.Invalid("metadata.name", name, rule(name));
        if (type is { Group: "batch", Kind: "CronJob" } && name.Length > 52)
            to.Invalid("metadata.name", name, "must be no more than 52 characters");
        Namespace(type, metadata, to);
        Common(metadata, to);
        Finalizers(metadata, to);
    }

    internal static void Update(JsonObject item, JsonObject old, Complaints to)
    {
        var metadata = item.Map("metadata") ?? [];
        var before = old.Map("metadata") ?? [];
        if (before.ContainsKey("deletionTimestamp")) NoNewFinalizers(metadata, before, to);
        foreach (var field in (string[])["name", "namespace", "uid", "creationTimestamp"])
            if (!JsonNode.DeepEquals(metadata[field], before[field]))
                to.Invalid("metadata." + field, metadata[field]?.DeepClone(), "field is immutable");
        Common(metadata, to);
        Finalizers(metadata, to);
    }

    internal static void Labels(JsonObject? labels, string path, Complaints to)
    {
        if (labels is null) return;
        foreach (var (key, value) in labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            to.Invalid(path, key, Names.QualifiedName(key));
            to.Invalid(path, value.AsText() ?? "", Names.LabelValue(value.AsText() ?? ""));
        }
    }

    internal static void Annotations(JsonObject? annotations, string path, Complaints to)
    {
        if (annotations is null) return;
        var size = 0;
        foreach (var (key, value) in annotations)
        {
            to.Invalid(path, key, Names.QualifiedName(key.ToLowerInvariant()));
            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.AsText() ?? "");
        }
        if (size > AnnotationBytes) to.TooLong(path, AnnotationBytes);
    }

    private static void Common(JsonObject metadata, Complaints to)
    {
        to.NonNegative("metadata.generation", metadata.Number("generation"));
        Labels(metadata.Map("labels"), "metadata.labels", to);
        Annotations(metadata.Map("annotations"), "metadata.annotations", to);
        Owners(metadata, to);
    }

    private static void Namespace(ResourceType type, JsonObject metadata, Complaints to)
    {
        var space = metadata.Text("namespace") ?? "";
        if (type.Namespaced)
        {
            if (space.Length == 0) to.Required("metadata.namespace");
            else to.Invalid("metadata.namespace", space, Names.DnsLabel(space));
        }
        else if (space.Length > 0) to.Forbidden("metadata.namespace", "not allowed on this type");
    }

    private static void Owners(JsonObject metadata, Complaints to)
    {
        const string path = "metadata.ownerReferences";
        var controller = "";
        foreach (var owner in metadata.Objects("ownerReferences"))
        {
            var (apiVersion, kind) = (owner.Text("apiVersion") ?? "", owner.Text("kind") ?? "");
            if (apiVersion.Length == 0) to.Invalid(path + ".apiVersion", apiVersion, "version must not be empty");
            if (kind.Length == 0) to.Invalid(path + ".kind", kind, "must not be empty");
            if (owner.Text("name") is not { Length: > 0 }) to.Invalid(path + ".name", "", "must not be empty");
            if (owner.Text("uid") is not { Length: > 0 }) to.Invalid(path + ".uid", "", "must not be empty");
            if (kind == "Event" && apiVersion is "v1" or "events.k8s.io/v1")
                to.Invalid(path, owner.DeepClone(), $"{apiVersion}, Kind={kind} is disallowed from being an owner");
            if (!owner.Flag("controller")) continue;
            var name = $"{kind}/{owner.Text("name")}";
            if (controller.Length > 0)
                to.Invalid(path, metadata["ownerReferences"]!.DeepClone(),
                    "Only one reference can have Controller set to true. "
                    + $"Found \"true\" in references for {controller} and {name}");
            controller = name;
        }
    }

    private static void Finalizers(JsonObject metadata, Complaints to)
    {
        if (metadata.List("finalizers") is not { } finalizers) return;
        for (var i = 0; i < finalizers.Count; i++)
        {
            var name = finalizers[i].AsText() ?? "";
            var path = $"metadata.finalizers[{i}]";
            var before = to.Errors.Count;
            to.Invalid(path, name, Names.QualifiedName(name));
            if (to.Errors.Count == before && !name.Contains('/') && !s_standardFinalizers.Contains(name))
                to.Invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified");
        }
        if (finalizers.Any(f => f.AsText() == "orphan") && finalizers.Any(f => f.AsText() == "foregroundDeletion"))
            to.Invalid("metadata.finalizers", finalizers.DeepClone(),
                "finalizer orphan and foregroundDeletion cannot be both set");
    }

    private static void NoNewFinalizers(JsonObject metadata, JsonObject before, Complaints to)
    {
        var known = before.Texts("finalizers");
        var added =
            metadata.Texts("finalizers").Except(known, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (added.Count == 0) return;
        var list = string.Join(", ", added.Select(a => $"\"{a}\""));
        to.Forbidden("metadata.finalizers",
            $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}");
    }

    // A prefix may end in a dash, which the random part will follow.
    private static string MaskDash(string prefix) => prefix is [_, .., '-'] ? prefix[..^2] + "a" : prefix;

    private static Func<string, IEnumerable<string>> NameRule(ResourceType type) => (type.Group, type.Kind) switch
    {
        ("", "Namespace") => Names.DnsLabel,
        ("", "Service") => Names.DnsLabel1035,
        ("rbac.authorization.k8s.io", _) => Names.PathSegment,
        ("apiregistration.k8s.io", _) => Names.PathSegment,
        ("flowcontrol.apiserver.k8s.io", _) => Names.DnsSubdomain,
        ("certificates.k8s.io", "CertificateSigningRequest") => Names.DnsSubdomain,
        _ => Names.DnsSubdomain,
    };
}
