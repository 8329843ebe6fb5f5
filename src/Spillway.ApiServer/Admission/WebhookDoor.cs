using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spillway.ApiServer.Admission;

/// <summary>
/// Finds the place that a webhook's <c>clientConfig.service</c> means: its base address, or null when the embedded
/// cluster knows no such service. <c>clientConfig.url</c> needs no door.
/// </summary>
public delegate Uri? ServiceResolver(string serviceNamespace, string serviceName, int port);

/// <summary>
/// Calls webhooks: admission reviews and CRD conversions. Only ever outside of virtual time, since whoever answers
/// lives at wall speed.
/// </summary>
public sealed class WebhookDoor(ServiceResolver services) : IDisposable
{
    /// <summary>Chosen, not measured: more distinct authorities than any cluster has webhooks.</summary>
    private const int MostClients = 64;

    private const int MostBytes = 16 * 1024 * 1024;
    private readonly Dictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Posts a review and returns the answer's body; throws <see cref="WebhookUnreachable"/> when none comes.</summary>
    public async Task<JsonObject> PostAsync(
        JsonObject clientConfig, JsonObject review, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var (address, shown, host) = Locate(clientConfig, timeout);
        var client = Client(clientConfig.Text("caBundle") ?? "", host);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(review.ToJsonString(Json.Relaxed)));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await client.PostAsync(address, content, patience.Token);
            var body = await response.Content.ReadAsByteArrayAsync(patience.Token);
            if (!response.IsSuccessStatusCode)
            {
                var text = Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 500));
                throw new WebhookUnreachable(text.Length > 0
                    ? $"an error on the server (\"{text}\") has prevented the request from succeeding"
                    : $"the server responded with the status code {(int)response.StatusCode} but did not return more information");
            }

            return JsonNode.Parse(body) as JsonObject
                ?? throw new WebhookUnreachable("the answer is not a JSON object");
        }
        catch (HttpRequestException e)
        {
            throw new WebhookUnreachable($"Post \"{shown}\": {e.Message}");
        }
        catch (JsonException e)
        {
            throw new WebhookUnreachable($"Post \"{shown}\": {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebhookUnreachable($"Post \"{shown}\": context deadline exceeded");
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
        _clients.Clear();
    }

    /// <summary>Where to, how complaints name it, and the name its certificate must have (empty: that of the address).</summary>
    private (Uri Address, string Shown, string Host) Locate(JsonObject config, TimeSpan timeout)
    {
        var query = $"?timeout={(int)timeout.TotalSeconds}s";
        if (config.Text("url") is { } url)
        {
            return Uri.TryCreate(url + query, UriKind.Absolute, out var address)
                ? (address, url + query, "")
                : throw new WebhookUnreachable($"\"{url}\" is not a URL");
        }

        var service = config.Map("service")
            ?? throw new WebhookUnreachable("the client config names neither url nor service");
        var (space, name) = (service.Text("namespace") ?? "", service.Text("name") ?? "");
        var port = (int)(service.Number("port") ?? 443);
        var path = "/" + (service.Text("path") ?? "").TrimStart('/');
        var shown = $"https://{name}.{space}.svc:{port}{path}{query}";
        var found = services(space, name, port)
            ?? throw new WebhookUnreachable($"Post \"{shown}\": service \"{name}\" not found");
        return (new Uri(found, path + query), shown, $"{name}.{space}.svc");
    }

    private HttpClient Client(string caBundle, string host)
    {
        var key = host + "\n" + caBundle;
        lock (_lock)
        {
            if (_clients.TryGetValue(key, out var known)) return known;
            if (_clients.Count >= MostClients)
            {
                foreach (var old in _clients.Values) old.Dispose();
                _clients.Clear();
            }

            return _clients[key] = Make(caBundle, host);
        }
    }

    private static HttpClient Make(string caBundle, string host)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false };
        handler.SslOptions.TargetHost = host.Length > 0 ? host : null;
        if (caBundle.Length > 0)
        {
            var roots = new X509Certificate2Collection();
            try
            {
                roots.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(caBundle)));
            }
            catch (Exception e) when (e is FormatException or System.Security.Cryptography.CryptographicException)
            {
                throw new WebhookUnreachable("unable to load root certificates: unable to parse bytes as PEM block");
            }

            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                Trusts(roots, certificate as X509Certificate2, errors);
        }

        return new HttpClient(handler) { MaxResponseContentBufferSize = MostBytes, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The bundle's authorities replace the system's, and nothing else is forgiven.</summary>
    private static bool Trusts(X509Certificate2Collection roots, X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null
            || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        return chain.Build(certificate);
    }
}

/// <summary>No usable answer from a webhook, in the words the real server gives.</summary>
public sealed class WebhookUnreachable(string message) : Exception(message);
