using Spillway.Kubernetes;

namespace Spillway.Tests.Sandbox.Workloads;

public sealed class DeploymentsTests
{
    private static string Web(int replicas, string image = "web:1", string more = "") => $$$"""
        {"metadata": {"name": "web"}, "spec": {"replicas": {{{replicas}}}, {{{more}}}
         "selector": {"matchLabels": {"app": "web"}},
         "template": {"metadata": {"labels": {"app": "web"}},
             "spec": {"containers": [{"name": "c", "image": "{{{image}}}"}]} }} }
        """;

    [Fact]
    public void A_deployment_makes_a_set_whose_pods_become_available() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(3));
        await lab.WaitAsync(10);

        var set = (await lab.ListAsync(Resources.ReplicaSets)).ShouldHaveSingleItem();
        set.Name.ShouldStartWith("web-");
        set.Annotation("deployment.kubernetes.io/revision").ShouldBe("1");
        set.Label("pod-template-hash").ShouldBe(set.Name["web-".Length..]);
        (await lab.ListAsync(Resources.Pods, $"pod-template-hash={set.Label("pod-template-hash")}")).Count.ShouldBe(3);
        var web = await lab.GetAsync(Resources.Deployments, "web");
        web.Status.Integer("availableReplicas").ShouldBe(3);
        web.IsTrue("Available").ShouldBeTrue();
        web.FindCondition("Progressing")!.Reason.ShouldBe("NewReplicaSetAvailable");
        web.Annotation("deployment.kubernetes.io/revision").ShouldBe("1");
    });

    [Fact]
    public void A_rolling_update_keeps_enough_pods_and_never_too_many() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(4));
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.Deployments, "web", """
            {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "web:2"}]}}}}
            """);

        for (var i = 0; i < 40; i++)
        {
            await lab.WaitAsync(0.5);
            var sets = await lab.ListAsync(Resources.ReplicaSets);
            sets.Sum(s => s.Replicas).ShouldBeLessThanOrEqualTo(5);
            sets.Sum(s => s.AvailableReplicas).ShouldBeGreaterThanOrEqualTo(3);
        }

        var web = await lab.GetAsync(Resources.Deployments, "web");
        web.Status.Integer("updatedReplicas").ShouldBe(4);
        web.Annotation("deployment.kubernetes.io/revision").ShouldBe("2");
        (await lab.ListAsync(Resources.Pods)).Select(
            p => p.Containers.First().Text("image")).Distinct().ShouldBe(["web:2"]);
        (await lab.ListAsync(Resources.ReplicaSets)).Select(s => s.Replicas).ShouldBe([0, 4], ignoreOrder: true);
    });

    [Fact]
    public void An_undone_rollout_reuses_the_old_set_as_a_new_revision() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(2));
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.Deployments, "web", Image("web:2"));
        await lab.WaitAsync(20);
        await lab.MergeAsync(Resources.Deployments, "web", Image("web:1"));
        await lab.WaitAsync(20);

        var sets = await lab.ListAsync(Resources.ReplicaSets);
        sets.Count.ShouldBe(2);
        var current = sets.Single(s => s.Replicas == 2);
        current.Annotation("deployment.kubernetes.io/revision").ShouldBe("3");
        current.Annotation("deployment.kubernetes.io/revision-history").ShouldBe("1");
    });

    [Fact]
    public void A_rollout_that_does_not_get_ready_misses_its_deadline_and_keeps_the_old_pods() =>
        WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(4, more: "\"progressDeadlineSeconds\": 60,"));
        await lab.WaitAsync(10);
        lab.BecomesReady = p => p.Containers.First().Text("image") != "web:broken";
        await lab.MergeAsync(Resources.Deployments, "web", Image("web:broken"));
        await lab.WaitAsync(90);

        var web = await lab.GetAsync(Resources.Deployments, "web");
        web.FindCondition("Progressing")!.Reason.ShouldBe("ProgressDeadlineExceeded");
        web.Status.Integer("availableReplicas").ShouldBe(3);
        web.IsTrue("Available").ShouldBeTrue();
    });

    [Fact]
    public void Recreate_lets_the_old_pods_go_before_the_new_ones_come() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(3, more: """ "strategy": {"type": "Recreate"}, """));
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.Deployments, "web", Image("web:2"));

        for (var i = 0; i < 20; i++)
        {
            await lab.WaitAsync(0.3);
            (await lab.ListAsync(Resources.Pods)).Select(p => p.Containers.First().Text("image")).Distinct().Count()
                .ShouldBeLessThanOrEqualTo(1);
        }

        (await lab.GetAsync(Resources.Deployments, "web")).Status.Integer("updatedReplicas").ShouldBe(3);
    });

    [Fact]
    public void A_paused_deployment_scales_but_does_not_roll() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(2));
        await lab.WaitAsync(10);
        await lab.MergeAsync(Resources.Deployments, "web", """{"spec": {"paused": true}}""");
        await lab.MergeAsync(Resources.Deployments, "web", Image("web:2"));
        await lab.MergeAsync(Resources.Deployments, "web", """{"spec": {"replicas": 5}}""");
        await lab.WaitAsync(10);
        (await lab.ListAsync(Resources.Pods)).Count(p => p.Containers.First().Text("image") == "web:1").ShouldBe(5);
        (await lab.GetAsync(Resources.Deployments, "web")).FindCondition("Progressing")!.Reason.ShouldBe(
            "DeploymentPaused");

        await lab.MergeAsync(Resources.Deployments, "web", """{"spec": {"paused": false}}""");
        await lab.WaitAsync(30);
        (await lab.ListAsync(Resources.Pods)).Count(p => p.Containers.First().Text("image") == "web:2").ShouldBe(5);
    });

    [Fact]
    public void The_history_is_cut_at_its_limit() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Deployments, Web(1, more: "\"revisionHistoryLimit\": 2,"));
        for (var i = 2; i < 7; i++)
        {
            await lab.WaitAsync(15);
            await lab.MergeAsync(Resources.Deployments, "web", Image($"web:{i}"));
        }

        await lab.WaitAsync(15);
        (await lab.ListAsync(Resources.ReplicaSets)).Count.ShouldBe(3);
    });

    [Fact]
    public void A_set_takes_in_loose_pods_and_lets_go_of_relabelled_ones() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Pods, """
            {"metadata": {"name": "loose", "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]}}
            """);
        await lab.CreateAsync(Resources.ReplicaSets, Web(2));
        await lab.WaitAsync(5);
        (await lab.ListAsync(Resources.Pods)).Count.ShouldBe(2);
        (await lab.GetAsync(Resources.Pods, "loose")).Controller!.Name.ShouldBe("web");

        await lab.MergeAsync(Resources.Pods, "loose", """{"metadata": {"labels": {"app": "debug"}}}""");
        await lab.WaitAsync(5);
        (await lab.GetAsync(Resources.Pods, "loose")).Controller.ShouldBeNull();
        (await lab.ListAsync(Resources.Pods, "app=web")).Count.ShouldBe(2);
    });

    private static string Image(string image) =>
        "{\"spec\": {\"template\": {\"spec\": {\"containers\": [{\"name\": \"c\", \"image\": \"" + image + "\"}]}}}}";
}
