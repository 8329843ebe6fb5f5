using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.Core.Placement;
using Spillway.Kubernetes;
using Spillway.Sandbox.Scheduling;
using Spillway.Sandbox.Time;
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
    private readonly RecordedClock _clock;
    private readonly WallLoop _loop = new("replay");
    private readonly Stack<IAsyncDisposable> _beside = new();

    private Replay(KubeApiServer server, HttpFront front, RecordedClock clock)
    {
        _server = server;
        _front = front;
        _clock = clock;
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

    public static async Task<Replay> StartAsync(RecordedClock clock)
    {
        var server = await KubeApiServer.OpenAsync(new KubeApiServerOptions
        {
            Time = clock,
            Random = new Random(7),
            Tokens = new Dictionary<string, Requester>(StringComparer.Ordinal)
            {
                ["admin-token"] = new("admin", "u1", ["system:masters"], new Dictionary<string,
                    IReadOnlyList<string>>(StringComparer.Ordinal)),
                ["user-token"] =
                    new("alice", "u4", ["dev"], new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)),
            },
        }, CancellationToken.None);
        var front = await HttpFront.StartAsync(server, new IPEndPoint(IPAddress.Loopback, 0), CancellationToken.None);
        var replay = new Replay(server, front, clock);
        await replay._loop.RunAsync(replay.StartBesideAsync);
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
            if (exchange.Method != "GET")
            {
                // The recording's pace: what a write sets off beside the server is done before the next request.
                await Task.Delay(Beat, TimeProvider.System);
                return difference;
            }
            if (difference is null) return null;
            // Controllers work in between: a read is asked again for a while.
            if (deadline == DateTimeOffset.MinValue) deadline = TimeProvider.System.GetUtcNow() + Patience;
            if (TimeProvider.System.GetUtcNow() >= deadline) return difference;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <summary>The pause after a write, as when the reproducible exchanges were told from the others.</summary>
    private static TimeSpan Beat { get; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a read is asked again: definitions are established beside the requests.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _loop.RunAsync(async () =>
        {
            while (_beside.TryPop(out var part)) await part.DisposeAsync();
        });
        _loop.Dispose();
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

    /// <summary>The recorded server had its controllers and a scheduler beside it.</summary>
    private async Task StartBesideAsync()
    {
        var client = new KubernetesClient(_server.Transport("kube-controller-manager"));
        var informers = new InformerSet(client, _clock, new Random(3), NullLogger.Instance);
        _beside.Push(informers);
        var options = new WorkloadOptions
        {
            RootCertificate = _server.Pki.AuthorityPem,
            RefreshQuotas = async (ns, stop) => await _server.Quotas.RefreshAsync(ns, stop),
        };
        _beside.Push(WorkloadControllers.Start(client, informers, _clock, options, NullLogger.Instance));
        var scheduler = new Scheduler(new KubernetesClient(_server.Transport("kube-scheduler")), _clock,
            new PlacementOptions(), seed: 5, NullLogger.Instance);
        _beside.Push(scheduler);
        await scheduler.StartAsync(CancellationToken.None);
    }

    private async Task<string?> TryAsync(Exchange exchange)
    {
        _clock.Follow(exchange);
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
        // A server cuts a long prefix to make room for its five random characters.
        var prefix = (string?)(exchange.RequestBody as JsonObject)?["metadata"]?["generateName"] ?? "";
        if (prefix.Length > 58) prefix = prefix[..58];
        return Normal.Difference(
            Normal.Form(exchange.ResponseBody, prefix: prefix), Normal.Form(actual, prefix: prefix));
    }
}
