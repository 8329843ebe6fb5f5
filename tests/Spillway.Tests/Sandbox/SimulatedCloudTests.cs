using Spillway.Core.ClusterFile;
using Spillway.Core.Ports;

namespace Spillway.Tests.Sandbox;

public sealed class SimulatedCloudTests
{
    private static string Cloud(string settings, string pool = "") => """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - {name: box, site: office, capacity: {cpu: 4, memory: 8Gi}}
          pools:
            - name: burst
              cloud: {simulated: {region: us-east-1, startup: 90s SETTINGS}}
              instanceTypes: [m5.large, m5.xlarge]
              max: 5
              POOL
        """.Replace("SETTINGS", settings.Length > 0 ? ", " + settings : "").Replace("POOL", pool);

    [Fact]
    public void A_launched_machine_joins_by_itself_after_its_start_up_time()
    {
        var scene = new SandboxScene(Cloud(""));
        scene.Play(async () =>
        {
            var offers = await scene.Cluster.Cloud.ListOffersAsync("burst", default);
            offers.Select(o => o.InstanceType).ShouldBe(["m5.large", "m5.xlarge"]);

            await LaunchAsync(scene, "burst-abcde", offers[0]);
            await scene.PassAsync(TimeSpan.FromSeconds(80));
            (await scene.NodesAsync()).Count.ShouldBe(1);
            await scene.PassAsync(TimeSpan.FromSeconds(20));

            var node = (await scene.NodesAsync()).Single(n => n.Name == "burst-abcde");
            node.IsReady.ShouldBeTrue();
            node.Label("spillway.dev/pool").ShouldBe("burst");
            node.Label("spillway.dev/claim").ShouldBe("burst-abcde");
            node.Label("spillway.dev/purchase").ShouldBe("on-demand");
            node.Label("node.kubernetes.io/instance-type").ShouldBe("m5.large");
            node.Allocatable["cpu"].ShouldBe(offers[0].Template.Allocatable["cpu"].ToString());
        });
    }

    [Fact]
    public void The_same_token_never_starts_a_second_machine()
    {
        var scene = new SandboxScene(Cloud(""));
        scene.Play(async () =>
        {
            var offer = (await scene.Cluster.Cloud.ListOffersAsync("burst", default))[0];

            var first = await LaunchAsync(scene, "burst-a", offer);
            var second = await LaunchAsync(scene, "burst-a", offer);
            (await scene.Cluster.Cloud.RemoveAsync(Id(first), default)).ShouldBeOfType<RemoveResult.Removing>();
            var third = await LaunchAsync(scene, "burst-a", offer);

            second.ShouldBe(first);
            third.ShouldBe(first);
            (await scene.Cluster.Cloud.RemoveAsync(Id(first), default)).ShouldBeOfType<RemoveResult.Gone>();
            (await scene.Cluster.Cloud.ListAsync(default)).ShouldBeEmpty();
        });
    }

    [Fact]
    public void Failed_launch_calls_lose_no_machine_when_they_are_repeated()
    {
        var scene = new SandboxScene(Cloud("launchFailureRate: 0.7"));
        scene.Play(async () =>
        {
            var offer = (await scene.Cluster.Cloud.ListOffersAsync("burst", default))[0];
            var failures = 0;
            for (var machine = 0; machine < 5; machine++)
            {
                while (true)
                {
                    try
                    {
                        await LaunchAsync(scene, $"burst-{machine}", offer);
                        break;
                    }
                    catch (HttpRequestException)
                    {
                        failures++;
                    }
                }
            }

            failures.ShouldBeGreaterThan(0);
            (await scene.Cluster.Cloud.ListAsync(default)).Count.ShouldBe(5);
        });
    }

    [Fact]
    public void Stock_and_stock_outs_and_quotas_say_no_in_their_own_words()
    {
        var scene = new SandboxScene(Cloud(
            "stock: {m5.xlarge: 1}, stockouts: [{instanceType: m5.large, from: 1m, to: 2m}], quota: {nodes: 2}"));
        scene.Play(async () =>
        {
            var offers = await scene.Cluster.Cloud.ListOffersAsync("burst", default);
            var (large, xlarge) = (offers[0], offers[1]);
            xlarge.Stock.ShouldBe(1);

            (await LaunchAsync(scene, "a", xlarge)).ShouldBeOfType<LaunchResult.Launched>();
            (await LaunchAsync(scene, "b", xlarge)).ShouldBeOfType<LaunchResult.NoCapacity>().Why.ShouldContain("all 1 m5.xlarge");
            await scene.PassAsync(TimeSpan.FromSeconds(61));
            (await LaunchAsync(scene, "c", large)).ShouldBeOfType<LaunchResult.NoCapacity>().Why.ShouldContain("no m5.large");
            await scene.PassAsync(TimeSpan.FromSeconds(60));
            (await LaunchAsync(scene, "c", large)).ShouldBeOfType<LaunchResult.Launched>();
            (await LaunchAsync(scene, "d", large)).ShouldBeOfType<LaunchResult.QuotaExceeded>().Why.ShouldContain("2 nodes");
        });
    }

    [Fact]
    public void A_spot_machine_is_taken_two_minutes_after_its_notice()
    {
        var scene = new SandboxScene(Cloud("spotInterruptions: {at: [10m]}", "purchase: spot"));
        scene.Play(async () =>
        {
            var offer = (await scene.Cluster.Cloud.ListOffersAsync("burst", default))[0];
            offer.Purchase.ShouldBe(PurchaseOption.Spot);
            var machine = Id(await LaunchAsync(scene, "burst-a", offer));
            await using var notices = scene.Cluster.Cloud.WatchInterruptionsAsync(default).GetAsyncEnumerator();

            (await notices.MoveNextAsync()).ShouldBeTrue();

            notices.Current.MachineId.ShouldBe(machine);
            notices.Current.EndsAt.ShouldBe(SandboxScene.Start.AddMinutes(10));
            (scene.Time.GetUtcNow() - SandboxScene.Start).ShouldBe(TimeSpan.FromMinutes(8));
            await scene.PassAsync(TimeSpan.FromMinutes(2));
            (await scene.Cluster.Cloud.ListAsync(default)).ShouldBeEmpty();
            scene.Cluster.Kubelets.Nodes.ShouldBe(["box"]);
        });
    }

    [Fact]
    public void Interruptions_by_chance_come_as_often_as_the_file_says_and_the_same_for_a_seed()
    {
        Interrupted(seed: 1).ShouldBe(Interrupted(seed: 1));
        Enumerable.Range(0, 20).Sum(seed => Interrupted(seed)).ShouldBeInRange(30, 70);

        static int Interrupted(int seed)
        {
            var scene = new SandboxScene(Cloud("spotInterruptions: {perHour: 0.5}", "purchase: spot"), seed);
            var gone = 0;
            scene.Play(async () =>
            {
                var offer = (await scene.Cluster.Cloud.ListOffersAsync("burst", default))[0];
                for (var i = 0; i < 5; i++) await LaunchAsync(scene, $"burst-{seed}-{i}", offer);
                await scene.PassAsync(TimeSpan.FromHours(1));
                gone = 5 - (await scene.Cluster.Cloud.ListAsync(default)).Count;
            });
            return gone;
        }
    }

    private static Task<LaunchResult> LaunchAsync(SandboxScene scene, string claim, Offer offer) =>
        scene.Cluster.Cloud.LaunchAsync(new LaunchOrder(new LaunchToken("uid-" + claim), claim, offer), default);

    private static string Id(LaunchResult result) => result.ShouldBeOfType<LaunchResult.Launched>().MachineId;
}
