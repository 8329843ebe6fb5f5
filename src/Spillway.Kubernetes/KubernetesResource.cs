using System.Text;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>One resource of one version: enough to form its paths and to name its objects.</summary>
public record KubernetesResource(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    public string ApiVersion => Group.Length == 0 ? Version : Group + "/" + Version;

    /// <summary><c>deployments.apps</c>, or <c>pods</c> in the core group.</summary>
    public string QualifiedName => Group.Length == 0 ? Plural : Plural + "." + Group;

    /// <summary>The collection's path; an empty namespace means all namespaces.</summary>
    public string CollectionPath(string ns)
    {
        var path = new StringBuilder(Group.Length == 0 ? "/api/" : "/apis/");
        if (Group.Length > 0) path.Append(Group).Append('/');
        path.Append(Version);
        if (Namespaced && ns.Length > 0) path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        return path.Append('/').Append(Plural).ToString();
    }

    public string ObjectPath(ObjectKey key, string? subresource = null)
    {
        if (key.Name.Length == 0) throw new ArgumentException($"{QualifiedName} needs a name.", nameof(key));
        if (Namespaced && key.Namespace.Length == 0)
            throw new ArgumentException($"{QualifiedName} \"{key.Name}\" needs a namespace.", nameof(key));
        var path = CollectionPath(key.Namespace) + "/" + Uri.EscapeDataString(key.Name);
        return string.IsNullOrEmpty(subresource) ? path : path + "/" + subresource;
    }

    /// <summary>The untyped descriptor of a resource known by its names alone (from discovery, a CRD, a user).</summary>
    public static KubernetesResource<KubernetesObject> Untyped(
        string group, string version, string plural, string kind, bool namespaced) =>
        new(group, version, plural, kind, namespaced, json => new KubernetesObject(json));

    public override string ToString() => $"{Plural}.{ApiVersion}";
}

/// <summary>A resource whose objects are read as <typeparamref name="T"/>.</summary>
public sealed record KubernetesResource<T>(
    string Group, string Version, string Plural, string Kind, bool Namespaced, Func<JsonObject, T> Wrap)
    : KubernetesResource(Group, Version, Plural, Kind, Namespaced)
    where T : KubernetesObject
{
    /// <summary>Reads one object. Items of a list carry no apiVersion and kind on the wire: they are put back.</summary>
    public T Decode(ReadOnlyMemory<byte> utf8)
    {
        if (JsonNode.Parse(utf8.Span) is not JsonObject json)
            throw new InvalidDataException($"{QualifiedName}: expected a JSON object.");
        json["apiVersion"] ??= ApiVersion;
        json["kind"] ??= Kind;
        return Wrap(json);
    }

    /// <summary>
    /// Reads one object to be kept, without <c>metadata.managedFields</c>: often half of it, and nothing a controller
    /// asks for. A write without the list leaves the server's as it is.
    /// </summary>
    public T DecodeTrimmed(ReadOnlyMemory<byte> utf8) => Decode(ListReader.WithoutManagedFields(utf8));

    /// <summary>A new object with this resource's apiVersion and kind.</summary>
    public T New(ObjectKey key)
    {
        var metadata = new JsonObject { ["name"] = key.Name };
        if (key.Namespace.Length > 0) metadata["namespace"] = key.Namespace;
        return Wrap(new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = Kind, ["metadata"] = metadata });
    }

    /// <summary>A deep copy that may be changed.</summary>
    public T Copy(T original) => Wrap(original.Json.Copied());

    public bool Equals(KubernetesResource<T>? other) => base.Equals(other);

    public override int GetHashCode() => base.GetHashCode();

    public override string ToString() => base.ToString();
}
