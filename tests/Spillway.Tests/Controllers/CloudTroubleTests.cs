using System.Text.Json.Nodes;
using Spillway.Controllers.Objects;
using Spillway.Core.Burst;
using Spillway.Kubernetes;

namespace Spillway.Tests.Controllers;

/// <summary>What a cloud does to plans: no stock, no quota, machines taken back; and what people do to claims.</summary>
public sealed class CloudTroubleTests
{
    private static string Lab(string cloud, string pool = "", string policy = "") => $$"""
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - {name: box, site: office, capacity: {cpu: 1, memory: 2Gi} }
          pools:
            - name: cpu
              cloud: {simulated: {region: us-east-1, startup: 60s{{cloud}} } }
              instanceTypes: [m5.large, m5.xlarge]
              max: 5
              {{pool}}
          policy:
            burst: {mode: auto, idleAfter: 2m{{policy}} }
        """;

    [Fact]
    public void Out_of_stock_leads_to_the_next_best_offer_within_a_second()
    {
        var scene = new ControllerScene(Lab(", stockouts: [{instanceType: m5.large}]"));
        scene.Play(async () =>
        {
            await scene.PodAsync("job", "cpu=1500m");
            await scene.PassAsync(1);

            var claim = (await scene.ClaimsAsync()).ShouldHaveSingleItem();
            claim.InstanceType.ShouldBe("m5.xlarge");
            claim.Phase.ShouldBe(ClaimPhase.Launched);
            var pool = (await scene.AllAsync(SpillwayResources.Pools)).ShouldHaveSingleItem();
            pool.StockOuts.ShouldHaveSingleItem().Offer.InstanceType.ShouldBe("m5.large");
        });
        scene.Ledger.Decisions().Select(one => one.Kind).ShouldBe(["stockout", "burst"]);
    }

    [Fact]
    public void With_no_stock_at_all_the_pod_says_so_and_is_served_when_stock_returns()
    {
        var scene = new ControllerScene(Lab(", stockouts: [{from: 0s, to: 3m}]"));
        scene.Play(async () =>
        {
            await scene.PodAsync("job", "cpu=1500m");
            await scene.PassAsync(10);
            (await scene.FindPodAsync("job"))!.Annotation(SpillwayNames.WhyAnnotation)!
                .ShouldContain("the cloud had no m5");
            await scene.UntilAsync("job", "Succeeded", 900);
        });
    }

    [Fact]
    public void A_machine_that_is_taken_back_is_drained_and_the_ledger_says_replace()
    {
        var scene = new ControllerScene(Lab(
            ", spotInterruptions: {at: [10m], notice: 2m}", "purchase: spot"));
        scene.Play(async () =>
        {
            await scene.PodAsync("long", "cpu=1500m", "1h");
            await scene.UntilAsync("long", "Running", 120);
            await scene.PassAsync(600);
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldBeEmpty();
            (await scene.ClaimsAsync()).ShouldBeEmpty();
        });
        scene.Ledger.Decisions().Select(one => one.Kind).ShouldContain("replace");
    }

    [Fact]
    public void A_deleted_claim_gives_its_node_back_only_when_its_work_is_gone()
    {
        var scene = new ControllerScene(Lab(""));
        scene.Play(async () =>
        {
            await scene.PodAsync("job", "cpu=1500m", "1h");
            await scene.UntilAsync("job", "Running", 120);
            var claim = (await scene.ClaimsAsync()).ShouldHaveSingleItem();

            await scene.Client.DeleteAsync(
                SpillwayResources.NodeClaims, claim.Key, DeleteOptions.None, CancellationToken.None);
            await scene.PassAsync(120);

            (await scene.FindPodAsync("job")).ShouldBeNull();
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldBeEmpty();
            (await scene.ClaimsAsync()).ShouldBeEmpty();
        });
    }

    [Fact]
    public void A_pools_minimum_is_kept_and_is_not_given_back()
    {
        var scene = new ControllerScene(Lab("", "min: 1"));
        scene.Play(async () =>
        {
            await scene.PassAsync(900);
            (await scene.ClaimsAsync()).ShouldHaveSingleItem().Phase.ShouldBe(ClaimPhase.Ready);
        });
    }

    [Fact]
    public void A_machine_that_nobody_claims_is_ended()
    {
        var scene = new ControllerScene(Lab(""));
        scene.Play(async () =>
        {
            var offer = (await scene.Cluster.Cloud.ListOffersAsync("cpu", CancellationToken.None))[0];
            await scene.Cluster.Cloud.LaunchAsync(
                new Core.Ports.LaunchOrder(new Core.Ports.LaunchToken("lost"), "cpu-lost1", offer),
                    CancellationToken.None);
            await scene.PassAsync(300);
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldBeEmpty();

            await scene.PodAsync("job", "cpu=1500m", "10m");
            await scene.PassAsync(120);

            var machines = await scene.Cluster.Cloud.ListAsync(CancellationToken.None);
            machines.ShouldHaveSingleItem().Claim.ShouldNotBe("cpu-lost1");
        });
    }

    [Fact]
    public void Two_accelerators_on_one_device_exclude_each_other()
    {
        var scene = new ControllerScene(Lab("").Replace(
            "capacity: {cpu: 1, memory: 2Gi}", "capacity: {cpu: 8, memory: 16Gi}, devices: [{model: xilinx-u250}]"));
        scene.Play(async () =>
        {
            foreach (var name in (string[])["sort", "scan"])
            {
                var json = JsonNode.Parse($$"""
                    {"apiVersion": "spillway.dev/v1", "kind": "Accelerator", "metadata": {"name": "{{name}}"},
                     "spec": {"resource": "accelerators.spillway.dev/{{name}}",
                       "provides": [{"device": "xilinx-u250", "perDevice": 2}] } }
                    """)!.AsObject();
                await scene.Client.CreateAsync(
                    SpillwayResources.Accelerators, new AcceleratorObject(json), CancellationToken.None);
            }

            await scene.PassAsync(1);
            (await AllocatableAsync(scene, "sort"), await AllocatableAsync(scene, "scan")).ShouldBe(("2", "2"));

            await scene.PodAsync("first", "cpu=1 accelerators.spillway.dev/sort=1", "60s");
            await scene.UntilAsync("first", "Running", 10);
            (await AllocatableAsync(scene, "sort"), await AllocatableAsync(scene, "scan")).ShouldBe(("2", "0"));

            await scene.UntilAsync("first", "Succeeded", 120);
            await scene.PassAsync(1);
            (await AllocatableAsync(scene, "sort"), await AllocatableAsync(scene, "scan")).ShouldBe(("2", "2"));
        });
    }

    private static async Task<string?> AllocatableAsync(ControllerScene scene, string accelerator) =>
        (await scene.Client.GetAsync(Resources.Nodes, ObjectKey.Cluster("box"), CancellationToken.None))!
            .Allocatable.GetValueOrDefault($"accelerators.spillway.dev/{accelerator}");
}
