using System.Text.Json.Nodes;
using Spillway.Kubernetes;
using Spillway.Sandbox;
using Spillway.Sandbox.Kubelets;

namespace Spillway.Tests.Sandbox;

public sealed class PodRunTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_job_pod_runs_its_duration_and_succeeds()
    {
        var run = Run("""
            {"metadata": {"annotations": {"spillway.dev/duration": "90s"}},
             "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
            """);

        var log = Play(run);

        log.Select(l => l.Phase).ShouldBe(["Pending", "Running", "Succeeded"]);
        (run.Mains[0].FinishedAt - run.Mains[0].StartedAt).ShouldBe(TimeSpan.FromSeconds(90));
    }

    [Fact]
    public void An_exit_code_fails_the_pod()
    {
        var run = Run("""
            {"metadata": {"annotations": {"spillway.dev/duration": "5s", "spillway.dev/exit-code": "3"}},
             "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
            """);

        Play(run).Last().Phase.ShouldBe("Failed");
        run.Mains[0].ExitCode.ShouldBe(3);
    }

    [Fact]
    public void A_job_without_a_duration_runs_half_a_minute_and_a_server_until_it_is_stopped()
    {
        var job = Run("""
            {"metadata": {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "u",
             "controller": true}]},
             "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
            """);
        var server = Run("""{"spec": {"containers": [{"name": "main", "image": "nginx"}]}}""");

        Play(job).Last().Phase.ShouldBe("Succeeded");
        (job.Mains[0].FinishedAt - job.Mains[0].StartedAt).ShouldBe(TimeSpan.FromSeconds(30));
        Play(server).Last().Phase.ShouldBe("Running");
        server.Due.ShouldBeNull();
    }

    [Fact]
    public void Init_containers_run_one_after_the_other_and_sidecars_go_on_beside_the_main_ones()
    {
        var run = Run("""
            {"metadata": {"annotations": {"spillway.dev/duration": "10s"}},
             "spec": {"restartPolicy": "Never",
               "initContainers": [{"name": "first", "image": "a"},
                {"name": "side", "image": "b", "restartPolicy": "Always"},
                 {"name": "second", "image": "c"}],
               "containers": [{"name": "main", "image": "d"}]}}
            """);

        Play(run).Last().Phase.ShouldBe("Succeeded");

        run.Inits[1].StartedAt.ShouldBeGreaterThan(run.Inits[0].FinishedAt);
        run.Inits[2].StartedAt.ShouldBeGreaterThan(run.Inits[1].StartedAt);
        run.Mains[0].StartedAt.ShouldBeGreaterThan(run.Inits[2].FinishedAt);
        run.Inits[1].FinishedAt.ShouldBe(run.Mains[0].FinishedAt);
    }

    [Fact]
    public void Failing_containers_restart_with_growing_pauses_until_they_are_given_up()
    {
        var run = Run("""
            {"metadata": {"annotations": {"spillway.dev/duration": "1s", "spillway.dev/exit-code": "1"}},
             "spec": {"restartPolicy": "OnFailure", "activeDeadlineSeconds": 60,
              "containers": [{"name": "main", "image": "x"}]}}
            """);

        Play(run).Last().Phase.ShouldBe("Failed");

        // 10 s, 20 s, and the pause of 40 s is cut off by the deadline.
        run.Mains[0].Restarts.ShouldBe(3);
        run.Reason.ShouldBe("DeadlineExceeded");
    }

    [Fact]
    public void A_pod_that_is_stopped_ends_within_its_grace_and_is_not_a_success()
    {
        var run = Run("""{"spec": {"containers": [{"name": "main", "image": "nginx"}]}}""");
        Play(run);

        run.StopWithin(TimeSpan.FromSeconds(30), Start.AddMinutes(5));
        run.Advance(Start.AddMinutes(6), _ => TimeSpan.Zero);

        run.Phase.ShouldBe("Failed");
        run.Mains[0].ExitCode.ShouldBe(143);
        run.Mains[0].FinishedAt.ShouldBeLessThan(Start.AddMinutes(5).AddSeconds(1));
    }

    [Fact]
    public void A_restarted_process_goes_on_with_the_time_that_is_left()
    {
        var spec = """
            {"metadata": {"annotations": {"spillway.dev/duration": "90s"}},
             "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox"}]}}
            """;
        var first = Run(spec);
        first.Advance(Start.AddSeconds(30), _ => TimeSpan.FromSeconds(1));
        var stored = Pod(spec);
        stored.Json["status"] = PodStatusJson.Write(first, stored, "10.0.0.1", new Dice(1), Start.AddSeconds(30));

        var again = Run(spec);
        again.Resume(stored, Start.AddSeconds(40), _ => TimeSpan.Zero);
        again.Advance(Start.AddSeconds(90), _ => TimeSpan.Zero);

        again.Phase.ShouldBe("Running");
        again.Due!.Value.ShouldBe(first.Due!.Value, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Being_told_late_changes_nothing_but_the_lateness()
    {
        var spec = """
            {"metadata": {"annotations": {"spillway.dev/duration": "7s", "spillway.dev/exit-code": "1"}},
             "spec": {"restartPolicy": "Always", "initContainers": [{"name": "i", "image": "a"}],
               "containers": [{"name": "main", "image": "x"}]}}
            """;
        var often = Run(spec);
        var once = Run(spec);

        for (var s = 0; s <= 300; s++) often.Advance(Start.AddSeconds(s), _ => TimeSpan.FromSeconds(2));
        once.Advance(Start.AddSeconds(300), _ => TimeSpan.FromSeconds(2));

        Status(once).ShouldBe(Status(often));

        string Status(PodRun run) =>
            PodStatusJson.Write(run, Pod(spec), "10.0.0.1", new Dice(1), Start.AddSeconds(300)).ToJsonString();
    }

    private static List<(DateTimeOffset At, string Phase)> Play(PodRun run)
    {
        var log = new List<(DateTimeOffset, string)> { (Start, run.Phase) };
        while (run.Due is { } due)
        {
            run.Advance(due, _ => TimeSpan.FromSeconds(1));
            if (run.Phase != log[^1].Item2) log.Add((due, run.Phase));
        }
        return log;
    }

    private static PodRun Run(string json) =>
        new(new ObjectKey("default", "p"), "uid-1", PodScript.Read(Pod(json), new Dice(1)), Start);

    private static Pod Pod(string json)
    {
        var node = (JsonObject)JsonNode.Parse(json)!;
        node.Ensure("metadata")["name"] = "p";
        node.Ensure("metadata")["uid"] = "uid-1";
        return Resources.Pods.Wrap(node);
    }
}
