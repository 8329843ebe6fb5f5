using Spillway.Kubernetes;

namespace Spillway.Tests.Sandbox.Workloads;

public sealed class JobsTests
{
    private static string Work(string spec) => $$$"""
        {"metadata": {"name": "work"}, "spec": { {{{spec}}}
         "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]} }} }
        """;

    [Fact]
    public void A_job_runs_its_pods_within_its_parallelism_and_completes() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (10, 0);
        await lab.CreateAsync(Resources.Jobs, Work("\"completions\": 5, \"parallelism\": 2,"));
        for (var i = 0; i < 20; i++)
        {
            await lab.WaitAsync(1);
            (await lab.ListAsync(Resources.Pods)).Count(p => p.IsActive).ShouldBeLessThanOrEqualTo(2);
        }

        await lab.WaitAsync(30);
        var job = await lab.GetAsync(Resources.Jobs, "work");
        job.Succeeded.ShouldBe(5);
        job.IsComplete.ShouldBeTrue();
        job.FindCondition("SuccessCriteriaMet")!.Reason.ShouldBe("CompletionsReached");
        job.Status.Text("completionTime").ShouldNotBeNull();
        job.Active.ShouldBe(0);
        job.Status.ObjectAt("uncountedTerminatedPods")!.Count.ShouldBe(0);
        (await lab.ListAsync(Resources.Pods, "batch.kubernetes.io/job-name=work")).Count.ShouldBe(5);
        (await lab.ListAsync(Resources.Pods)).ShouldAllBe(p => !p.Finalizers.Any());
    });

    [Fact]
    public void A_failing_job_waits_longer_each_time_and_gives_up_at_its_limit() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (1, 1);
        await lab.CreateAsync(Resources.Jobs, Work("\"backoffLimit\": 3,"));
        await lab.WaitAsync(600);

        var job = await lab.GetAsync(Resources.Jobs, "work");
        job.FindCondition("Failed")!.Reason.ShouldBe("BackoffLimitExceeded");
        job.Failed.ShouldBe(4);
        var created = (await lab.ListAsync(Resources.Pods)).Select(p => p.CreatedAt!.Value).Order().ToList();
        created.Count.ShouldBe(4);
        var pauses = created.Zip(created.Skip(1), (a, b) => (b - a).TotalSeconds).ToList();
        pauses.ShouldBe([12, 22, 42]);
    });

    [Fact]
    public void An_indexed_job_gives_every_index_one_success() => WorkloadLab.Play(async lab =>
    {
        var failedOnce = false;
        lab.Ends = p =>
        {
            if (p.Annotation("batch.kubernetes.io/job-completion-index") != "2" || failedOnce) return (5, 0);
            failedOnce = true;
            return (5, 1);
        };
        await lab.CreateAsync(
            Resources.Jobs, Work("\"completionMode\": \"Indexed\", \"completions\": 5, \"parallelism\": 5,"));
        await lab.WaitAsync(3);
        var third = (await lab.ListAsync(Resources.Pods)).Single(p => p.Name.StartsWith("work-2-"));
        third.Json.Text("spec", "hostname").ShouldBe("work-2");
        third.Containers.First().ObjectsAt("env").Single().Text("name").ShouldBe("JOB_COMPLETION_INDEX");
        await lab.WaitAsync(5);
        (await lab.GetAsync(Resources.Jobs, "work")).Status.Text("completedIndexes").ShouldBe("0,1,3,4");

        await lab.WaitAsync(30);
        var job = await lab.GetAsync(Resources.Jobs, "work");
        job.IsComplete.ShouldBeTrue();
        job.Status.Text("completedIndexes").ShouldBe("0-4");
        job.Failed.ShouldBe(1);
    });

    [Fact]
    public void A_deadline_ends_the_job_and_its_pods() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(
            Resources.Jobs, Work("\"activeDeadlineSeconds\": 30, \"parallelism\": 2, \"completions\": 2,"));
        await lab.WaitAsync(29);
        (await lab.GetAsync(Resources.Jobs, "work")).Active.ShouldBe(2);
        await lab.WaitAsync(10);

        (await lab.GetAsync(Resources.Jobs, "work")).FindCondition("Failed")!.Reason.ShouldBe("DeadlineExceeded");
        (await lab.ListAsync(Resources.Pods)).Select(p => p.Json.ToJsonString()).ShouldBeEmpty();
    });

    [Fact]
    public void Suspending_removes_the_pods_and_resuming_starts_again() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (20, 0);
        await lab.CreateAsync(Resources.Jobs, Work("\"suspend\": true,"));
        await lab.WaitAsync(5);
        (await lab.ListAsync(Resources.Pods)).ShouldBeEmpty();
        (await lab.GetAsync(Resources.Jobs, "work")).FindCondition("Suspended")!.Status.ShouldBe("True");

        await lab.MergeAsync(Resources.Jobs, "work", """{"spec": {"suspend": false}}""");
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.Jobs, "work", """{"spec": {"suspend": true}}""");
        await lab.WaitAsync(5);
        (await lab.ListAsync(Resources.Pods)).ShouldBeEmpty();
        await lab.MergeAsync(Resources.Jobs, "work", """{"spec": {"suspend": false}}""");
        await lab.WaitAsync(60);
        (await lab.GetAsync(Resources.Jobs, "work")).IsComplete.ShouldBeTrue();
    });

    [Fact]
    public void A_failure_policy_ignores_disruptions_and_ends_the_job_at_a_fatal_code() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (1, 42);
        await lab.CreateAsync(Resources.Jobs, Work("""
            "backoffLimit": 6, "podFailurePolicy": {"rules": [
              {"action": "FailJob", "onExitCodes": {"containerName": "c", "operator": "In", "values": [42]}}]},
            """));
        await lab.WaitAsync(30);

        var failed = (await lab.GetAsync(Resources.Jobs, "work")).FindCondition("Failed")!;
        failed.Reason.ShouldBe("PodFailurePolicy");
        failed.Message.ShouldContain("failed with exit code 42 matching FailJob rule");
        (await lab.ListAsync(Resources.Pods)).Count.ShouldBe(1);
    });

    [Fact]
    public void A_success_policy_ends_the_job_early() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = p => p.Annotation("batch.kubernetes.io/job-completion-index") == "0" ? (5, 0) : null;
        await lab.CreateAsync(Resources.Jobs, Work("""
            "completionMode": "Indexed", "completions": 3, "parallelism": 3,
            "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
            """));
        await lab.WaitAsync(30);

        var job = await lab.GetAsync(Resources.Jobs, "work");
        job.FindCondition("Complete")!.Reason.ShouldBe("SuccessPolicy");
        (await lab.ListAsync(Resources.Pods)).Count(p => !p.IsFinished).ShouldBe(0);
    });

    [Fact]
    public void A_pod_that_is_deleted_is_replaced_and_counts_as_failed() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (30, 0);
        await lab.CreateAsync(Resources.Jobs, Work(""));
        await lab.WaitAsync(5);
        await lab.DeleteAsync(Resources.Pods, (await lab.ListAsync(Resources.Pods)).Single().Name);
        await lab.WaitAsync(90);

        var job = await lab.GetAsync(Resources.Jobs, "work");
        job.IsComplete.ShouldBeTrue();
        job.Failed.ShouldBe(1);
    });
}
