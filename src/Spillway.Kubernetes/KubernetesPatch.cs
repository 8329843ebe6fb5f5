using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>A change of an object in one of the patch formats.</summary>
public sealed record KubernetesPatch
{
    private KubernetesPatch(string contentType, JsonNode body)
    {
        ContentType = contentType;
        Body = body;
    }

    public string ContentType { get; }

    public JsonNode Body { get; }

    /// <summary>RFC 6902: a list of operations.</summary>
    public static KubernetesPatch Json(JsonArray operations) => new("application/json-patch+json", operations);

    /// <summary>RFC 7396: null removes, lists are replaced.</summary>
    public static KubernetesPatch Merge(JsonObject change) => new("application/merge-patch+json", change);

    /// <summary>Lists with a merge key are merged by it; not for custom resources.</summary>
    public static KubernetesPatch Strategic(JsonObject change) => new("application/strategic-merge-patch+json", change);

    /// <summary>Server-side apply: what this field manager wants and nothing else.</summary>
    public static KubernetesPatch Apply(JsonObject wanted) => new("application/apply-patch+yaml", wanted);
}

/// <summary>How to write. The defaults are the server's.</summary>
public sealed record WriteOptions
{
    public static WriteOptions None { get; } = new();

    /// <summary>Writes the object's status only.</summary>
    public static WriteOptions OnStatus { get; } = new() { Subresource = "status" };

    public string? Subresource { get; init; }

    public string? FieldManager { get; init; }

    /// <summary>Take over fields that another manager applied.</summary>
    public bool Force { get; init; }

    /// <summary>Check everything, store nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Ignore, Warn or Strict.</summary>
    public string? FieldValidation { get; init; }

    internal string Query()
    {
        var query = new QueryText();
        query.Add("fieldManager", FieldManager);
        query.Add("force", Force ? "true" : null);
        query.Add("dryRun", DryRun ? "All" : null);
        query.Add("fieldValidation", FieldValidation);
        return query.ToString();
    }
}

/// <summary>What becomes of an object's dependents.</summary>
public enum DeletePropagation { Background, Foreground, Orphan }

/// <summary>How to delete.</summary>
public sealed record DeleteOptions
{
    public static DeleteOptions None { get; } = new();

    /// <summary>Null leaves it to the server (background for nearly all kinds).</summary>
    public DeletePropagation? Propagation { get; init; }

    /// <summary>Seconds a pod may take to stop; 0 removes it now. Null for the object's own.</summary>
    public int? GracePeriodSeconds { get; init; }

    /// <summary>Delete only the object with this uid.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only this version of the object.</summary>
    public string? ResourceVersion { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "DeleteOptions" };
        if (Propagation is { } propagation) json["propagationPolicy"] = propagation.ToString();
        if (GracePeriodSeconds is { } grace) json["gracePeriodSeconds"] = grace;
        if (Uid is not null) json.Ensure("preconditions")["uid"] = Uid;
        if (ResourceVersion is not null) json.Ensure("preconditions")["resourceVersion"] = ResourceVersion;
        return json;
    }
}
