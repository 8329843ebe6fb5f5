using System.Text.Json.Nodes;
using Spillway.ApiServer;

namespace Spillway.Tests.ApiServer;

/// <summary>What the server itself writes into objects of some kinds, and what it refuses on its own account.</summary>
public sealed class ServerDutiesTests : IAsyncLifetime
{
    private const string Core = "/api/v1/namespaces/default";
    private const string Merge = "application/merge-patch+json";

    private KubeApiServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ApiHarness.OpenAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Texts_of_a_secret_become_data_and_are_never_shown()
    {
        var made = await CreateAsync(Core + "/secrets",
            """{"kind":"Secret","metadata":{"name":"s"},"data":{"a":"eA==","b":"eQ=="},"stringData":{"a":"new"}}""");
        made["data"]!.ToJsonString().ShouldBe("""{"a":"bmV3","b":"eQ=="}""");
        made.ContainsKey("stringData").ShouldBeFalse();
        made["metadata"]!["managedFields"]!.ToJsonString().ShouldContain("\"f:data\":{\".\":{},\"f:a\":{},\"f:b\":{}}");
    }

    [Fact]
    public async Task A_jobs_pods_and_selector_carry_its_uid()
    {
        var job = await CreateAsync("/apis/batch/v1/namespaces/default/jobs", """
            {"kind":"Job","metadata":{"generateName":"j-"},"spec":{"template":{"spec":
            {"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}}}
            """);
        var (name, uid) = (job["metadata"]!["name"]!.ToString(), job["metadata"]!["uid"]!.ToString());
        var labels = job["spec"]!["template"]!["metadata"]!["labels"]!;
        labels["batch.kubernetes.io/controller-uid"]!.ToString().ShouldBe(uid);
        labels["job-name"]!.ToString().ShouldBe(name);
        job["spec"]!["selector"]!.ToJsonString()
            .ShouldBe($$$"""{"matchLabels":{"batch.kubernetes.io/controller-uid":"{{{uid}}}"}}""");

        var (status, refusal) = await _server.SendAsync("PATCH", $"/apis/batch/v1/namespaces/default/jobs/{name}",
            """{"spec":{"template":{"spec":{"dnsPolicy":"Default"}}}}""", Merge);
        status.ShouldBe(422);
        refusal["message"]!.ToString().ShouldContain("\"DNSPolicy\":\"Default\",\"NodeSelector\":null");
    }

    [Fact]
    public async Task A_daemon_set_counts_its_templates()
    {
        const string path = "/apis/apps/v1/namespaces/default/daemonsets";
        var made = await CreateAsync(path, """
            {"kind":"DaemonSet","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":
            {"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}
            """);
        Generation(made).ShouldBe("1");
        var (_, labelled) = await _server.SendAsync("PATCH", path + "/d", """{"metadata":{"labels":{"x":"y"}}}""", Merge);
        Generation(labelled).ShouldBe("1");
        var (_, changed) = await _server.SendAsync(
            "PATCH", path + "/d", """{"spec":{"template":{"spec":{"dnsPolicy":"Default"}}}}""", Merge);
        Generation(changed).ShouldBe("2");

        static string? Generation(JsonObject item) =>
            item["metadata"]!["annotations"]!["deprecated.daemonset.template.generation"]?.ToString();
    }

    [Fact]
    public async Task A_service_gets_and_loses_what_its_type_has()
    {
        await CreateAsync(Core + "/services", Service("s", ""));
        var node = await ChangeAsync("s", """{"spec":{"type":"NodePort"}}""");
        var port = (int)node["spec"]!["ports"]![0]!["nodePort"]!;
        port.ShouldBeInRange(30_000, 32_767);
        var local = await ChangeAsync("s", """{"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local"}}""");
        ((int)local["spec"]!["ports"]![0]!["nodePort"]!).ShouldBe(port);
        ((int)local["spec"]!["healthCheckNodePort"]!).ShouldBeInRange(30_000, 32_767);
        var plain = (await ChangeAsync("s", """{"spec":{"type":"ClusterIP"}}"""))["spec"]!.AsObject();
        plain["ports"]![0]!.AsObject().ContainsKey("nodePort").ShouldBeFalse();
        string[] gone = ["healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"];
        foreach (var field in gone)
            plain.ContainsKey(field).ShouldBeFalse(field);
        var named = (await ChangeAsync("s", """{"spec":{"type":"ExternalName","externalName":"a.b"}}"""))["spec"]!;
        named.AsObject().ContainsKey("clusterIP").ShouldBeFalse();
    }

    [Theory]
    [InlineData("\"clusterIP\":\"10.96.0.1\",", "spec.clusterIPs", "[\"10.96.0.1\"]: failed to allocate IP 10.96.0.1: provided IP is already allocated")]
    [InlineData("\"clusterIP\":\"192.0.2.1\",", "spec.clusterIPs", "[\"192.0.2.1\"]: failed to allocate IP 192.0.2.1: the provided network does not match the current range")]
    [InlineData("\"type\":\"NodePort\",\"PORT\":30080,", "spec.ports[0].nodePort", "30080: provided port is already allocated")]
    [InlineData("\"type\":\"NodePort\",\"PORT\":80,", "spec.ports[0].nodePort", "80: provided port is not in the valid range. The range of valid ports is 30000-32767")]
    public async Task What_another_service_has_or_is_out_of_range_is_refused(string asked, string field, string why)
    {
        await CreateAsync(Core + "/services", Service("first", "\"type\":\"NodePort\",\"PORT\":30080,"));
        var (status, body) = await _server.SendAsync("POST", Core + "/services", Service("second", asked));
        status.ShouldBe(422);
        body["message"]!.ToString().ShouldBe($"Service \"second\" is invalid: {field}: Invalid value: {why}");
    }

    [Fact]
    public async Task A_grace_period_that_runs_is_only_shortened_and_counts_from_its_start()
    {
        await CreateAsync(Core + "/serviceaccounts", """{"kind":"ServiceAccount","metadata":{"name":"default"}}""");
        await CreateAsync(Core + "/pods", """
            {"kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"x"}]}}
            """);
        var (_, first) = await _server.SendAsync("DELETE", Core + "/pods/p?gracePeriodSeconds=600");
        var start = End(first).AddSeconds(-600);
        Grace(first).ShouldBe(600);
        var (_, unnamed) = await _server.SendAsync("DELETE", Core + "/pods/p");
        Grace(unnamed).ShouldBe(600);
        var (_, longer) = await _server.SendAsync("DELETE", Core + "/pods/p?gracePeriodSeconds=700");
        Grace(longer).ShouldBe(600);
        var (_, shorter) = await _server.SendAsync("DELETE", Core + "/pods/p?gracePeriodSeconds=300");
        Grace(shorter).ShouldBe(300);
        End(shorter).ShouldBe(start.AddSeconds(300));

        static long Grace(JsonObject pod) => (long)pod["metadata"]!["deletionGracePeriodSeconds"]!;
        static DateTimeOffset End(JsonObject pod) => (DateTimeOffset)pod["metadata"]!["deletionTimestamp"]!;
    }

    private static string Service(string name, string spec)
    {
        var port = "";
        if (spec.Contains("PORT", StringComparison.Ordinal))
        {
            var at = spec.IndexOf("\"PORT\":", StringComparison.Ordinal);
            port = ",\"nodePort\":" + spec[(at + 7)..].TrimEnd(',');
            spec = spec[..at];
        }
        return $$$"""{"kind":"Service","metadata":{"name":"{{{name}}}"},"spec":{{{{spec}}}"ports":[{"port":80{{{port}}}}]}}""";
    }

    private async Task<JsonObject> CreateAsync(string path, string body)
    {
        var (status, made) = await _server.SendAsync("POST", path, body);
        status.ShouldBe(201, made.ToJsonString());
        return made;
    }

    private async Task<JsonObject> ChangeAsync(string service, string patch)
    {
        var (status, changed) = await _server.SendAsync("PATCH", $"{Core}/services/{service}", patch, Merge);
        status.ShouldBe(200, changed.ToJsonString());
        return changed;
    }
}
