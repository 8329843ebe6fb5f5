using Spillway.ApiServer.Http;

namespace Spillway.ApiServer.Registry;

/// <summary>A request for a container's log.</summary>
public sealed record LogRequest(string Namespace, string Pod, string Container)
{
    public bool Follow { get; init; }

    public bool Previous { get; init; }

    public bool Timestamps { get; init; }

    /// <summary>Only the last lines; null for all.</summary>
    public int? TailLines { get; init; }

    /// <summary>Only lines since then; null for all.</summary>
    public DateTimeOffset? Since { get; init; }
}

/// <summary>Gives a container's log line by line; ends when the log does, or with a followed container.</summary>
public delegate IAsyncEnumerable<ReadOnlyMemory<byte>> LogSource(
    LogRequest request, CancellationToken cancellationToken);

/// <summary>Answers a request for metrics.k8s.io (nodes or pods) with a JSON body; null for "no such object".</summary>
public delegate ValueTask<System.Text.Json.Nodes.JsonObject?> MetricsSource(
    RequestTarget target, Query query, CancellationToken cancellationToken);

/// <summary>What the API server hands on to the rest of a cluster, set by whoever runs one.</summary>
public sealed class ClusterHooks
{
    /// <summary>Null while nothing runs containers: logs answer 503 then.</summary>
    public LogSource? Logs { get; set; }

    /// <summary>Null while nothing measures: metrics.k8s.io is not served then.</summary>
    public MetricsSource? Metrics { get; set; }

    /// <summary>Told about requests that failed for a reason inside the server.</summary>
    public Action<string, Exception>? OnFailure { get; set; }

    /// <summary>Told when a write could not be made durable: the disk is full or the state folder is gone.</summary>
    public Action<Exception>? OnUnwritable { get; set; }

    internal void Failed(ApiRequest request, Exception failure) =>
        OnFailure?.Invoke($"{request.Method} {request.Path}", failure);

    internal async ValueTask<ApiResponse> MetricsAsync(
        RequestTarget target, ApiRequest request, CancellationToken cancellationToken)
    {
        if (Metrics is not { } source) return ApiResponse.Text(404, "404 page not found\n");
        var body = await source(target, request.Query, cancellationToken);
        if (body is null) throw ApiFailure.NotFound(target.Group, target.Resource, target.Name);
        return ApiResponse.Of(200, body);
    }
}
