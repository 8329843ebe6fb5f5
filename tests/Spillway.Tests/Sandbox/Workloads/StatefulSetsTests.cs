using Spillway.Kubernetes;
using Spillway.Sandbox.Workloads;

namespace Spillway.Tests.Sandbox.Workloads;

public sealed class StatefulSetsTests
{
    private static string Db(int replicas, string more = "") => $$$"""
        {"metadata": {"name": "db"}, "spec": {"replicas": {{{replicas}}}, "serviceName": "db", {{{more}}}
         "selector": {"matchLabels": {"app": "db"}},
         "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
           "resources": {"requests": {"storage": "1Gi"} } } }],
         "template": {"metadata": {"labels": {"app": "db"}},
             "spec": {"containers": [{"name": "c", "image": "db:1"}]}} }}
        """;

    [Fact]
    public void Pods_come_one_by_one_with_their_claims_and_go_from_the_last() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.StatefulSets, Db(3));
        await lab.WaitAsync(0.5);
        (await lab.ListAsync(Resources.Pods)).Select(p => p.Name).ShouldBe(["db-0"]);
        await lab.WaitAsync(10);
        (await lab.ListAsync(Resources.Pods)).Select(p => p.Name).ShouldBe(["db-0", "db-1", "db-2"]);
        (await lab.ListAsync(Resources.PersistentVolumeClaims)).Select(
            c => c.Name).ShouldBe(["data-db-0", "data-db-1", "data-db-2"]);

        await lab.MergeAsync(Resources.StatefulSets, "db", """{"spec": {"replicas": 1}}""");
        await lab.WaitAsync(1.5);
        (await lab.ListAsync(Resources.Pods)).Where(p => !p.IsTerminating).Select(p => p.Name).ShouldContain("db-0");
        await lab.WaitAsync(10);
        (await lab.ListAsync(Resources.Pods)).Select(p => p.Name).ShouldBe(["db-0"]);
        (await lab.ListAsync(Resources.PersistentVolumeClaims)).Count.ShouldBe(3);
    });

    [Fact]
    public void A_partition_holds_the_lower_pods_at_the_old_template() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.StatefulSets, Db(3, """ "updateStrategy": {"rollingUpdate": {"partition": 2}}, """));
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.StatefulSets, "db", """
            {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "db:2"}]}}}}
            """);
        await lab.WaitAsync(20);
        (await ImagesAsync(lab)).ShouldBe(["db:1", "db:1", "db:2"]);
        var held = await lab.GetAsync(Resources.StatefulSets, "db");
        held.Status.Text("currentRevision").ShouldNotBe(held.Status.Text("updateRevision"));

        await lab.DeleteAsync(Resources.Pods, "db-0");
        await lab.WaitAsync(10);
        (await ImagesAsync(lab)).ShouldBe(["db:1", "db:1", "db:2"]);

        await lab.MergeAsync(Resources.StatefulSets, "db", """{"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}""");
        await lab.WaitAsync(20);
        (await ImagesAsync(lab)).ShouldBe(["db:2", "db:2", "db:2"]);
        var done = await lab.GetAsync(Resources.StatefulSets, "db");
        done.Status.Text("currentRevision").ShouldBe(done.Status.Text("updateRevision"));
    });

    [Fact]
    public void A_cron_job_starts_jobs_at_its_times_and_keeps_a_short_history() => WorkloadLab.Play(async lab =>
    {
        lab.Ends = _ => (5, 0);
        await lab.CreateAsync(Resources.CronJobs, """
            {"metadata": {"name": "tick"},
                "spec": {"schedule": "*/10 * * * *", "successfulJobsHistoryLimit": 2, "jobTemplate": {
              "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}}}}
            """);
        await lab.WaitAsync(601);
        (await lab.ListAsync(Resources.Jobs)).Count.ShouldBe(1);
        await lab.WaitAsync(3600);

        var cron = await lab.GetAsync(Resources.CronJobs, "tick");
        cron.LastScheduledAt.ShouldBe(WorkloadLab.Begin.AddMinutes(70));
        (await lab.ListAsync(Resources.Jobs)).Count(j => j.IsComplete).ShouldBe(2);
    });

    [Theory]
    [InlineData("*/15 * * * *", "2026-01-01T00:01:00Z", "2026-01-01T00:15:00Z")]
    [InlineData("0 9 * * 1-5", "2026-01-02T10:00:00Z", "2026-01-05T09:00:00Z")]
    [InlineData("0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")]
    [InlineData("0 0 29 feb *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("@hourly", "2026-01-01T00:59:59Z", "2026-01-01T01:00:00Z")]
    public void Schedules_are_read_as_Kubernetes_reads_them(string schedule, string after, string next) =>
        CronSchedule.TryParse(schedule)!.Next(DateTimeOffset.Parse(after), TimeZoneInfo.Utc).ShouldBe(
            DateTimeOffset.Parse(next));

    [Theory]
    [InlineData("* * * *")]
    [InlineData("61 * * * *")]
    [InlineData("a * * * *")]
    [InlineData("*/0 * * * *")]
    public void What_is_no_schedule_is_refused(string schedule) => CronSchedule.TryParse(schedule).ShouldBeNull();

    private static async Task<IEnumerable<string?>> ImagesAsync(WorkloadLab lab) =>
        (await lab.ListAsync(Resources.Pods)).OrderBy(p => p.Name).Select(p => p.Containers.First().Text("image"));
}
