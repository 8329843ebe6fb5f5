using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;

namespace Spillway.Benchmarks.ApiServer;

/// <summary>
/// Measures the API server as clients see it: a process of its own, HTTPS, durable state. <c>-- apiserver</c> prints a table.
/// </summary>
internal static class ApiServerLoad
{
    private const int Clients = 16;
    private const string Maps = "/api/v1/namespaces/default/configmaps";
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(8);

    /// <summary>The server's side: <c>-- apiserver-serve FOLDER PORT</c>.</summary>
    public static async Task ServeAsync(string folder, int port)
    {
        await using var server = await KubeApiServer.OpenAsync(new KubeApiServerOptions
        {
            StateFolder = folder,
            Time = TimeProvider.System,
            Random = new Random(1),
            Tokens = new Dictionary<string, Requester>(StringComparer.Ordinal)
            {
                ["bench"] = new("bench", "system:masters"),
            },
        }, CancellationToken.None);
        await using var front =
            await HttpFront.StartAsync(server, new IPEndPoint(IPAddress.Loopback, port), CancellationToken.None);
        await Console.Out.WriteLineAsync("ready " + front.Address);
        // The parent holds the other end of standard input; its end is ours.
        await Console.In.ReadToEndAsync();
    }

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("spillway-bench-").FullName;
        var watch = Stopwatch.StartNew();
        using var process = Start(folder);
        var address = (await process.StandardOutput.ReadLineAsync())!["ready ".Length..];
        Row("ready after start", watch.Elapsed.TotalMilliseconds, "ms");
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
        Row("memory when idle", Resident(process), "MiB");
        var clients = Enumerable.Range(0, Clients).Select(_ => Client(address)).ToArray();
        // What is compared runs for days: the just-in-time compiler's work is not part of it.
        await AllAsync(clients, s_length, (client, c, n) =>
            SendAsync(client, HttpMethod.Post, Maps, Map($"warm-{c}-{n}", new string('x', 900))));
        await WritesAsync(clients);
        await ReadsAsync(clients);
        await WatchesAsync(address, clients);
        await ScaleAsync(clients, process);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static Process Start(string folder) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
    {
        UseShellExecute = false,
        ArgumentList = { "apiserver-serve", folder, "0" }, RedirectStandardOutput = true, RedirectStandardInput = true,
    })!;

    private static HttpClient Client(string address)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        })
        {
            BaseAddress = new Uri(address), Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.Add("Authorization", "Bearer bench");
        return client;
    }

    private static async Task WritesAsync(HttpClient[] clients)
    {
        var counts = await AllAsync(clients, s_length, (client, c, n) =>
            SendAsync(client, HttpMethod.Post, Maps, Map($"w-{c}-{n}", new string('x', 900))));
        Row("durable writes, 16 clients", counts / s_length.TotalSeconds, "/s");
    }

    private static async Task ReadsAsync(HttpClient[] clients)
    {
        var counts = await AllAsync(clients, s_length, (client, c, n) =>
            SendAsync(client, HttpMethod.Get, $"{Maps}/w-{c}-{n % 50}", null));
        Row("reads, 16 clients", counts / s_length.TotalSeconds, "/s");
    }

    private static async Task WatchesAsync(string address, HttpClient[] clients)
    {
        await SendAsync(clients[0], HttpMethod.Post, Maps, Map("watched", "0"));
        using var stop = new CancellationTokenSource();
        var delays = new List<double>[100];
        var watchers = new Task[100];
        var client = Client(address);
        for (var i = 0; i < watchers.Length; i++) watchers[i] = FollowAsync(client, delays[i] = [], stop.Token);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        for (var n = 0; n < 100; n++)
        {
            var stamp = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);
            await SendAsync(clients[0], HttpMethod.Patch, Maps + "/watched", $$$"""{"data":{"k":"{{{stamp}}}"}}""");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await stop.CancelAsync();
        await Task.WhenAll(watchers);
        var all = delays.SelectMany(d => d).Order().ToArray();
        Row("watch event at 100 watchers, median", all[all.Length / 2], "ms");
        Row("watch event at 100 watchers, 99 %", all[all.Length * 99 / 100], "ms");
    }

    private static async Task FollowAsync(HttpClient client, List<double> delays, CancellationToken stop)
    {
        try
        {
            using var response = await client.GetAsync(
                Maps + "?watch=1&fieldSelector=metadata.name%3Dwatched", HttpCompletionOption.ResponseHeadersRead,
                    stop);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(stop));
            while (await reader.ReadLineAsync(stop) is { } line)
            {
                var now = Stopwatch.GetTimestamp();
                var at = line.IndexOf("\"k\":\"", StringComparison.Ordinal);
                if (at < 0 || !line.Contains("MODIFIED", StringComparison.Ordinal)) continue;
                var sent =
                    long.Parse(line.AsSpan(at + 5, line.IndexOf('"', at + 5) - at - 5), CultureInfo.InvariantCulture);
                delays.Add(Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The measurement is over.
        }
    }

    private static async Task ScaleAsync(HttpClient[] clients, Process server)
    {
        await SendAsync(clients[0], HttpMethod.Post, "/api/v1/namespaces/default/serviceaccounts",
            """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}""");
        var clock = Stopwatch.StartNew();
        await FillAsync(clients, 5_000, n => ("/api/v1/nodes", Node(n)));
        await FillAsync(clients, 50_000, n => ("/api/v1/namespaces/default/pods", Pod(n)));
        Row("5,000 nodes and 50,000 pods created in", clock.Elapsed.TotalSeconds, "s");
        Row("memory with them", Resident(server), "MiB");
    }

    private static Task FillAsync(HttpClient[] clients, int count, Func<int, (string Path, string Body)> make)
    {
        var next = 0;
        return Task.WhenAll(clients.Select(async client =>
        {
            for (var n = Interlocked.Increment(ref next); n <= count; n = Interlocked.Increment(ref next))
            {
                var (path, body) = make(n);
                await SendAsync(client, HttpMethod.Post, path, body);
            }
        }));
    }

    private static async Task<long> AllAsync(
        HttpClient[] clients, TimeSpan length, Func<HttpClient, int, int, Task> act)
    {
        var clock = Stopwatch.StartNew();
        var counts = await Task.WhenAll(clients.Select(async (client, index) =>
        {
            var count = 0;
            while (clock.Elapsed < length) await act(client, index, count++);
            return (long)count;
        }));
        return counts.Sum();
    }

    private static async Task SendAsync(HttpClient client, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8,
                method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        }
        using var response = await client.SendAsync(request);
        if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.Conflict) return;
        throw new InvalidOperationException($"{method} {path}: {await response.Content.ReadAsStringAsync()}");
    }

    private static string Map(string name, string value) =>
        $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}"},"data":{"k":"{{value}}"} }""";

    private static string Node(int n) => $$$"""
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"node-{{{n}}}","labels":{"zone":"z{{{n % 3}}}"}},
         "status":{"capacity":{"cpu":"32","memory":"128Gi","pods":"110"},"allocatable":{"cpu":"32","memory":"128Gi","pods":"110"} } }
        """;

    private static string Pod(int n) => $$$"""
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"pod-{{{n}}}","labels":{"app":"a{{{n % 100}}}","tier":"batch"}},
         "spec":{"nodeName":"node-{{{n % 5000 + 1}}}","containers":[{"name":"main","image":"registry.example.com/team/app:1.2.3",
           "args":["--input","s3://bucket/{{{n}}}"],"env":[{"name":"N","value":"{{{n}}}"}],
           "resources":{"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"memory":"2Gi"} } }]} }
        """;

    private static double Resident(Process process)
    {
        var line =
            File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }

    private static void Row(string what, double value, string unit) =>
        Console.WriteLine($"| {what} | {value.ToString("#,0.##", CultureInfo.InvariantCulture)} {unit} |");
}
