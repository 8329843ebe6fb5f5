using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

public sealed class Namespace(JsonObject json) : KubernetesObject(json)
{
    public string Phase => Json.Text("status", "phase") ?? "Active";

    /// <summary>Namespaces are held by their spec's finalizers, not by the metadata's alone.</summary>
    public IEnumerable<string> SpecFinalizers => Json.TextsAt("spec", "finalizers");
}

/// <summary>An Event, of the core group (<c>involvedObject</c>) or of events.k8s.io (<c>regarding</c>).</summary>
public sealed class KubernetesEvent(JsonObject json) : KubernetesObject(json)
{
    public string Type => Json.Text("type") ?? "";

    public string Reason => Json.Text("reason") ?? "";

    public string Message => Json.Text("message") ?? Json.Text("note") ?? "";

    public int Count => Json.Integer("count") ?? Json.Integer("series", "count") ?? 1;

    public JsonObject? Regarding => Json.ObjectAt("involvedObject") ?? Json.ObjectAt("regarding");

    public DateTimeOffset? LastSeen =>
        Json.Time("lastTimestamp") ?? Json.Time("series", "lastObservedTime") ?? Json.Time("eventTime");
}

public sealed class ConfigMap(JsonObject json) : KubernetesObject(json)
{
    public IReadOnlyDictionary<string, string> Data => Json.MapAt("data");
}

public sealed class Secret(JsonObject json) : KubernetesObject(json)
{
    public string Type => Json.Text("type") ?? "Opaque";

    /// <summary>The decoded value, or null when the key is missing or is no base64.</summary>
    public byte[]? Value(string key)
    {
        if (Json.Text("data", key) is not { } text) return null;
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}

public sealed class Service(JsonObject json) : KubernetesObject(json)
{
    public string Type => Json.Text("spec", "type") ?? "ClusterIP";

    /// <summary>Empty when endpoints are kept by hand.</summary>
    public IReadOnlyDictionary<string, string> Selector => Json.MapAt("spec", "selector");

    public IEnumerable<JsonObject> Ports => Json.ObjectsAt("spec", "ports");

    public bool PublishesNotReady => Json.Flag("spec", "publishNotReadyAddresses") == true;
}

public sealed class EndpointSlice(JsonObject json) : KubernetesObject(json)
{
    public IEnumerable<JsonObject> Endpoints => Json.ObjectsAt("endpoints");
}

public sealed class ServiceAccount(JsonObject json) : KubernetesObject(json);

public sealed class ResourceQuota(JsonObject json) : KubernetesObject(json)
{
    public IReadOnlyDictionary<string, string> Hard => Json.MapAt("spec", "hard");

    public IEnumerable<string> Scopes => Json.TextsAt("spec", "scopes");
}

public sealed class PriorityClass(JsonObject json) : KubernetesObject(json)
{
    public int Value => Json.Integer("value") ?? 0;

    public bool IsGlobalDefault => Json.Flag("globalDefault") == true;

    /// <summary>False when pods of this class never push others out.</summary>
    public bool Preempts => Json.Text("preemptionPolicy") != "Never";
}

public sealed class CustomResourceDefinition(JsonObject json) : KubernetesObject(json)
{
    public string Group => Json.Text("spec", "group") ?? "";

    public string Plural => Json.Text("spec", "names", "plural") ?? "";

    public string ServedKind => Json.Text("spec", "names", "kind") ?? "";

    public bool IsNamespaced => Json.Text("spec", "scope") == "Namespaced";

    public bool IsEstablished => IsTrue("Established");
}
