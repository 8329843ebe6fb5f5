using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Schema;

/// <summary>The JSON kinds a field may have.</summary>
public enum SchemaType { Any, Object, Array, String, Integer, Number, Boolean, IntOrString }

/// <summary>How a list merges under server-side apply (<c>x-kubernetes-list-type</c>).</summary>
public enum ListKind { Atomic, Set, Map }

/// <summary>
/// The shape of one type, of built-in kinds (from the compact table) and of custom resources (from their structural
/// schema) alike: the only thing that patches, apply, pruning, strict decoding and defaulting look at.
/// Immutable once published, and possibly recursive (JSONSchemaProps).
/// </summary>
public sealed class TypeSchema
{
    public SchemaType Type { get; set; }

    /// <summary>Named fields of an object; empty for maps and free-form objects.</summary>
    public Dictionary<string, TypeSchema> Properties { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Full name of a built-in type, such as <c>io.k8s.api.core.v1.PodSpec</c>; null for custom ones.</summary>
    public string? TypeName { get; init; }

    /// <summary>Value shape of a map (<c>additionalProperties</c>); null when the object is not a map.</summary>
    public TypeSchema? Values { get; set; }

    /// <summary>Item shape of an array.</summary>
    public TypeSchema? Items { get; set; }

    public ListKind ListKind { get; set; }

    /// <summary>Keys of a map-like list, in order (<c>x-kubernetes-list-map-keys</c>).</summary>
    public string[] ListMapKeys { get; set; } = [];

    /// <summary>True for a struct or map that merges as one value (<c>x-kubernetes-map-type: atomic</c>).</summary>
    public bool IsAtomic { get; set; }

    /// <summary>Strategic merge: <c>merge</c>, <c>replace</c>, <c>retainKeys</c>; several joined by commas.</summary>
    public string? PatchStrategy { get; set; }

    /// <summary>Strategic merge: the key that identifies a list item.</summary>
    public string? PatchMergeKey { get; set; }

    /// <summary>OpenAPI format such as <c>int32</c>, <c>byte</c>, <c>date-time</c>, <c>quantity</c>.</summary>
    public string? Format { get; set; }

    public string[] Required { get; set; } = [];

    public JsonNode? Default { get; set; }

    /// <summary>The strings a field may hold; null when any. Built-in types only: facts for documents, not checked here.</summary>
    public string[]? Enum { get; set; }

    /// <summary>Left out of the object when it holds its zero value (Go's <c>omitempty</c> on a value). Built-in types only.</summary>
    public bool OmitZero { get; set; }

    /// <summary>Written even when it was not given: with its default, or as null. Built-in types only.</summary>
    public bool AlwaysPresent { get; set; }

    public bool Nullable { get; set; }

    /// <summary>Unknown fields are kept (<c>x-kubernetes-preserve-unknown-fields</c>, RawExtension).</summary>
    public bool PreserveUnknown { get; set; }

    /// <summary>An object embedded with apiVersion, kind and metadata of its own.</summary>
    public bool EmbeddedResource { get; set; }

    private KeyValuePair<string, TypeSchema>[]? _alwaysPresent;
    private string? _shortName;

    /// <summary>The type's own name, such as <c>PodSpec</c>; empty for a shape without one.</summary>
    internal string ShortName =>
        _shortName ??= TypeName is null ? "" : TypeName[(TypeName.LastIndexOf('.') + 1)..];

    /// <summary>The fields with <see cref="AlwaysPresent"/>, found once: every write asks.</summary>
    internal KeyValuePair<string, TypeSchema>[] AlwaysPresentFields =>
        _alwaysPresent ??= [.. Properties.Where(p => p.Value.AlwaysPresent)];
}
