using System.Text.Json.Nodes;

namespace Spillway.Tests.Cli;

/// <summary>The other examples, as their READMEs promise them.</summary>
public sealed class ExampleSceneTests
{
    [Fact]
    public async Task The_gpu_box_does_the_work_and_nothing_is_rented()
    {
        var run = await SpillwayProcess.RunAsync("rehearse", "examples/fixstars-gpu-overlay", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        var pods = run.Json["pods"]!.AsArray();
        pods.ShouldAllBe(pod => (string)pod!["phase"]! == "Succeeded");
        pods.ShouldAllBe(pod => pod!["pool"] == null);
        run.Json["nodes"]!.AsArray().ShouldAllBe(node => node!["pool"] == null);
        run.Json["decisions"]!.AsArray().ShouldAllBe(decision => (string)decision!["kind"]! != "burst");
        On(pods, "gpu-box").Count.ShouldBe(4);
        On(pods, "cpu-box").Count.ShouldBe(12);
        Amount(run.Json["cost"]!["cloud"]).ShouldBe(0);
        Amount(run.Json["cost"]!["saved"]).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Thirty_two_workers_run_on_spot_and_the_scheduler_never_does()
    {
        var run = await SpillwayProcess.RunAsync("rehearse", "examples/cloudviper-dask-spot", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        var pods = run.Json["pods"]!.AsArray();
        var nodes = run.Json["nodes"]!.AsArray().Select(node => node!).Where(node => node["pool"] is not null).ToList();
        pods.ShouldAllBe(pod => (string)pod!["phase"]! == "Succeeded");
        var workers = pods.Where(pod => ((string)pod!["name"]!).StartsWith("dask-workers-")).ToList();
        workers.Count.ShouldBe(32);
        workers.Select(pod => (string)pod!["node"]!).Distinct().Count().ShouldBe(32);
        workers.ShouldAllBe(pod => (string)pod!["pool"]! == "workers");
        nodes.Where(node => (string)node["pool"]! == "workers")
            .ShouldAllBe(node => (string)node["purchase"]! == "spot");
        var scheduler = pods.Single(pod => ((string)pod!["name"]!).StartsWith("dask-scheduler-"))!;
        var home = nodes.Single(node => (string)node["name"]! == (string)scheduler["node"]!);
        ((string)home["purchase"]!).ShouldBe("on-demand");
        nodes.ShouldAllBe(node => node["removedAt"] != null);
    }

    private static List<JsonNode?> On(JsonArray pods, string node) =>
        [.. pods.Where(pod => (string?)pod!["node"] == node)];

    private static decimal Amount(JsonNode? money) => money!["amount"]!.GetValue<decimal>();
}
