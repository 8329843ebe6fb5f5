namespace Spillway.Kubernetes;

/// <summary>
/// The way to a Kubernetes API server: HTTP to a real one, or straight into an embedded server in the same process.
/// Whoever speaks through it cannot tell which.
/// </summary>
/// <remarks>
/// An answer with an error status is an answer: it is returned, not thrown. A transport throws
/// <see cref="HttpRequestException"/> when no answer came (refused, reset, TLS), and
/// <see cref="OperationCanceledException"/> when the caller gave up.
/// </remarks>
public interface IKubernetesTransport
{
    /// <summary>Sends one request. A watch or a followed log comes back as <see cref="KubernetesResponse.Lines"/>.</summary>
    Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken);
}

/// <summary>One request, in the words of HTTP.</summary>
/// <param name="Method">GET, POST, PUT, PATCH or DELETE.</param>
/// <param name="PathAndQuery">Absolute path with its escaped query, such as <c>/api/v1/pods?watch=1</c>.</param>
public sealed record KubernetesRequest(string Method, string PathAndQuery)
{
    /// <summary>UTF-8 body; empty for none.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Media type of the body, such as <c>application/merge-patch+json</c>.</summary>
    public string ContentType { get; init; } = "application/json";

    public string Accept { get; init; } = "application/json";

    /// <summary>True when the answer is a stream without an end of its own (watch, followed log).</summary>
    public bool Streaming { get; init; }
}

/// <summary>One answer. Dispose it when <see cref="Lines"/> is set: that ends the stream.</summary>
public sealed class KubernetesResponse : IAsyncDisposable
{
    private readonly Func<ValueTask>? _dispose;

    public KubernetesResponse(
        int status, ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string>? headers = null)
    {
        Status = status;
        Body = body;
        Headers = headers ?? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
    }

    public KubernetesResponse(int status, IAsyncEnumerable<ReadOnlyMemory<byte>> lines, Func<ValueTask>? dispose)
        : this(status, ReadOnlyMemory<byte>.Empty)
    {
        Lines = lines;
        _dispose = dispose;
    }

    public int Status { get; }

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The whole body; empty when <see cref="Lines"/> is set.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Header names compare without case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The stream's lines without their line ends, one watch event each; null for a whole answer.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Lines { get; }

    public ValueTask DisposeAsync() => _dispose?.Invoke() ?? ValueTask.CompletedTask;
}
