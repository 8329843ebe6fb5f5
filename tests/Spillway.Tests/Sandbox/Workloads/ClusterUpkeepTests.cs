using System.Text.Json.Nodes;
using Spillway.Kubernetes;

namespace Spillway.Tests.Sandbox.Workloads;

/// <summary>Nodes, taints, budgets, namespaces, volumes: what keeps a cluster in order around its workloads.</summary>
public sealed class ClusterUpkeepTests
{
    private const string PodSpec = """{"containers": [{"name": "c", "image": "i"}]}""";

    [Fact]
    public void A_node_that_falls_silent_is_tainted_and_its_pods_leave_when_they_bear_it_no_longer() =>
        WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Pods, """
            {"metadata": {"name": "short"}, "spec": {"containers": [{"name": "c", "image": "i"}], "tolerations": [
              {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                  "tolerationSeconds": 60}]}}
            """);
        await lab.CreateAsync(Resources.Pods, """
            {"metadata": {"name": "loyal"}, "spec": {"containers": [{"name": "c", "image": "i"}], "tolerations": [
              {"operator": "Exists"}]}}
            """);
        await lab.WaitAsync(105);
        (await lab.GetAsync(Resources.Nodes, "node-1")).Taints.ShouldBeEmpty();
        lab.Beating.Clear();
        await lab.WaitAsync(55);

        var node = await lab.GetAsync(Resources.Nodes, "node-1");
        node.FindCondition("Ready")!.Status.ShouldBe("Unknown");
        node.Taints.Select(t => $"{t.Key}:{t.Effect}").ShouldBe(
            ["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"],
                ignoreOrder: true);
        (await lab.GetAsync(Resources.Pods, "short")).IsReady.ShouldBeFalse();
        await lab.WaitAsync(70);
        (await lab.FindAsync(Resources.Pods, "short")).ShouldBeNull();
        (await lab.FindAsync(Resources.Pods, "loyal")).ShouldNotBeNull();

        await lab.ReportReadyAsync("node-1");
        await lab.WaitAsync(2);
        (await lab.GetAsync(Resources.Nodes, "node-1")).Taints.ShouldBeEmpty();
    });

    [Fact]
    public void Pods_of_a_node_that_is_gone_are_removed() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Pods, """{"metadata": {"name": "a"}, "spec": """ + PodSpec + "}");
        await lab.WaitAsync(5);
        lab.Beating.Clear();
        await lab.DeleteAsync(Resources.Nodes, "node-1");
        await lab.WaitAsync(30);
        (await lab.FindAsync(Resources.Pods, "a")).ShouldNotBeNull();
        await lab.WaitAsync(20);
        (await lab.FindAsync(Resources.Pods, "a")).ShouldBeNull();
    });

    [Fact]
    public void A_daemon_set_has_one_pod_on_each_fitting_node_and_rolls_one_by_one() => WorkloadLab.Play(async lab =>
    {
        lab.Target = pod =>
            pod.Json.At("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
            .ObjectsAt("nodeSelectorTerms").First().ObjectsAt("matchFields").First().TextsAt("values").First();
        await lab.AddNodeAsync("a", """{"pool": "x"}""");
        await lab.AddNodeAsync("b", """{"pool": "x"}""");
        await lab.AddNodeAsync("c", "{}");
        await lab.CreateAsync(Resources.DaemonSets, """
            {"metadata": {"name": "agent"}, "spec": {"selector": {"matchLabels": {"app": "agent"}}, "template": {
              "metadata": {"labels": {"app": "agent"}}, "spec": {"nodeSelector": {"pool": "x"},
              "containers": [{"name": "c", "image": "agent:1"}]}}}}
            """);
        await lab.WaitAsync(5);
        (await lab.ListAsync(Resources.Pods)).Select(p => p.NodeName).ShouldBe(["a", "b"], ignoreOrder: true);

        await lab.MergeAsync(Resources.Nodes, "c", """{"metadata": {"labels": {"pool": "x"}}}""");
        await lab.MergeAsync(Resources.Nodes, "a", """{"metadata": {"labels": {"pool": null}}}""");
        await lab.WaitAsync(5);
        (await lab.ListAsync(Resources.Pods)).Select(p => p.NodeName).ShouldBe(["b", "c"], ignoreOrder: true);

        await lab.MergeAsync(Resources.DaemonSets, "agent", """
            {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "agent:2"}]}}}}
            """);
        for (var i = 0; i < 20; i++)
        {
            await lab.WaitAsync(0.5);
            (await lab.ListAsync(Resources.Pods)).Count(p => p.IsReady
                && !p.IsTerminating).ShouldBeGreaterThanOrEqualTo(1);
        }

        (await lab.ListAsync(Resources.Pods)).Select(
            p => p.Containers.First().Text("image")).Distinct().ShouldBe(["agent:2"]);
        var status = (await lab.GetAsync(Resources.DaemonSets, "agent")).Status;
        status.Integer("updatedNumberScheduled").ShouldBe(2);
        status.Integer("numberAvailable").ShouldBe(2);
        (await lab.ListAsync(Resources.ControllerRevisions)).Select(
            r => r.Revision).ShouldBe([1, 2], ignoreOrder: true);
    });

    [Fact]
    public void A_budget_says_how_many_evictions_it_allows() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.PodDisruptionBudgets, """
            {"metadata": {"name": "web"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
            """);
        await lab.CreateAsync(Resources.Deployments, """
            {"metadata": {"name": "web"},
                "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": {
              "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
            """);
        await lab.WaitAsync(5);

        var budget = await lab.GetAsync(Resources.PodDisruptionBudgets, "web");
        budget.DisruptionsAllowed.ShouldBe(1);
        budget.Status.Integer("expectedPods").ShouldBe(3);
        budget.Status.Integer("desiredHealthy").ShouldBe(2);
        budget.IsTrue("DisruptionAllowed").ShouldBeTrue();
    });

    [Fact]
    public void A_namespace_gets_its_account_and_certificate_and_is_emptied_when_it_goes() =>
        WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Namespaces, """{"metadata": {"name": "lab"}}""");
        await lab.WaitAsync(1);
        (await lab.Client.GetAsync(
            Resources.ServiceAccounts, new ObjectKey("lab", "default"), default)).ShouldNotBeNull();
        (await lab.Client.GetAsync(
            Resources.ConfigMaps, new ObjectKey("lab", "kube-root-ca.crt"), default)).ShouldNotBeNull();
        await lab.CreateAsync(Resources.Deployments, """
            {"metadata": {"name": "web", "namespace": "lab"},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
            """);
        await lab.WaitAsync(5);

        await lab.DeleteAsync(Resources.Namespaces, "lab");
        await lab.WaitAsync(30);

        (await lab.FindAsync(Resources.Namespaces, "lab")).ShouldBeNull();
        (await lab.Client.ListAsync(
            Resources.Pods, new ListQuery { Namespace = "lab" }, default)).Items.ShouldBeEmpty();
    });

    [Theory]
    [InlineData(DeletePropagation.Background, 0)]
    [InlineData(DeletePropagation.Foreground, 0)]
    [InlineData(DeletePropagation.Orphan, 2)]
    public void Deleting_an_owner_does_to_its_dependents_what_was_asked(DeletePropagation how, int left) =>
        WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.ReplicaSets, """
            {"metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {
              "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}
            """);
        await lab.WaitAsync(5);
        await lab.DeleteAsync(Resources.ReplicaSets, "web", how);
        await lab.WaitAsync(0.5);
        if (how == DeletePropagation.Foreground) (await lab.FindAsync(Resources.ReplicaSets, "web")).ShouldNotBeNull();
        await lab.WaitAsync(10);

        (await lab.FindAsync(Resources.ReplicaSets, "web")).ShouldBeNull();
        var pods = await lab.ListAsync(Resources.Pods);
        pods.Count.ShouldBe(left);
        pods.Sum(p => p.Owners.Count()).ShouldBe(0);
    });

    [Fact]
    public void A_claim_gets_a_volume_of_its_class_once_a_pod_needs_it_and_is_held_while_in_use() =>
        WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.StorageClasses, """
            {"metadata": {"name": "fast"}, "provisioner": "ebs.csi.aws.com",
                "volumeBindingMode": "WaitForFirstConsumer"}
            """);
        await lab.CreateAsync(Resources.PersistentVolumeClaims, """
            {"metadata": {"name": "data"}, "spec": {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"],
              "resources": {"requests": {"storage": "10Gi"}}}}
            """);
        await lab.WaitAsync(5);
        (await lab.GetAsync(Resources.PersistentVolumeClaims, "data")).Phase.ShouldBe("Pending");
        await lab.CreateAsync(Resources.Pods, """
            {"metadata": {"name": "user"}, "spec": {"containers": [{"name": "c", "image": "i"}],
              "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}
            """);
        await lab.WaitAsync(5);
        var claim = await lab.GetAsync(Resources.PersistentVolumeClaims, "data");
        claim.Phase.ShouldBe("Bound");
        (await lab.GetAsync(Resources.PersistentVolumes, claim.VolumeName)).Capacity.ShouldBe("10Gi");

        await lab.DeleteAsync(Resources.PersistentVolumeClaims, "data");
        await lab.WaitAsync(5);
        (await lab.FindAsync(Resources.PersistentVolumeClaims, "data")).ShouldNotBeNull();
        await lab.DeleteAsync(Resources.Pods, "user");
        await lab.WaitAsync(5);
        (await lab.FindAsync(Resources.PersistentVolumeClaims, "data")).ShouldBeNull();
        (await lab.FindAsync(Resources.PersistentVolumes, claim.VolumeName)).ShouldBeNull();
    });

    [Fact]
    public void A_service_publishes_its_ready_pods() => WorkloadLab.Play(async lab =>
    {
        await lab.CreateAsync(Resources.Services, """
            {"metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "targetPort": 8080}]}}
            """);
        await lab.CreateAsync(Resources.Pods, """{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": """ + PodSpec + "}");
        await lab.WaitAsync(5);

        var slice =
            (await lab.ListAsync(Resources.EndpointSlices, "kubernetes.io/service-name=web")).ShouldHaveSingleItem();
        slice.Endpoints.Single().Flag("conditions", "ready").ShouldBe(true);
        slice.Json.ObjectsAt("ports").Single().Integer("port").ShouldBe(8080);
        (await lab.GetAsync(Resources.Endpoints, "web")).Json.ObjectsAt("subsets").Single().ObjectsAt(
            "addresses").Count().ShouldBe(1);
    });
}
