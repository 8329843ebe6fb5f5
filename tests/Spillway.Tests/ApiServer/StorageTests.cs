using System.Text.Json.Nodes;
using Spillway.ApiServer;
using Spillway.ApiServer.Storage;
using Spillway.Kubernetes;

namespace Spillway.Tests.ApiServer;

public sealed class StorageTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_write_that_was_answered_is_there_after_reopening()
    {
        var folder = Directory.CreateTempSubdirectory("spillway-state-").FullName;
        long version;
        await using (var server = await ApiHarness.OpenAsync(folder))
        {
            (await server.SendAsync("POST", Maps, ApiHarness.ConfigMap("a"))).Status.ShouldBe(201);
            version = server.Store.Version;
        }
        await using var again = await ApiHarness.OpenAsync(folder);
        var (status, body) = await again.SendAsync("GET", Maps + "/a");
        status.ShouldBe(200);
        ((string?)body["data"]!["k"]).ShouldBe("1");
        again.Store.Version.ShouldBe(version);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_second_server_on_one_state_folder_is_refused_with_the_holder()
    {
        var folder = Directory.CreateTempSubdirectory("spillway-state-").FullName;
        await using var server = await ApiHarness.OpenAsync(folder);
        var refusal = await Should.ThrowAsync<StorageException>(async () => await ApiHarness.OpenAsync(folder));
        refusal.Message.ShouldContain($"in use by process {Environment.ProcessId}");
    }

    [Fact]
    public async Task Concurrent_writers_share_commits_and_lose_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("spillway-state-").FullName;
        await using (var server = await ApiHarness.OpenAsync(folder))
        {
            var writes = Enumerable.Range(0, 200)
                .Select(i => server.SendAsync("POST", Maps, ApiHarness.ConfigMap($"c{i:000}"))).ToArray();
            foreach (var (status, _) in await Task.WhenAll(writes)) status.ShouldBe(201);
        }
        await using var again = await ApiHarness.OpenAsync(folder);
        (await again.SendAsync("GET", Maps)).Body["items"]!.AsArray().Count.ShouldBe(200);
    }

    [Fact]
    public async Task A_stale_update_conflicts()
    {
        await using var server = await ApiHarness.OpenAsync();
        var (_, first) = await server.SendAsync("POST", Maps, ApiHarness.ConfigMap("a"));
        var merge = "application/merge-patch+json";
        (await server.SendAsync("PATCH", Maps + "/a", """{"data":{"k":"2"}}""", merge)).Status.ShouldBe(200);
        first["data"]!["k"] = "3";
        var (status, body) = await server.SendAsync("PUT", Maps + "/a", first.ToJsonString());
        status.ShouldBe(409);
        ((string?)body["reason"]).ShouldBe("Conflict");
    }

    [Fact]
    public async Task A_paged_list_shows_one_moment_although_writes_go_on()
    {
        await using var server = await ApiHarness.OpenAsync();
        foreach (var name in (string[])["a", "b", "c", "d"])
            await server.SendAsync("POST", Maps, ApiHarness.ConfigMap(name));
        var (_, page) = await server.SendAsync("GET", Maps + "?limit=2");
        ((int)page["metadata"]!["remainingItemCount"]!).ShouldBe(2);
        await server.SendAsync("DELETE", Maps + "/c");
        await server.SendAsync("POST", Maps, ApiHarness.ConfigMap("bb"));
        var token = (string)page["metadata"]!["continue"]!;
        var (_, rest) = await server.SendAsync("GET", Maps + "?limit=2&continue=" + token);
        Names(rest).ShouldBe(["c", "d"]);
    }

    [Fact]
    public async Task A_watch_tells_the_changes_after_its_version()
    {
        await using var server = await ApiHarness.OpenAsync();
        var version = server.Store.Version;
        await server.SendAsync("POST", Maps, ApiHarness.ConfigMap("a"));
        await using var watch = await server.Transport("test").SendAsync(
            new KubernetesRequest(
                "GET", $"{Maps}?watch=1&resourceVersion={version}&timeoutSeconds=1") { Streaming = true },
            CancellationToken.None);
        await server.SendAsync("DELETE", Maps + "/a");
        var seen = new List<string>();
        await foreach (var line in watch.Lines!)
        {
            seen.Add((string)JsonNode.Parse(line.Span)!["type"]!);
            if (seen.Count == 2) break;
        }
        seen.ShouldBe(["ADDED", "DELETED"]);
    }

    private static string[] Names(JsonObject list) =>
        [.. list["items"]!.AsArray().Select(i => (string)i!["metadata"]!["name"]!)];
}
