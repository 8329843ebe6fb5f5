using System.Text.Json.Nodes;
using Spillway.ApiServer.Printing;
using Spillway.ApiServer.Schema;

namespace Spillway.Tests.ApiServer.Objects;

public sealed class TablePrinterTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("""{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":2,"state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2026-11-22T07:55:00Z"}}}]}""", "1/1", "Running", "2 (5m ago)")]
    [InlineData("""{"phase":"Pending","containerStatuses":[{"ready":false,"restartCount":0,"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}""", "0/1", "ImagePullBackOff", "0")]
    [InlineData("""{"phase":"Failed","containerStatuses":[{"ready":false,"restartCount":0,"state":{"terminated":{"exitCode":3}}}]}""", "0/1", "ExitCode:3", "0")]
    [InlineData("""{"phase":"Succeeded","containerStatuses":[{"ready":false,"restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}""", "0/1", "Completed", "0")]
    [InlineData("""{"phase":"Failed","reason":"Evicted"}""", "0/1", "Evicted", "0")]
    [InlineData("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}""", "0/1", "SchedulingGated", "0")]
    public void A_pod_says_what_its_containers_do(string status, string ready, string state, string restarts)
    {
        var pod = Item("""{"metadata":{"name":"p","creationTimestamp":"2026-11-22T07:50:00Z"},"spec":{"containers":[{"name":"c"}]}}""");
        pod["status"] = JsonNode.Parse(status);

        Cells("", "Pod", pod).ShouldBe(["p", ready, state, restarts, "10m", "<none>", "<none>", "<none>", "<none>"]);
    }

    [Fact]
    public void A_node_shows_its_roles_and_that_it_is_cordoned()
    {
        var node = Item("""
            {"metadata":{"name":"n","creationTimestamp":"2026-11-20T00:00:00Z","labels":{"node-role.kubernetes.io/worker":""}},
             "spec":{"unschedulable":true},
             "status":{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"kubeletVersion":"v1.36.2"},
                       "addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}}
            """);

        Cells("", "Node", node).Take(
            6).ShouldBe(["n", "Ready,SchedulingDisabled", "worker", "2d8h", "v1.36.2", "10.0.0.1"]);
    }

    [Fact]
    public void A_job_counts_completions()
    {
        var job = Item("""
            {"metadata":{"name":"j","creationTimestamp":"2026-11-22T07:59:00Z"},
             "spec":{"completions":4,"parallelism":2,"template":{"spec":{"containers":[{"name":"a","image":"b"}]}}},
             "status":{"succeeded":1,"startTime":"2026-11-22T07:59:10Z"}}
            """);

        Cells("batch", "Job", job).ShouldBe(["j", "Running", "1/4", "50s", "60s", "a", "b", "<none>"]);
    }

    [Fact]
    public void Every_kind_with_columns_fills_all_of_them()
    {
        foreach (var type in TypeTable.Load().Resources)
        {
            if (!type.Verbs.Contains("get")) continue;
            var row = TablePrinter.Print(type, Item("""{"metadata":{"name":"x"}}"""), s_now);
            row["cells"]!.AsArray().Count.ShouldBe(TablePrinter.Columns(type).Count, type.QualifiedResource);
        }
    }

    private static List<string> Cells(string group, string kind, JsonObject item)
    {
        var type = TypeTable.Load().Resources.First(r => r.Group == group && r.Kind == kind && r.Verbs.Contains("get"));
        return [.. TablePrinter.Print(type, item, s_now)["cells"]!.AsArray().Select(c => c?.ToString() ?? "null")];
    }

    private static JsonObject Item(string json) => JsonNode.Parse(json)!.AsObject();
}
