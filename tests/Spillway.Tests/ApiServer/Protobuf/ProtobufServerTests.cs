using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;
using Xunit;

namespace Spillway.Tests.ApiServer.Protobuf;

public sealed class ProtobufServerTests
{
    private const string Both = "application/vnd.kubernetes.protobuf, application/json";

    [Fact]
    public async Task Objects_and_lists_come_in_protobuf_when_it_is_asked_for()
    {
        await using var server = await ApiHarness.OpenAsync();

        var one = await AskAsync(server, "GET", "/api/v1/namespaces/default", Both);
        var many = await AskAsync(server, "GET", "/api/v1/namespaces", Both);

        Assert.Equal("application/vnd.kubernetes.protobuf", one.ContentType);
        Assert.Equal("default", (string?)ProtobufBody.Read(one.JoinBody().Span)["metadata"]!["name"]);
        var list = ProtobufBody.Read(many.JoinBody().Span);
        Assert.Equal("NamespaceList", (string?)list["kind"]);
        Assert.Contains(list["items"]!.AsArray(), i => (string?)i!["metadata"]!["name"] == "kube-system");
    }

    [Fact]
    public async Task Refusals_come_in_protobuf_too()
    {
        await using var server = await ApiHarness.OpenAsync();

        var answer = await AskAsync(server, "GET", "/api/v1/namespaces/default/pods/none", Both);

        Assert.Equal(404, answer.Status);
        Assert.Equal("NotFound", (string?)ProtobufBody.Read(answer.JoinBody().Span)["reason"]);
    }

    [Fact]
    public async Task Partial_metadata_comes_in_protobuf_and_tables_in_json()
    {
        await using var server = await ApiHarness.OpenAsync();

        var metadata = await AskAsync(server, "GET", "/api/v1/namespaces",
            "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
        var table = await AskAsync(server, "GET", "/api/v1/namespaces",
            "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1, application/json");

        var list = ProtobufBody.Read(metadata.JoinBody().Span);
        Assert.Equal("PartialObjectMetadataList", (string?)list["kind"]);
        Assert.True(list["items"]!.AsArray().Count > 2);
        Assert.Equal("application/json", table.ContentType);
    }

    [Fact]
    public async Task Definitions_come_in_json_and_are_refused_to_who_takes_only_protobuf()
    {
        await using var server = await ApiHarness.OpenAsync();
        const string path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

        Assert.Equal("application/json", (await AskAsync(server, "GET", path, Both)).ContentType);
        Assert.Equal(406, (await AskAsync(server, "GET", path, "application/vnd.kubernetes.protobuf")).Status);
    }

    [Fact]
    public async Task A_watch_tells_events_in_frames()
    {
        await using var server = await ApiHarness.OpenAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var watch = await AskAsync(
            server, "GET", "/api/v1/namespaces/default/configmaps", Both, "?watch=true&timeoutSeconds=20");
        await server.SendAsync("POST", "/api/v1/namespaces/default/configmaps", ApiHarness.ConfigMap("a"));

        await using var lines = watch.Lines!.GetAsyncEnumerator(stop.Token);
        Assert.True(await lines.MoveNextAsync());

        Assert.Equal("application/vnd.kubernetes.protobuf;stream=watch", watch.ContentType);
        Assert.False(watch.HasLineEnds);
        var frame = lines.Current;
        Assert.Equal(frame.Length - 4, BinaryPrimitives.ReadInt32BigEndian(frame.Span));
        Assert.Equal("0a0541444445441", Convert.ToHexStringLower(frame.Span[4..12])[..15]);
        var start = frame.Span.IndexOf("k8s\0"u8);
        Assert.Equal("a", (string?)ProtobufBody.Read(frame.Span[start..])["metadata"]!["name"]);
    }

    [Fact]
    public async Task Kubectl_asks_whether_it_may()
    {
        if (!File.Exists("/usr/bin/kubectl")) Assert.Skip("no kubectl on this machine");
        await using var server = await KubeApiServer.OpenAsync(new KubeApiServerOptions
        {
            Time = TimeProvider.System,
            Random = new Random(1),
            Tokens = new Dictionary<string, Requester>(StringComparer.Ordinal)
            {
                ["admin-token"] = new("admin", "system:masters", "system:authenticated"),
                ["user-token"] = new("alice", "system:authenticated"),
            },
        }, CancellationToken.None);
        await using var front =
            await HttpFront.StartAsync(server, new IPEndPoint(IPAddress.Loopback, 0), CancellationToken.None);

        Assert.Equal("yes", await KubectlAsync(front, "admin-token"));
        Assert.Equal("no", await KubectlAsync(front, "user-token"));
    }

    private static async Task<string> KubectlAsync(HttpFront front, string token)
    {
        var start = new ProcessStartInfo("/usr/bin/kubectl")
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
            ArgumentList =
            {
                "--kubeconfig=/dev/null", "--server=" + front.Address,
                "--cache-dir=" + Path.Combine(Path.GetTempPath(), "spillway-kubectl-cache"),
                "--insecure-skip-tls-verify", "--token=" + token, "auth", "can-i", "create", "pods",
            },
        };
        using var kubectl = Process.Start(start)!;
        var errors = kubectl.StandardError.ReadToEndAsync();
        var answer = (await kubectl.StandardOutput.ReadToEndAsync()).Trim();
        await kubectl.WaitForExitAsync();
        return answer.Length > 0 ? answer : await errors;
    }

    private static async Task<ApiResponse> AskAsync(
        KubeApiServer server, string method, string path, string accept, string query = "") =>
        await server.HandleAsync(new ApiRequest
        {
            Method = method, Path = path, Query = Query.Parse(query), User = KubeApiServer.Administrator,
            Header = name => name == "Accept" ? accept : null,
        }, CancellationToken.None);
}
