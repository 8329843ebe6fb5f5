using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>
/// A Kubernetes object as a typed view over its JSON. The JSON is the truth: fields that this program does not know
/// survive every read, change and write.
/// </summary>
public class KubernetesObject(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string ApiVersion => Text("apiVersion") ?? "";

    public string Kind => Text("kind") ?? "";

    /// <summary>The metadata object; made when it is missing.</summary>
    public JsonObject Metadata => Child(Json, "metadata");

    public string Name => (string?)Metadata["name"] ?? "";

    /// <summary>Empty for a cluster-scoped object.</summary>
    public string Namespace => (string?)Metadata["namespace"] ?? "";

    public string Uid => (string?)Metadata["uid"] ?? "";

    public string ResourceVersion => (string?)Metadata["resourceVersion"] ?? "";

    public bool IsTerminating => Metadata["deletionTimestamp"] is not null;

    /// <summary>The named child object; made and attached when it is missing.</summary>
    protected static JsonObject Child(JsonObject parent, string key)
    {
        if (parent[key] is JsonObject child) return child;
        child = [];
        parent[key] = child;
        return child;
    }

    private string? Text(string key) => Json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
