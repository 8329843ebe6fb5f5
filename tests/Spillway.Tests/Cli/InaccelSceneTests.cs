using System.Text.Json.Nodes;

namespace Spillway.Tests.Cli;

/// <summary>The scene of examples/inaccel-fpga-burst, as its README promises it.</summary>
public sealed class InaccelSceneTests
{
    private const string Example = "examples/inaccel-fpga-burst";

    [Fact]
    public async Task Rehearsal_runs_one_job_on_the_owned_card_and_rents_exactly_one_node_for_the_other()
    {
        var run = await SpillwayProcess.RunAsync("rehearse", Example, "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        var report = run.Json;
        Pod(report, "train-1")["node"]!.GetValue<string>().ShouldBe("fpga-box");
        Pod(report, "train-2")["pool"]!.GetValue<string>().ShouldBe("f1-4xlarge");
        report["pods"]!.AsArray().Select(pod => (string)pod!["phase"]!).ShouldAllBe(phase => phase == "Succeeded");
        var rented = report["nodes"]!.AsArray().Where(node => node!["pool"] is not null).ToList();
        rented.Count.ShouldBe(1);
        rented[0]!["removedAt"].ShouldNotBeNull();
    }

    [Fact]
    public async Task The_burst_says_why_the_pool_with_one_card_was_not_taken()
    {
        var run = await SpillwayProcess.RunAsync("rehearse", Example, "-o", "json");

        var burst = run.Json["decisions"]!.AsArray().Single(decision => (string)decision!["kind"]! == "burst")!;
        ((string)burst["pool"]!).ShouldBe("f1-4xlarge");
        ((int)burst["count"]!).ShouldBe(1);
        var rejected = burst["rejected"]!.AsArray().Single(one => (string)one!["pool"]! == "f1-2xlarge")!;
        ((string)rejected["why"]!).ShouldContain("2");
    }

    [Fact]
    public async Task One_seed_gives_the_same_bytes_but_for_the_wall_clock()
    {
        var first = await SpillwayProcess.RunAsync("rehearse", Example, "--seed", "7", "-o", "json");
        var second = await SpillwayProcess.RunAsync("rehearse", Example, "--seed", "7", "-o", "json");

        WithoutWallClock(first).ShouldBe(WithoutWallClock(second));
    }

    [Fact]
    public async Task The_bill_adds_up()
    {
        var run = await SpillwayProcess.RunAsync("rehearse", Example, "-o", "json");

        var cost = run.Json["cost"]!;
        Amount(cost["total"]).ShouldBe(Amount(cost["onPrem"]) + Amount(cost["cloud"]), 0.000002m);
        Amount(cost["saved"]).ShouldBe(Amount(cost["allCloud"]) - Amount(cost["total"]), 0.000002m);
        Amount(cost["cloud"]).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Up_plays_the_scene_at_wall_speed_and_ends_with_an_empty_cloud()
    {
        using var folder = new TemporaryFolder();
        var example = folder.CopyExample("inaccel-fpga-burst");

        var run = await SpillwayProcess.RunAsync("up", example, "--exit-when-idle", "--listen", "127.0.0.1:0");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("f1-4xlarge");
        var status = await SpillwayProcess.RunAsync("status", example, "-o", "json");
        status.Json["nodes"]!.AsArray().Where(node => node!["pool"] is not null)
            .ShouldAllBe(node => node!["removedAt"] != null);
    }

    [Fact]
    public async Task A_cluster_that_ran_ahead_of_the_wall_goes_on_from_there()
    {
        using var folder = new TemporaryFolder();
        var example = folder.CopyExample("inaccel-fpga-burst");
        await SpillwayProcess.RunAsync(
            "up", example, "--exit-when-idle", "--listen", "127.0.0.1:0", "--speed", "30");
        var stopped = Session(example, "stoppedAt");
        stopped.ShouldBeGreaterThan(TimeProvider.System.GetUtcNow());

        var again = await SpillwayProcess.RunAsync("up", example, "--exit-when-idle", "--listen", "127.0.0.1:0");

        again.ExitCode.ShouldBe(0, again.Output + again.Error);
        Session(example, "clusterStart").ShouldBeGreaterThanOrEqualTo(stopped);
    }

    private static DateTimeOffset Session(string example, string moment)
    {
        var state = Directory.GetDirectories(Path.Combine(example, ".spillway")).Single();
        var session = JsonNode.Parse(File.ReadAllText(Path.Combine(state, "session.json")))!;
        return DateTimeOffset.Parse(
            session[moment]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static JsonNode Pod(JsonNode report, string job) =>
        report["pods"]!.AsArray().Single(pod => ((string)pod!["name"]!).StartsWith(job + "-"))!;

    private static decimal Amount(JsonNode? money) => money!["amount"]!.GetValue<decimal>();

    private static string WithoutWallClock(SpillwayProcess run)
    {
        var json = run.Json.AsObject();
        json.Remove("wallSeconds");
        return json.ToJsonString();
    }
}
