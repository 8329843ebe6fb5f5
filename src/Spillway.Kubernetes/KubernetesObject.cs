using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>
/// A Kubernetes object as a typed view over its JSON. The JSON is the truth: fields that this program does not know
/// survive every read, change and write.
/// </summary>
/// <remarks>An object from an informer's store is shared: copy it before changing it (<see cref="KubernetesResource{T}.Copy"/>).</remarks>
public class KubernetesObject(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string ApiVersion => Json.Text("apiVersion") ?? "";

    public string Kind => Json.Text("kind") ?? "";

    /// <summary>The metadata object; made when it is missing.</summary>
    public JsonObject Metadata => Json.Ensure("metadata");

    public string Name => Json.Text("metadata", "name") ?? "";

    /// <summary>Empty for a cluster-scoped object.</summary>
    public string Namespace => Json.Text("metadata", "namespace") ?? "";

    public ObjectKey Key => new(Namespace, Name);

    public string Uid => Json.Text("metadata", "uid") ?? "";

    public string ResourceVersion => Json.Text("metadata", "resourceVersion") ?? "";

    public long Generation => Json.Long("metadata", "generation") ?? 0;

    public DateTimeOffset? CreatedAt => Json.Time("metadata", "creationTimestamp");

    public DateTimeOffset? DeletedAt => Json.Time("metadata", "deletionTimestamp");

    public bool IsTerminating => Json.At("metadata", "deletionTimestamp") is not null;

    public IReadOnlyDictionary<string, string> Labels => Json.MapAt("metadata", "labels");

    public IReadOnlyDictionary<string, string> Annotations => Json.MapAt("metadata", "annotations");

    public IEnumerable<string> Finalizers => Json.TextsAt("metadata", "finalizers");

    public IEnumerable<OwnerReference> Owners =>
        Json.ObjectsAt("metadata", "ownerReferences").Select(o => new OwnerReference(o));

    /// <summary>The one owner that manages this object, or null.</summary>
    public OwnerReference? Controller
    {
        get
        {
            foreach (var owner in Owners)
            {
                if (owner.IsController) return owner;
            }

            return null;
        }
    }

    /// <summary>The spec, or null when there is none.</summary>
    public JsonObject? Spec => Json.ObjectAt("spec");

    /// <summary>The status, or null when there is none yet.</summary>
    public JsonObject? Status => Json.ObjectAt("status");

    public IEnumerable<Condition> Conditions => Json.ObjectsAt("status", "conditions").Select(c => new Condition(c));

    public string? Label(string key) => Json.Text("metadata", "labels", key);

    public string? Annotation(string key) => Json.Text("metadata", "annotations", key);

    public Condition? FindCondition(string type)
    {
        foreach (var condition in Json.ObjectsAt("status", "conditions"))
        {
            if (condition.Text("type") == type) return new Condition(condition);
        }

        return null;
    }

    public bool IsTrue(string conditionType) => FindCondition(conditionType)?.Status == "True";

    /// <summary>The named child object; made and attached when it is missing.</summary>
    protected static JsonObject Child(JsonObject parent, string key) => parent.Ensure(key);

    public override string ToString() => $"{Kind} {Key}";
}

/// <summary>Where an object is: its namespace (empty for cluster-scoped ones) and name.</summary>
public readonly record struct ObjectKey(string Namespace, string Name) : IComparable<ObjectKey>
{
    /// <summary>The key of a cluster-scoped object.</summary>
    public static ObjectKey Cluster(string name) => new("", name);

    public int CompareTo(ObjectKey other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }

    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}

/// <summary>A view over one entry of <c>metadata.ownerReferences</c>.</summary>
public sealed class OwnerReference(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string ApiVersion => Json.Text("apiVersion") ?? "";

    public string Kind => Json.Text("kind") ?? "";

    public string Name => Json.Text("name") ?? "";

    public string Uid => Json.Text("uid") ?? "";

    public bool IsController => Json.Flag("controller") == true;

    public bool BlocksDeletion => Json.Flag("blockOwnerDeletion") == true;

    /// <summary>Group of the owner; empty for the core group.</summary>
    public string Group => ApiVersion.IndexOf('/') is var slash and > 0 ? ApiVersion[..slash] : "";

    /// <summary>A reference that makes the owner the managing controller of the object that holds it.</summary>
    public static JsonObject ToController(KubernetesResource resource, KubernetesObject owner) => new()
    {
        ["apiVersion"] = resource.ApiVersion,
        ["kind"] = resource.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };
}

/// <summary>A view over one entry of <c>status.conditions</c>.</summary>
public sealed class Condition(JsonObject json)
{
    public JsonObject Json { get; } = json;

    public string Type => Json.Text("type") ?? "";

    public string Status => Json.Text("status") ?? "";

    public string Reason => Json.Text("reason") ?? "";

    public string Message => Json.Text("message") ?? "";

    public DateTimeOffset? LastTransition => Json.Time("lastTransitionTime");

    /// <summary>
    /// Puts the condition into the list, replacing one of its type. The transition time moves only when the status
    /// changes. False when nothing changed.
    /// </summary>
    public static bool Set(JsonArray conditions, ConditionState state, DateTimeOffset now)
    {
        foreach (var entry in conditions)
        {
            if (entry is not JsonObject existing || existing.Text("type") != state.Type) continue;
            if (existing.Text("status") == state.Status && (existing.Text("reason") ?? "") == state.Reason
                && (existing.Text("message") ?? "") == state.Message)
                return false;
            if (existing.Text("status") != state.Status) existing["lastTransitionTime"] = KubernetesJson.Timestamp(now);
            Write(existing, state);
            return true;
        }

        var added = new JsonObject { ["type"] = state.Type, ["status"] = state.Status };
        Write(added, state);
        added["lastTransitionTime"] = KubernetesJson.Timestamp(now);
        conditions.Add(added);
        return true;
    }

    private static void Write(JsonObject target, ConditionState state)
    {
        target["status"] = state.Status;
        SetOrRemove(target, "reason", state.Reason);
        SetOrRemove(target, "message", state.Message);
    }

    private static void SetOrRemove(JsonObject target, string key, string value)
    {
        if (value.Length > 0) target[key] = value;
        else target.Remove(key);
    }
}

/// <summary>What a condition should say.</summary>
/// <param name="Status">True, False or Unknown.</param>
public sealed record ConditionState(string Type, string Status, string Reason = "", string Message = "");
