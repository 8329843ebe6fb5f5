using System.Text;
using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Admission;
using Spillway.ApiServer.Http;
using Spillway.ApiServer.Http.Protobuf;

namespace Spillway.Tests.ApiServer;

/// <summary>
/// What a kube-scheduler and a kube-controller-manager ask for when they start and work: as their own users, in
/// protobuf, with the requests that client-go sends.
/// </summary>
public sealed class ControlPlaneClientTests
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Either = Protobuf + ",application/json";
    private const string Partial = Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
        + "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    private const string InitialEvents = "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        + "&allowWatchBookmarks=true&timeoutSeconds=30";

    private static readonly Requester s_scheduler = new("system:kube-scheduler", "system:authenticated");
    private static readonly Requester s_controllers = new("system:kube-controller-manager", "system:authenticated");

    [Theory]
    [InlineData("/api/v1/pods")]
    [InlineData("/api/v1/nodes")]
    [InlineData("/api/v1/namespaces")]
    [InlineData("/api/v1/services")]
    [InlineData("/api/v1/replicationcontrollers")]
    [InlineData("/api/v1/persistentvolumes")]
    [InlineData("/api/v1/persistentvolumeclaims")]
    [InlineData("/apis/apps/v1/replicasets")]
    [InlineData("/apis/apps/v1/statefulsets")]
    [InlineData("/apis/policy/v1/poddisruptionbudgets")]
    [InlineData("/apis/storage.k8s.io/v1/storageclasses")]
    [InlineData("/apis/storage.k8s.io/v1/csinodes")]
    [InlineData("/apis/storage.k8s.io/v1/csidrivers")]
    [InlineData("/apis/storage.k8s.io/v1/csistoragecapacities")]
    [InlineData("/apis/storage.k8s.io/v1/volumeattachments")]
    [InlineData("/apis/resource.k8s.io/v1/resourceclaims")]
    [InlineData("/apis/resource.k8s.io/v1/resourceslices")]
    [InlineData("/apis/resource.k8s.io/v1/deviceclasses")]
    public async Task The_scheduler_watches_what_it_needs_from_the_start(string path)
    {
        await using var server = await ApiHarness.OpenAsync();

        await ShouldStreamAsync(server, s_scheduler, path, Either);
    }

    [Fact]
    public async Task The_garbage_collector_watches_the_metadata_of_every_resource_there_is()
    {
        await using var server = await ApiHarness.OpenAsync();

        var watched = 0;
        foreach (var path in (string[])["/api", "/apis"])
        {
            var found = await SendAsync(server, s_controllers, "GET", path,
                accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                    + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json");
            found.ContentType.ShouldBe("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
            foreach (var resource in Watchable(JsonNode.Parse(found.JoinBody().Span)!, path))
            {
                await ShouldStreamAsync(server, s_controllers, resource, Partial);
                watched++;
            }
        }
        watched.ShouldBeGreaterThan(55);
    }

    [Fact]
    public async Task Whom_to_trust_is_readable_for_both_and_for_nobody_else()
    {
        await using var server = await ApiHarness.OpenAsync();
        const string path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";

        (await SendAsync(server, s_scheduler, "GET", path, accept: Either)).Status.ShouldNotBe(403);
        (await SendAsync(server, s_controllers, "GET", path, accept: Either)).Status.ShouldNotBe(403);
        var stranger = new Requester("jane", "system:authenticated");
        (await SendAsync(server, stranger, "GET", path, accept: Either)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Leadership_is_taken_renewed_and_lost_by_lease()
    {
        await using var server = await ApiHarness.OpenAsync();
        const string path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
        var made = await SendAsync(server, s_scheduler, "POST", path, """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"kube-scheduler"},
             "spec":{"holderIdentity":"a","leaseDurationSeconds":15,"acquireTime":"2026-01-01T00:00:00.000001Z",
             "renewTime":"2026-01-01T00:00:00.000001Z","leaseTransitions":0}}
            """);
        made.Status.ShouldBe(201);
        var lease = ProtobufBody.Read(made.JoinBody().Span);

        lease["spec"]!["renewTime"] = "2026-01-01T00:00:02.000001Z";
        var renewed = await SendAsync(server, s_scheduler, "PUT", path + "/kube-scheduler", lease.ToJsonString());
        renewed.Status.ShouldBe(200);
        var late = await SendAsync(server, s_scheduler, "PUT", path + "/kube-scheduler", lease.ToJsonString());
        late.Status.ShouldBe(409);
        ProtobufBody.Read(late.JoinBody().Span)["reason"]!.GetValue<string>().ShouldBe("Conflict");
    }

    [Fact]
    public async Task A_pod_is_bound_its_failure_is_patched_and_events_tell_of_both()
    {
        await using var server = await ApiHarness.OpenAsync();
        await server.SendAsync("POST", "/api/v1/namespaces/default/serviceaccounts",
            """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}}""");
        await server.SendAsync("POST", "/api/v1/nodes", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}""");
        var (_, pod) = await server.SendAsync("POST", "/api/v1/namespaces/default/pods", """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}
            """);
        var uid = pod["metadata"]!["uid"]!.GetValue<string>();

        var patched = await SendAsync(server, s_scheduler, "PATCH", "/api/v1/namespaces/default/pods/p/status",
            $$$"""
            {"metadata":{"uid":"{{{uid}}}"},"status":{"$setElementOrder/conditions":[{"type":"PodScheduled"}],"conditions":[
            {"lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z","message":"0/1 nodes are available",
            "reason":"Unschedulable","status":"False","type":"PodScheduled"}]}}
            """, "application/strategic-merge-patch+json");
        patched.Status.ShouldBe(200);
        var bound = await SendAsync(server, s_scheduler, "POST", "/api/v1/namespaces/default/pods/p/binding", $$$"""
            {"apiVersion":"v1","kind":"Binding","metadata":{"name":"p","namespace":"default","uid":"{{{uid}}}"},
             "target":{"kind":"Node","name":"n"}}
            """);
        bound.Status.ShouldBe(201);
        var told = await SendAsync(server, s_scheduler, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", $$$"""
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"p.1","namespace":"default"},
             "eventTime":"2026-01-01T00:00:00.000001Z","reportingController":"default-scheduler",
             "reportingInstance":"default-scheduler-host","action":"Binding","reason":"Scheduled","type":"Normal",
             "regarding":{"kind":"Pod","namespace":"default","name":"p","uid":"{{{uid}}}","apiVersion":"v1"},
             "note":"Successfully assigned default/p to n"}
            """);
        told.Status.ShouldBe(201);

        var (_, after) = await server.SendAsync("GET", "/api/v1/namespaces/default/pods/p");
        after["spec"]!["nodeName"]!.GetValue<string>().ShouldBe("n");
        after["status"]!["conditions"]!.AsArray().Single()!["status"]!.GetValue<string>().ShouldBe("True");
    }

    [Fact]
    public async Task Controllers_get_accounts_with_tokens_and_ask_who_may_what()
    {
        await using var server = await ApiHarness.OpenAsync();
        const string accounts = "/api/v1/namespaces/kube-system/serviceaccounts";
        (await SendAsync(server, s_controllers, "POST", accounts,
            """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"job-controller"}}""")).Status.ShouldBe(201);
        var issued = await SendAsync(server, s_controllers, "POST", accounts + "/job-controller/token",
            """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600,"audiences":[]}}""");
        issued.Status.ShouldBe(201);
        var token = ProtobufBody.Read(issued.JoinBody().Span)["status"]!["token"]!.GetValue<string>();

        var reviewed = await SendAsync(server, s_controllers, "POST", "/apis/authentication.k8s.io/v1/tokenreviews",
            $$$"""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"{{{token}}}"}}""");
        ProtobufBody.Read(reviewed.JoinBody().Span)["status"]!["user"]!["username"]!.GetValue<string>()
            .ShouldBe("system:serviceaccount:kube-system:job-controller");
        var may = await SendAsync(server, s_controllers, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", """
            {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{
             "user":"system:serviceaccount:kube-system:job-controller",
             "resourceAttributes":{"verb":"create","resource":"pods","namespace":"default"}}}
            """);
        ProtobufBody.Read(may.JoinBody().Span)["status"]!["allowed"]!.GetValue<bool>().ShouldBeTrue();
    }

    private static IEnumerable<string> Watchable(JsonNode discovery, string path) =>
        from item in discovery["items"]!.AsArray()
        let name = (string?)item!["metadata"]!["name"]
        from version in item!["versions"]!.AsArray()
        from resource in version!["resources"]!.AsArray()
        where resource!["verbs"]!.AsArray().Any(verb => (string?)verb == "watch")
        select $"{path}{(string.IsNullOrEmpty(name) ? "" : "/" + name)}/{version!["version"]}/{resource!["resource"]}";

    /// <summary>A streaming list: what there is, then the bookmark that ends it.</summary>
    private static async Task ShouldStreamAsync(KubeApiServer server, Requester user, string path, string accept)
    {
        var watch = await SendAsync(server, user, "GET", path, accept: accept, query: InitialEvents);
        watch.Status.ShouldBe(200, path);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var line in watch.Lines!.WithCancellation(patience.Token))
            if (line.Span.IndexOf("initial-events-end"u8) >= 0) return;
        throw new ShouldAssertException($"{path}: the initial events never ended");
    }

    /// <summary>Sends a JSON object as client-go does: objects of built-in kinds in protobuf, patches as they are.</summary>
    private static async Task<ApiResponse> SendAsync(
        KubeApiServer server, Requester user, string method, string path, string? body = null, string type = Protobuf,
        string accept = Either, string query = "")
    {
        var bytes = body is null ? ReadOnlyMemory<byte>.Empty
            : type == Protobuf ? ProtobufAnswer.Of(ApiResponse.Of(200, Encoding.UTF8.GetBytes(body))).JoinBody()
            : Encoding.UTF8.GetBytes(body);
        return await server.HandleAsync(new ApiRequest
        {
            Method = method, Path = path, Query = Query.Parse(query), User = user, Body = bytes,
            Header = name => name == "Accept" ? accept : name == "Content-Type" ? type : null,
        }, CancellationToken.None);
    }
}
