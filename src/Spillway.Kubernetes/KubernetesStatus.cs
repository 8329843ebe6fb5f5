using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.Kubernetes;

/// <summary>What a server says when it refuses: the Status object of an answer.</summary>
public sealed class KubernetesStatus(int code, JsonObject json)
{
    public int Code { get; } = code;

    public JsonObject Json { get; } = json;

    /// <summary>Machine-readable reason such as <c>NotFound</c>, <c>Conflict</c>, <c>Invalid</c>; empty when unsaid.</summary>
    public string Reason => Json.Text("reason") ?? "";

    public string Message => Json.Text("message") ?? $"HTTP {Code}";

    public TimeSpan? RetryAfter =>
        Json.Integer("details", "retryAfterSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Reads an answer's body; a body that is no Status (a proxy's page) becomes the message.</summary>
    public static KubernetesStatus Read(KubernetesResponse response)
    {
        var json = TryParse(response.Body);
        if (json?.Text("kind") != "Status")
        {
            var text = Encoding.UTF8.GetString(response.Body.Span[..Math.Min(response.Body.Length, 500)]).Trim();
            json = new JsonObject
            {
                ["kind"] = "Status",
                ["status"] = "Failure",
                ["code"] = response.Status,
                ["message"] = text.Length > 0 ? text : $"HTTP {response.Status}",
            };
        }

        if (json.At("details", "retryAfterSeconds") is null
            && response.Headers.TryGetValue("Retry-After", out var after)
            && int.TryParse(after, out var seconds))
            json.Ensure("details")["retryAfterSeconds"] = seconds;
        return new KubernetesStatus(response.Status, json);
    }

    private static JsonObject? TryParse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return body.IsEmpty ? null : JsonNode.Parse(body.Span) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public override string ToString() => $"{Code} {Reason}: {Message}";
}

/// <summary>A refusal that the caller did not expect as an outcome: forbidden, invalid, too many requests, a server's failure.</summary>
public sealed class KubernetesStatusException(string action, KubernetesStatus status)
    : Exception($"{action}: {status.Message} ({status.Code})")
{
    public KubernetesStatus Status { get; } = status;
}

/// <summary>How a write ended. What callers must be ready for is a case; everything else is a <see cref="KubernetesStatusException"/>.</summary>
public abstract record WriteResult<T> where T : KubernetesObject
{
    private WriteResult() { }

    /// <summary>Stored; the object is as the server answered it.</summary>
    public sealed record Written(T Object) : WriteResult<T>;

    /// <summary>Somebody else wrote first, or another field manager owns a field, or a precondition failed.</summary>
    public sealed record Conflict(KubernetesStatus Status) : WriteResult<T>;

    public sealed record AlreadyExists(KubernetesStatus Status) : WriteResult<T>;

    /// <summary>The object, its namespace or its resource is not there.</summary>
    public sealed record NotFound(KubernetesStatus Status) : WriteResult<T>;

    /// <summary>The stored object, or null when nothing was written.</summary>
    public T? Value => (this as Written)?.Object;

    /// <summary>The refusal, or null when it was written.</summary>
    public KubernetesStatus? Refusal => this switch
    {
        Conflict c => c.Status,
        AlreadyExists a => a.Status,
        NotFound n => n.Status,
        _ => null,
    };

    /// <summary>The stored object; throws for any other outcome, for callers to whom none is expected.</summary>
    public T OrThrow() => Value ?? throw new KubernetesStatusException("write", Refusal!);
}

/// <summary>How an eviction ended.</summary>
public abstract record EvictionResult
{
    private EvictionResult() { }

    public sealed record Evicted : EvictionResult;

    /// <summary>A disruption budget does not allow it now.</summary>
    public sealed record Blocked(KubernetesStatus Status) : EvictionResult;

    public sealed record NotFound : EvictionResult;

    /// <summary>The pod is another one than the precondition named, or has just changed.</summary>
    public sealed record Conflict(KubernetesStatus Status) : EvictionResult;
}
