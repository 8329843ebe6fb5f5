using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Tests.Kubernetes;

public sealed class KubernetesClientTests
{
    private static readonly ObjectKey Web = new("default", "web");
    private readonly MemoryApi _api = new();
    private readonly KubernetesClient _client;

    public KubernetesClientTests() => _client = new KubernetesClient(_api);

    [Fact]
    public async Task Outcomes_that_callers_must_expect_are_cases()
    {
        var map = Resources.ConfigMaps.New(Web);

        (await _client.GetAsync(Resources.ConfigMaps, Web, default)).ShouldBeNull();
        (await _client.UpdateAsync(
            Resources.ConfigMaps, map, default)).ShouldBeOfType<WriteResult<ConfigMap>.NotFound>();
        var stored = (await _client.CreateAsync(Resources.ConfigMaps, map, default)).OrThrow();
        (await _client.CreateAsync(
            Resources.ConfigMaps, map, default)).ShouldBeOfType<WriteResult<ConfigMap>.AlreadyExists>();
        (await _client.UpdateAsync(
            Resources.ConfigMaps, stored, default)).ShouldBeOfType<WriteResult<ConfigMap>.Written>();
        (await _client.UpdateAsync(
            Resources.ConfigMaps, stored, default)).ShouldBeOfType<WriteResult<ConfigMap>.Conflict>();
        (await _client.DeleteAsync(Resources.ConfigMaps, Web, DeleteOptions.None, default)).Value.ShouldNotBeNull();
    }

    [Fact]
    public async Task Fields_that_no_view_knows_survive_a_change()
    {
        var map = Resources.ConfigMaps.New(Web);
        map.Json["somethingNew"] = new JsonObject { ["deep"] = new JsonArray(1, 2.5, "é") };
        var stored = (await _client.CreateAsync(Resources.ConfigMaps, map, default)).OrThrow();

        stored.Json.Ensure("data")["a"] = "b";
        await _client.UpdateAsync(Resources.ConfigMaps, stored, default);

        var read = await _client.GetAsync(Resources.ConfigMaps, Web, default);
        read!.Json["somethingNew"]!.ToJsonString().ShouldBe(map.Json["somethingNew"]!.ToJsonString());
        read.Data["a"].ShouldBe("b");
    }

    [Fact]
    public async Task Requests_have_the_paths_queries_and_media_types_of_the_api()
    {
        var options =
            new WriteOptions { FieldManager = "me & you", Force = true, DryRun = true, Subresource = "status" };
        await _client.ApplyAsync(Resources.Deployments, Resources.Deployments.New(Web), options, default);
        await _client.PatchAsync(Resources.Nodes, ObjectKey.Cluster("n"), KubernetesPatch.Strategic([]), default);
        await _client.EvictAsync(Web, DeleteOptions.None, default);

        _api.Requests.Select(r => $"{r.Method} {r.PathAndQuery} {r.ContentType}").ShouldBe([
            "PATCH /apis/apps/v1/namespaces/default/deployments/web/status"
            + "?fieldManager=me%20%26%20you&force=true&dryRun=All application/apply-patch+yaml",
            "PATCH /api/v1/nodes/n application/strategic-merge-patch+json",
            "POST /api/v1/namespaces/default/pods/web/eviction application/json",
        ]);
    }

    [Fact]
    public async Task An_unexpected_refusal_is_thrown_with_its_status()
    {
        var refused = await Should.ThrowAsync<KubernetesStatusException>(() => _client.WatchAsync(
            Resources.Pods, new WatchQuery { Scope = new ListQuery { ResourceVersion = "-1" } }, default));

        refused.Status.Code.ShouldBe(410);
        refused.Message.ShouldBe("watch pods: too old resource version (410)");
    }

    [Fact]
    public async Task A_list_gives_its_items_their_kind_back()
    {
        _api.Put("/api/v1/namespaces/default/configmaps/web",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "web" } });

        var page = await _client.ListAsync(Resources.ConfigMaps, new ListQuery { Namespace = "default" }, default);

        page.Items.Single().Kind.ShouldBe("ConfigMap");
        page.Items.Single().ApiVersion.ShouldBe("v1");
    }
}
