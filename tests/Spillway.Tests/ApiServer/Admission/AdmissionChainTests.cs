using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.Tests.ApiServer.CustomResources;

namespace Spillway.Tests.ApiServer.Admission;

public sealed class AdmissionChainTests
{
    private readonly MemoryCluster _cluster = new MemoryCluster()
        .Add("", "namespaces", """{"metadata":{"name":"w31745"}}""")
        .Add("", "serviceaccounts", """{"metadata":{"name":"default","namespace":"w31745"}}""");

    [Fact]
    public async Task A_plain_pod_gets_account_priority_and_tolerations_as_recorded()
    {
        var recorded = RecordedExchanges.Load("05-pods");
        var pod = recorded.Request(3);
        await MutateAsync(pod);

        var spec = (JsonObject)pod["spec"]!;
        var wanted = (JsonObject)recorded.Response(3)["spec"]!;
        var (own, theirs) = ((string)spec["volumes"]![0]!["name"]!, (string)wanted["volumes"]![0]!["name"]!);
        own.ShouldMatch("^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$");
        foreach (var field in new[] { "volumes", "tolerations", "priority", "preemptionPolicy", "serviceAccountName",
            "serviceAccount" })
            spec[field]!.ToJsonString().Replace(own, theirs).ShouldBe(wanted[field]!.ToJsonString(), field);
        spec["containers"]![0]!["volumeMounts"]!.ToJsonString().Replace(own, theirs)
            .ShouldBe(wanted["containers"]![0]!["volumeMounts"]!.ToJsonString());
    }

    [Theory]
    [InlineData(12)]
    [InlineData(13)]
    public async Task A_pod_that_names_what_is_not_there_is_refused_as_recorded(int sequence)
    {
        var recorded = RecordedExchanges.Load("05-pods");
        var refusal = await Should.ThrowAsync<ApiFailure>(() => MutateAsync(recorded.Request(sequence)).AsTask());
        ShouldBeRecorded(refusal, recorded.Response(sequence));
    }

    [Fact]
    public async Task A_limit_range_fills_in_and_refuses_as_recorded()
    {
        var recorded = RecordedExchanges.Load("05-pods");
        _cluster.Add("", "limitranges", recorded.Response(96));
        var pod = recorded.Request(97);
        await MutateAsync(pod);
        await ValidateAsync("", "pods", pod);
        pod["metadata"]!["annotations"]!.ToJsonString().ShouldBe(
            recorded.Response(97)["metadata"]!["annotations"]!.ToJsonString());
        JsonNode.DeepEquals(pod["spec"]!["containers"]![0]!["resources"],
            recorded.Response(97)["spec"]!["containers"]![0]!["resources"]).ShouldBeTrue();

        var greedy = recorded.Request(98);
        await MutateAsync(greedy);
        var refusal = await Should.ThrowAsync<ApiFailure>(() => ValidateAsync("", "pods", greedy).AsTask());
        ShouldBeRecorded(refusal, recorded.Response(98));
    }

    [Fact]
    public async Task A_spent_quota_refuses_as_recorded()
    {
        var recorded = RecordedExchanges.Load("05-pods");
        _cluster.Add("", "resourcequotas", recorded.Response(99));
        _cluster.Add("", "configmaps", """{"metadata":{"name":"kube-root-ca.crt","namespace":"w31745"}}""");
        (await Chain().Quotas.RefreshAsync("w31745", default)).ShouldBe(1);
        JsonNode.DeepEquals(
            _cluster.Get("", "resourcequotas", "w31745", "rq")!["status"], recorded.Response(101)["status"])
            .ShouldBeTrue();

        var refusal = await Should.ThrowAsync<ApiFailure>(
            () => ValidateAsync("", "configmaps", recorded.Request(100)).AsTask());
        ShouldBeRecorded(refusal, recorded.Response(100));
    }

    [Fact]
    public async Task A_quota_is_charged_before_the_object_is_written()
    {
        _cluster.Add("", "resourcequotas",
            """{"metadata":{"name":"q","namespace":"w31745"},"spec":{"hard":{"requests.cpu":"1","pods":"5"}}}""");
        await ValidateAsync("", "pods", Pod("a", "600m"));
        ((string)_cluster.Get("", "resourcequotas", "w31745", "q")!["status"]!["used"]!["requests.cpu"]!).ShouldBe(
            "600m");

        var refusal = await Should.ThrowAsync<ApiFailure>(() => ValidateAsync("", "pods", Pod("b", "500m")).AsTask());
        refusal.Message.ShouldBe("pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=500m, "
            + "used: requests.cpu=600m, limited: requests.cpu=1");
        refusal = await Should.ThrowAsync<ApiFailure>(() => ValidateAsync("", "pods", Pod("c", null)).AsTask());
        refusal.Message.ShouldBe("pods \"c\" is forbidden: failed quota: q: must specify requests.cpu for: c");
    }

    [Fact]
    public async Task Nothing_new_goes_into_a_namespace_that_ends()
    {
        _cluster.Add("", "namespaces", """{"metadata":{"name":"w31745"},"status":{"phase":"Terminating"}}""");
        var refusal = await Should.ThrowAsync<ApiFailure>(() => MutateAsync(Pod("a", null)).AsTask());
        refusal.Message.ShouldBe("pods \"a\" is forbidden: unable to create new content in namespace w31745 because it is "
            + "being terminated");
        ((string)refusal.Details!["causes"]![0]!["reason"]!).ShouldBe("NamespaceTerminating");
    }

    [Fact]
    public async Task A_restricted_namespace_refuses_a_careless_pod_and_says_all_it_wants()
    {
        _cluster.Add("", "namespaces",
            """{"metadata":{"name":"w31745","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}""");
        var refusal = await Should.ThrowAsync<ApiFailure>(() => ValidateAsync("", "pods", Pod("a", null)).AsTask());
        refusal.Message.ShouldBe("pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": "
            + "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), "
            + "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), "
            + "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), "
            + "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or "
            + "\"Localhost\")");
    }

    private static JsonObject Pod(string name, string? cpu)
    {
        var resources = cpu is null
            ? new JsonObject() : new JsonObject { ["requests"] = new JsonObject { ["cpu"] = cpu } };
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["containers"] =
                    new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "x", ["resources"] = resources }),
            },
        };
    }

    private AdmissionChain Chain() =>
        new(_cluster.Reads, TimeProvider.System, new Random(1), new WebhookDoor((_, _, _) => null));

    private ValueTask MutateAsync(JsonObject pod) =>
        Chain().MutateAsync(MemoryCluster.Create("", "pods", "w31745", pod), default);

    private ValueTask ValidateAsync(string group, string resource, JsonObject item) =>
        Chain().ValidateAsync(MemoryCluster.Create(group, resource, "w31745", item), default);

    private static void ShouldBeRecorded(ApiFailure refusal, JsonObject wanted)
    {
        refusal.Code.ShouldBe((int)wanted["code"]!);
        refusal.Message.ShouldBe((string)wanted["message"]!);
        JsonNode.DeepEquals(refusal.Details, wanted["details"]).ShouldBeTrue();
    }
}
