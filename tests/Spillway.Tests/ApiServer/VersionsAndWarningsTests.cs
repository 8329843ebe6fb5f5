using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Http;

namespace Spillway.Tests.ApiServer;

/// <summary>Kinds in several versions read the same in each; what is hardly meant comes with a warning.</summary>
public sealed class VersionsAndWarningsTests : IAsyncLifetime
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string News = "/apis/events.k8s.io/v1/namespaces/default/events";

    private KubeApiServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ApiHarness.OpenAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_event_reads_in_the_words_of_either_group()
    {
        await _server.SendAsync("POST", Core + "events", """
            {"kind":"Event","metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"message":"m","count":3,
            "source":{"component":"c"},"lastTimestamp":"2026-11-22T07:16:07Z","reason":"R","type":"Normal"}
            """);
        var (_, read) = await _server.SendAsync("GET", News + "/e");
        read["note"]!.ToString().ShouldBe("m");
        read["regarding"]!["name"]!.ToString().ShouldBe("p");
        ((int)read["deprecatedCount"]!).ShouldBe(3);
        read["deprecatedSource"]!["component"]!.ToString().ShouldBe("c");
        foreach (var old in (string[])["message", "involvedObject", "count", "source", "lastTimestamp"])
            read.ContainsKey(old).ShouldBeFalse(old);

        read["note"] = "changed";
        (await _server.SendAsync("PUT", News + "/e", read.ToJsonString())).Status.ShouldBe(200);
        var (_, back) = await _server.SendAsync("GET", Core + "events/e");
        back["message"]!.ToString().ShouldBe("changed");
        ((int)back["count"]!).ShouldBe(3);
    }

    [Fact]
    public async Task An_autoscaler_keeps_everything_through_its_first_version()
    {
        const string path = "namespaces/default/horizontalpodautoscalers";
        var (status, made) = await _server.SendAsync("POST", "/apis/autoscaling/v2/" + path, """
            {"kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"maxReplicas":3,
            "scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},
            "behavior":{"scaleDown":{"stabilizationWindowSeconds":60}},"metrics":[
            {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
            {"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":70}}}]}}
            """);
        status.ShouldBe(201);
        var (_, simple) = await _server.SendAsync("GET", $"/apis/autoscaling/v1/{path}/h");
        ((int)simple["spec"]!["targetCPUUtilizationPercentage"]!).ShouldBe(50);
        var kept = simple["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]!;
        kept.ToString().ShouldContain("memory");
        simple["spec"]!["targetCPUUtilizationPercentage"] = 60;
        (await _server.SendAsync("PUT", $"/apis/autoscaling/v1/{path}/h", simple.ToJsonString())).Status.ShouldBe(200);

        var (_, whole) = await _server.SendAsync("GET", $"/apis/autoscaling/v2/{path}/h");
        whole["metadata"]!.AsObject().ContainsKey("annotations").ShouldBeFalse();
        var metrics = whole["spec"]!["metrics"]!.AsArray();
        ((int)metrics[0]!["resource"]!["target"]!["averageUtilization"]!).ShouldBe(60);
        metrics[1]!["resource"]!["name"]!.ToString().ShouldBe("memory");
        JsonNode.DeepEquals(whole["spec"]!["behavior"], made["spec"]!["behavior"]).ShouldBeTrue();
    }

    [Theory]
    [InlineData("services", """{"kind":"Service","metadata":{"name":"s"},"spec":{"clusterIP":"None","sessionAffinity":"ClientIP"}}""",
        "spec.SessionAffinity is ignored for headless services")]
    [InlineData("endpoints", """{"kind":"Endpoints","metadata":{"name":"e"}}""",
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")]
    [InlineData("replicationcontrollers", """{"kind":"ReplicationController","metadata":{"name":"r"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux"},"containers":[{"name":"c","image":"x"}]}}}}""",
        "spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \\\"kubernetes.io/os\\\" instead")]
    public async Task What_is_hardly_meant_is_accepted_with_a_warning(string resource, string body, string warning)
    {
        var request = new ApiRequest
        {
            Method = "POST", Path = Core + resource, Header = _ => null, Body = Encoding.UTF8.GetBytes(body),
            User = KubeApiServer.Administrator,
        };
        var answer = await _server.HandleAsync(request, TestContext.Current.CancellationToken);
        answer.Status.ShouldBe(201);
        answer.Headers.Where(h => h.Name == "Warning").Select(h => h.Value).ShouldBe([$"299 - \"{warning}\""]);
    }
}
