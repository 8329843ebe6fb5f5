using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer.Schema;

namespace Spillway.ApiServer.CustomResources;

/// <summary>Makes of a definition's version what the generic code works with.</summary>
internal static class CustomTypes
{
    private static readonly string[] Verbs =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    private static readonly string[] SubresourceVerbs = ["get", "patch", "update"];

    public static ResourceType Resource(JsonObject spec, JsonObject names, JsonObject version, StructuralSchema schema)
    {
        var (group, name) = (spec.Text("group") ?? "", version.Text("name") ?? "");
        var kind = names.Text("kind") ?? "";
        var subresources = new Dictionary<string, SubresourceType>(StringComparer.Ordinal);
        if (version.Map("subresources")?.Map("status") is not null)
            subresources["status"] = new SubresourceType("status", group, name, kind, SubresourceVerbs);
        if (version.Map("subresources")?.Map("scale") is not null)
            subresources["scale"] = new SubresourceType("scale", "autoscaling", "v1", "Scale", SubresourceVerbs);
        return new ResourceType
        {
            Group = group,
            Version = name,
            Kind = kind,
            ListKind = names.Text("listKind") is { Length: > 0 } list ? list : kind + "List",
            Resource = names.Text("plural") ?? "",
            StorageVersionHash = Hash(group, spec, kind),
            Singular = names.Text("singular") ?? kind.ToLowerInvariant(),
            Namespaced = spec.Text("scope") != "Cluster",
            ShortNames = names.Texts("shortNames"),
            Categories = names.Texts("categories"),
            Verbs = Verbs,
            Subresources = subresources,
            Schema = Root(schema),
            IsCustom = true,
        };
    }

    /// <summary>Tells clients, opaquely, in which version objects are stored.</summary>
    private static string Hash(string group, JsonObject spec, string kind)
    {
        var storage = spec.Objects("versions").FirstOrDefault(v => v.Flag("storage"))?.Text("name") ?? "";
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{group}/{storage}/{kind}"));
        return Convert.ToBase64String(digest.AsSpan(0, 8));
    }

    private static TypeSchema Root(StructuralSchema schema)
    {
        var shape = Shape(schema);
        AddIdentity(shape);
        return shape;
    }

    private static void AddIdentity(TypeSchema shape)
    {
        shape.Type = SchemaType.Object;
        shape.Properties["apiVersion"] = new TypeSchema { Type = SchemaType.String };
        shape.Properties["kind"] = new TypeSchema { Type = SchemaType.String };
        if (TypeTable.Load().Shape("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") is { } metadata)
            shape.Properties["metadata"] = metadata;
    }

    private static TypeSchema Shape(StructuralSchema s)
    {
        var shape = new TypeSchema
        {
            Type = TypeOf(s),
            ListKind = s.ListType switch { "set" => ListKind.Set, "map" => ListKind.Map, _ => ListKind.Atomic },
            ListMapKeys = s.ListMapKeys,
            IsAtomic = s.MapType == "atomic",
            Format = s.Format.Length > 0 ? s.Format : null,
            Required = s.Required,
            Default = s.Default?.DeepClone(),
            Nullable = s.Nullable,
            PreserveUnknown = s.PreserveUnknown,
            EmbeddedResource = s.Embedded,
            Items = s.Items is { } items ? Shape(items) : null,
        };
        foreach (var (name, property) in s.Properties) shape.Properties[name] = Shape(property);
        if (s.Additional is { } values) shape.Values = Shape(values);
        else if (s.HasAdditional) shape.Values = new TypeSchema { Type = SchemaType.Any, PreserveUnknown = true };
        if (s.Embedded) AddIdentity(shape);
        return shape;
    }

    private static SchemaType TypeOf(StructuralSchema s) => s.Type switch
    {
        _ when s.IntOrString => SchemaType.IntOrString,
        "object" => SchemaType.Object,
        "array" => SchemaType.Array,
        "string" => SchemaType.String,
        "integer" => SchemaType.Integer,
        "number" => SchemaType.Number,
        "boolean" => SchemaType.Boolean,
        _ => s.Properties.Count > 0 ? SchemaType.Object : SchemaType.Any,
    };
}
