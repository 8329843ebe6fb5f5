using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.Kubernetes;
using Spillway.Sandbox.Workloads;

namespace Spillway.Tests.ApiServer.Transcripts;

/// <summary>Asks a server everything a transcript asked a real one, over HTTPS, and tells where the answers differ.</summary>
internal sealed class Replay : IAsyncDisposable
{
    private static readonly string[] s_headers =
        ["Content-Type", "Warning", "Retry-After", "Cache-Control", "X-Content-Type-Options", "Vary", "Allow",
            "Location"];

    private readonly KubeApiServer _server;
    private readonly HttpFront _front;
    private readonly HttpClient _client;
    private readonly Names _names = new();
    private readonly InformerSet _informers;
    private readonly WorkloadControllers _controllers;

    private Replay(KubeApiServer server, HttpFront front)
    {
        _server = server;
        _front = front;
        // The recorded server had its controllers beside it: they collect garbage and furnish namespaces.
        var client = new KubernetesClient(server.Transport("kube-controller-manager"));
        _informers = new InformerSet(client, TimeProvider.System, new Random(3), NullLogger.Instance);
        _controllers = WorkloadControllers.Start(client, _informers, TimeProvider.System,
            new WorkloadOptions { RootCertificate = server.Pki.AuthorityPem }, NullLogger.Instance);
        _client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true }, PooledConnectionLifetime =
                TimeSpan.FromMinutes(5),
        })
        {
            BaseAddress = front.Address, Timeout = TimeSpan.FromSeconds(100),
        };
    }

    public KubeApiServer Server => _server;

    public static async Task<Replay> StartAsync()
    {
        var server = await KubeApiServer.OpenAsync(new KubeApiServerOptions
        {
            Time = TimeProvider.System,
            Random = new Random(7),
            Tokens = new Dictionary<string, Requester>(StringComparer.Ordinal)
            {
                ["admin-token"] = new("admin", "u1", ["system:masters"], new Dictionary<string,
                    IReadOnlyList<string>>(StringComparer.Ordinal)),
                ["user-token"] =
                    new("alice", "u4", ["dev"], new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)),
            },
        }, CancellationToken.None);
        var replay = new Replay(
            server, await HttpFront.StartAsync(server, new IPEndPoint(IPAddress.Loopback, 0), CancellationToken.None));
        foreach (var name in (string[])["default", "kube-node-lease", "kube-public", "kube-system"])
            await replay.FurnishAsync(new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        return replay;
    }

    /// <summary>Sends one exchange; null when the answer is alike, else the first difference.</summary>
    public async Task<string?> SendAsync(Exchange exchange)
    {
        var deadline = DateTimeOffset.MinValue;
        while (true)
        {
            var difference = await TryAsync(exchange);
            if (difference is null || exchange.Method != "GET") return difference;
            // Controllers work in between: a read is asked again for a while.
            if (deadline == DateTimeOffset.MinValue) deadline = TimeProvider.System.GetUtcNow() + Patience;
            if (TimeProvider.System.GetUtcNow() >= deadline) return difference;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <summary>How long a read is asked again: definitions are established beside the requests.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(1_500);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _controllers.DisposeAsync();
        await _informers.DisposeAsync();
        await _front.DisposeAsync();
        await _server.DisposeAsync();
    }

    /// <summary>Opens a recorded watch and returns the events it tells.</summary>
    public async Task<(int Status, List<JsonObject> Events)> WatchAsync(Exchange exchange, Func<Task> meanwhile)
    {
        using var request = Request(exchange);
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var events = new List<JsonObject>();
        if (!response.IsSuccessStatusCode)
        {
            await meanwhile();
            var text = await response.Content.ReadAsStringAsync();
            events.Add(text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : new JsonObject { ["text"] = text });
            return ((int)response.StatusCode, events);
        }
        var work = meanwhile();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
            if (line.Length > 0) events.Add(JsonNode.Parse(line)!.AsObject());
        await work;
        return ((int)response.StatusCode, events);
    }

    public void Learn(JsonNode? recorded, JsonNode? actual) => _names.Learn(recorded, actual);

    private async Task<string?> TryAsync(Exchange exchange)
    {
        using var request = Request(exchange);
        using var response = await _client.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var actual = Parse(response, bytes);
        _names.Learn(exchange.ResponseBody, actual);
        if (exchange is { Method: "POST", Path: "/api/v1/namespaces", Status: 201 }) await FurnishAsync(actual);
        if ((int)response.StatusCode != exchange.Status)
            return $"status {(int)response.StatusCode}, wanted {exchange.Status}: {Encoding.UTF8.GetString(bytes)[..Math.Min(400, bytes.Length)]}";
        return Headers(exchange, response) ?? Body(exchange, actual);
    }

    /// <summary>What the controllers put into a namespace, at once: the next request comes sooner than they do.</summary>
    private async Task FurnishAsync(JsonNode? created)
    {
        var space = (string?)created?["metadata"]?["name"];
        var api = _server.Transport("kube-controller-manager");
        foreach (var (resource, kind, name) in ((string, string, string)[])
            [("serviceaccounts", "ServiceAccount", "default"), ("configmaps", "ConfigMap", "kube-root-ca.crt")])
        {
            var item = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name },
            };
            if (kind == "ConfigMap")
            {
                item["data"] = new JsonObject { ["ca.crt"] = _server.Pki.AuthorityPem };
                item["metadata"]!["annotations"] = new JsonObject
                {
                    ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the kube-apiserver when using "
                        + "internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed "
                        + "across distributions of Kubernetes clusters.",
                };
            }
            await api.SendAsync(new KubernetesRequest("POST", $"/api/v1/namespaces/{space}/{resource}")
            {
                Body = Encoding.UTF8.GetBytes(item.ToJsonString()),
            }, CancellationToken.None);
        }
    }

    private HttpRequestMessage Request(Exchange exchange)
    {
        var request = new HttpRequestMessage(new HttpMethod(exchange.Method), _names.Translate(exchange.Path));
        if (exchange.RequestBody is { } body)
        {
            var text = body is JsonValue value && value.TryGetValue(out string? raw) ? raw
                : body is JsonObject { Count: 1 } only && only["text"] is JsonValue verbatim
                    ? verbatim.GetValue<string>()
                : body.ToJsonString();
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(_names.Translate(text)));
        }
        foreach (var (name, value) in exchange.RequestHeaders)
        {
            if (name == "Content-Type")
            {
                request.Content ??= new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation(name, (string?)value);
            }
            else request.Headers.TryAddWithoutValidation(name, (string?)value);
        }
        return request;
    }

    private static JsonNode? Parse(HttpResponseMessage response, byte[] bytes)
    {
        if (bytes.Length == 0) return null;
        if (bytes[0] is (byte)'{' or (byte)'[')
        {
            try
            {
                return JsonNode.Parse(bytes);
            }
            catch (JsonException)
            {
                return JsonValue.Create(Encoding.UTF8.GetString(bytes));
            }
        }
        return JsonValue.Create(Encoding.UTF8.GetString(bytes));
    }

    private static string? Headers(Exchange exchange, HttpResponseMessage response)
    {
        foreach (var name in s_headers)
        {
            var wanted = (string?)exchange.ResponseHeaders.FirstOrDefault(h =>
                h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
            var actual = Values(response.Headers, name) ?? Values(response.Content.Headers, name);
            // Of several warnings the recording kept the last.
            if (name == "Warning" && wanted is not null && actual?.EndsWith(wanted, StringComparison.Ordinal) == true)
                continue;
            if ((wanted ?? "") != (actual ?? "")) return $"header {name}: {actual}, wanted {wanted}";
        }
        return null;
    }

    private static string? Values(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private static string? Body(Exchange exchange, JsonNode? actual)
    {
        if (exchange.ResponseBody is null
            || (exchange.ResponseBody is JsonValue v && v.TryGetValue(out string? s) && s.Length == 0))
            return actual is null ? null : "a body, wanted none";
        // Long documents were cut when they were recorded: kind and status are all there is to compare.
        if (exchange.ResponseBody is JsonObject cut && cut.ContainsKey("_truncated"))
            return actual is null ? "no body" : null;
        return Normal.Difference(Normal.Form(exchange.ResponseBody), Normal.Form(actual));
    }
}
