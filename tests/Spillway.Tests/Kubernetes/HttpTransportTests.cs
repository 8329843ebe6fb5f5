using System.Text;
using Microsoft.AspNetCore.Http;
using Spillway.Kubernetes;

namespace Spillway.Tests.Kubernetes;

public sealed class HttpTransportTests : IDisposable
{
    private static readonly KubernetesRequest Get = new("GET", "/api/v1/pods");
    private readonly string _folder = Directory.CreateTempSubdirectory("spillway-kube").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_client_certificate_proves_the_user_and_the_cluster_is_checked_against_its_authority()
    {
        await using var api =
            await TlsApi.StartAsync(c => c.Response.WriteAsync(c.Connection.ClientCertificate?.Subject ?? "nobody"));
        using var mine = api.Authority.Issue("me", server: false);
        File.WriteAllText(Path.Combine(_folder, "me.crt"), mine.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "me.key"), Authority.KeyPem(mine));
        var config = Kubeconfig.Load(api.Kubeconfig(_folder, "{client-certificate: me.crt, client-key: me.key}"));
        config.Namespace.ShouldBe("lab");

        (await SendAsync(config)).ShouldBe("CN=me");

        var stranger = config with { Cluster = config.Cluster with { Authorities = Authorities(new Authority()) } };
        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(stranger));
    }

    [Fact]
    public async Task A_plugin_is_asked_once_until_its_token_expires_or_is_refused()
    {
        var accepted = "t1";
        await using var api = await TlsApi.StartAsync(c =>
        {
            var token = c.Request.Headers.Authorization.ToString();
            if (token != "Bearer " + accepted) c.Response.StatusCode = 401;
            return c.Response.WriteAsync(token);
        });
        Script("login", """
            n=$(( $(cat "$COUNT" 2>/dev/null || echo 0) + 1 )); echo $n > "$COUNT"
            case "$KUBERNETES_EXEC_INFO" in *'"server":"https://'*) ;; *) echo "no cluster" >&2; exit 3;; esac
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$1$n'"}}'
            """);
        var count = Path.Combine(_folder, "count");
        var config = Kubeconfig.Load(api.Kubeconfig(_folder, $$"""
            {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [t], provideClusterInfo: true,
                env: [{name: COUNT, value: "{{count}}"}], interactiveMode: IfAvailable} }
            """.Replace("\n", " ")));
        using var transport = new HttpTransport(config, TimeProvider.System);

        for (var i = 0; i < 3; i++) Text(await transport.SendAsync(Get, default)).ShouldBe("Bearer t1");
        File.ReadAllText(count).Trim().ShouldBe("1");

        accepted = "t2";
        Text(await transport.SendAsync(Get, default)).ShouldBe("Bearer t2");
        File.ReadAllText(count).Trim().ShouldBe("2");
    }

    [Fact]
    public async Task A_plugin_that_is_missing_or_fails_says_so_with_its_hint()
    {
        await using var api = await TlsApi.StartAsync(c => c.Response.WriteAsync(""));
        var missing =
            Kubeconfig.Load(api.Kubeconfig(_folder, "{exec: {command: no-such-login, installHint: Install it.}}"));
        (await Should.ThrowAsync<KubeconfigException>(() => SendAsync(missing))).Message.ShouldContain("Install it.");

        Script("login", "echo 'not today' >&2; exit 7");
        var failing = Kubeconfig.Load(api.Kubeconfig(_folder, "{exec: {command: ./login}}"));
        (await Should.ThrowAsync<KubeconfigException>(() => SendAsync(failing))).Message.ShouldContain(
            "exit code 7: not today");
    }

    [Fact]
    public async Task Too_many_requests_are_waited_out_but_an_eviction_gets_its_answer()
    {
        var asked = 0;
        await using var api = await TlsApi.StartAsync(c =>
        {
            if (++asked < 3 || c.Request.Path.Value!.EndsWith("eviction"))
            {
                c.Response.StatusCode = 429;
                c.Response.Headers.RetryAfter = "0";
            }

            return c.Response.WriteAsync("done");
        });
        var config = Kubeconfig.Load(api.Kubeconfig(_folder, "{token: x}"));

        (await SendAsync(config)).ShouldBe("done");
        asked.ShouldBe(3);
        using var transport = new HttpTransport(config, TimeProvider.System);
        var client = new KubernetesClient(transport);
        (await client.EvictAsync(
            new ObjectKey("a", "b"), DeleteOptions.None, default)).ShouldBeOfType<EvictionResult.Blocked>();
        asked.ShouldBe(4);
    }

    [Fact]
    public async Task A_watch_arrives_line_by_line_and_ends_when_it_is_disposed()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var api = await TlsApi.StartAsync(async c =>
        {
            c.RequestAborted.Register(ended.SetResult);
            for (var i = 0; i < 2; i++)
            {
                await c.Response.WriteAsync(
                    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"n" + i + "\"}}}\n");
                await c.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted);
        });
        using var transport =
            new HttpTransport(Kubeconfig.Load(api.Kubeconfig(_folder, "{token: x}")), TimeProvider.System);
        var names = new List<string>();

        await using (
            var watch = await new KubernetesClient(transport).WatchAsync(Resources.Nodes, new WatchQuery(), default))
        {
            await foreach (var seen in watch.ReadAsync(default))
            {
                names.Add(Resources.Nodes.Decode(seen.Object).Name);
                if (names.Count == 2) break;
            }
        }

        names.ShouldBe(["n0", "n1"]);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
    }

    [Fact]
    public void Files_are_merged_first_come_first_served()
    {
        File.WriteAllText(Path.Combine(_folder, "a"), """
            contexts: [{name: one, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "http://first:1"}}]
            """);
        File.WriteAllText(Path.Combine(_folder, "b"), """
            current-context: one
            clusters: [{name: c, cluster: {server: "http://second:2"}}]
            users: [{name: u, user: {token: secret}}]
            """);
        var places = new KubeconfigPlaces(_folder)
        {
            Variable =
                string.Join(Path.PathSeparator, new[] { "a", "missing", "b" }.Select(f => Path.Combine(_folder, f))),
        };

        var config = Kubeconfig.Load(places, context: null);

        config.Cluster.Server.ToString().ShouldBe("http://first:1/");
        config.User.Token.ShouldBe("secret");
        config.Namespace.ShouldBe("default");
        Should.Throw<KubeconfigException>(() => Kubeconfig.Load(places, "two")).Message.ShouldContain(
            "there is no context \"two\"");
    }

    [Theory]
    [InlineData("clusters: [", "kubeconfig:")]
    [InlineData("current-context: x", "no context \"x\"")]
    [InlineData("{}", "no current-context")]
    public void What_is_wrong_with_a_file_is_said(string content, string complaint)
    {
        var path = Path.Combine(_folder, "kubeconfig");
        File.WriteAllText(path, content);

        Should.Throw<KubeconfigException>(() => Kubeconfig.Load(path)).Message.ShouldContain(complaint);
    }

    private static System.Security.Cryptography.X509Certificates.X509Certificate2Collection Authorities(
        Authority authority)
    {
        var all = new System.Security.Cryptography.X509Certificates.X509Certificate2Collection();
        all.ImportFromPem(authority.Pem);
        return all;
    }

    private static async Task<string> SendAsync(Kubeconfig config)
    {
        using var transport = new HttpTransport(config, TimeProvider.System);
        return Text(await transport.SendAsync(Get, default));
    }

    private static string Text(KubernetesResponse response) => Encoding.UTF8.GetString(response.Body.Span);

    private void Script(string name, string body)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }
}
