using System.IO.Pipelines;
using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Runtime.CompilerServices;

namespace Spillway.Kubernetes;

/// <summary>The way to a real API server: HTTP/2 over TLS where the server speaks it, HTTP/1.1 otherwise.</summary>
/// <remarks>
/// A 429 or 503 with Retry-After is waited out up to ten times, as client-go does, except for evictions: there 429 is
/// the answer, a disruption budget. A 401 makes fresh credentials, once.
/// </remarks>
public sealed class HttpTransport : IKubernetesTransport, IDisposable
{
    private const int MaxRetries = 10;
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);
    private readonly HttpClient _client;
    private readonly Credentials _credentials;
    private readonly TimeProvider _time;
    private readonly string _root;

    public HttpTransport(Kubeconfig config, TimeProvider time)
    {
        _time = time;
        _credentials = new Credentials(config.User, time);
        _root = config.Cluster.Server.ToString().TrimEnd('/');
        _client = new HttpClient(Handler(config.Cluster, _credentials), disposeHandler: true)
        {
            // A watch lives as long as it lives; requests are bounded by their caller's token.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("spillway", "0.1"));
    }

    public async Task<KubernetesResponse> SendAsync(KubernetesRequest request, CancellationToken cancellationToken)
    {
        var refreshed = false;
        for (var attempt = 0; ; attempt++)
        {
            var answer = await SendOnceAsync(request, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.Unauthorized && _credentials.CanRefresh && !refreshed)
            {
                refreshed = true;
                _credentials.Expire();
                answer.Dispose();
                continue;
            }

            if (attempt < MaxRetries && RetryAfter(request, answer) is { } pause)
            {
                answer.Dispose();
                await Task.Delay(pause, _time, cancellationToken);
                continue;
            }

            return await ReadAsync(request, answer, cancellationToken);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _credentials.Dispose();
    }

    private static SocketsHttpHandler Handler(KubeCluster cluster, Credentials credentials)
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = cluster.TlsServerName,
            LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Certificate!,
        };
        if (cluster.SkipTlsVerification)
        {
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (cluster.Authorities is { } authorities)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return new SocketsHttpHandler
        {
            SslOptions = tls,
            Proxy = cluster.Proxy is null ? null : new WebProxy(cluster.Proxy),
            UseProxy = cluster.Proxy is not null || !cluster.Server.IsLoopback,
            AutomaticDecompression = DecompressionMethods.GZip,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(30),

            // A watch may be silent for minutes; without pings a dead peer would look the same.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        };
    }

    private async Task<HttpResponseMessage> SendOnceAsync(
        KubernetesRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), _root + request.PathAndQuery);
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.Authorization = await _credentials.HeaderAsync(cancellationToken);
        if (!request.Body.IsEmpty)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(request.ContentType);
        }

        return await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static TimeSpan? RetryAfter(KubernetesRequest request, HttpResponseMessage answer)
    {
        if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)) return null;
        if (request.PathAndQuery.Contains("/eviction") || answer.Headers.RetryAfter?.Delta is not { } pause)
            return null;
        return pause > LongestRetryAfter ? LongestRetryAfter : pause;
    }

    private static async Task<KubernetesResponse> ReadAsync(
        KubernetesRequest request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (request.Streaming && answer.IsSuccessStatusCode)
        {
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            return new KubernetesResponse((int)answer.StatusCode, ReadLinesAsync(body, cancellationToken), () =>
            {
                answer.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        using (answer)
        {
            var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            return new KubernetesResponse((int)answer.StatusCode, bytes, Headers(answer));
        }
    }

    private static Dictionary<string, string> Headers(HttpResponseMessage answer)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in answer.Headers) headers[name] = string.Join(", ", values);
        foreach (var (name, values) in answer.Content.Headers) headers[name] = string.Join(", ", values);
        return headers;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        Stream body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
        try
        {
            while (true)
            {
                var read = await pipe.ReadAsync(cancellationToken);
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return rest.Slice(0, end).ToArray();
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (read.IsCompleted)
                {
                    if (!rest.IsEmpty) yield return rest.ToArray();
                    yield break;
                }

                pipe.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }
}
