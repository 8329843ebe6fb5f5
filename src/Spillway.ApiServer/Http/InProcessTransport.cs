using System.Runtime.CompilerServices;
using Spillway.ApiServer.Admission;
using Spillway.Kubernetes;

namespace Spillway.ApiServer.Http;

/// <summary>Calls the server without a wire, as a given user. With a store in memory it answers before it returns.</summary>
public sealed class InProcessTransport(KubeApiServer server, Requester user, string agent) : IKubernetesTransport
{
    public async Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken)
    {
        var at = request.PathAndQuery.IndexOf('?');
        var response = await server.HandleAsync(new ApiRequest
        {
            Method = request.Method,
            Path = at < 0 ? request.PathAndQuery : request.PathAndQuery[..at],
            Query = at < 0 ? Query.Empty : Query.Parse(request.PathAndQuery.AsSpan(at)),
            Header = name => Header(request, name),
            Body = request.Body,
            User = user,
        }, cancellationToken);
        if (response.Lines is { } lines)
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            return new KubernetesResponse(response.Status, Until(lines, stop.Token), () =>
            {
                stop.Cancel();
                stop.Dispose();
                return ValueTask.CompletedTask;
            });
        }
        return new KubernetesResponse(response.Status, response.JoinBody(), Headers(response));
    }

    private string? Header(KubernetesRequest request, string name) => name switch
    {
        "Accept" => request.Accept,
        "Content-Type" => request.Body.IsEmpty ? null : request.ContentType,
        "User-Agent" => agent,
        _ => null,
    };

    private static Dictionary<string, string> Headers(ApiResponse response)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["Content-Type"] = response.ContentType,
        };
        foreach (var (name, value) in response.Headers)
            headers[name] = headers.TryGetValue(name, out var before) ? before + "," + value : value;
        return headers;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Until(
        IAsyncEnumerable<ReadOnlyMemory<byte>> lines, [EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var line in lines.WithCancellation(stop)) yield return line;
    }
}
