using Spillway.Core.Ports;
using Spillway.Kubernetes;

namespace Spillway.Tests.Controllers;

/// <summary>A crash between any two steps loses nothing and does nothing twice.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const string Rented = """
        apiVersion: spillway.dev/v1
        kind: Cluster
        metadata: {name: lab}
        spec:
          machines:
            - {name: box, site: office, capacity: {cpu: 1, memory: 2Gi}}
          pools:
            - name: cpu
              cloud: {simulated: {region: us-east-1, startup: 60s}}
              instanceTypes: [m5.large]
              max: 5
          policy:
            burst: {mode: auto, idleAfter: 2m}
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Killed_at_any_effect_the_next_run_ends_where_an_unharmed_one_does(bool afterEffect)
    {
        var killed = 0;
        for (var at = 1; at < 200; at++)
        {
            var faults = new Faults(at, afterEffect);
            Play(faults);
            output.WriteLine($"{at}: {faults.Killed}");
            if (!faults.IsDead) break;
            killed++;
        }

        killed.ShouldBeGreaterThan(15, "too few effects for a claim's whole life");
    }

    private static void Play(Faults faults)
    {
        var healthy = false;
        var scene = new ControllerScene(Rented)
        {
            Transport = transport => healthy ? transport : new FaultyTransport(transport, faults),
            Cloud = cloud => healthy ? cloud : new FaultyCloud(cloud, faults),
            StartsBroken = true,
        };
        scene.Play(async () =>
        {
            await scene.PodAsync("job", "cpu=1500m", "60s");
            for (var step = 0; step < 150; step++)
            {
                await scene.PassAsync(4);
                if (healthy || !faults.IsDead) continue;
                healthy = true;
                await scene.Host.DisposeAsync();
                await scene.StartHostAsync();
            }

            var about = $"killed at {faults.Killed}\n{scene.DecisionText()}";
            // The pod's object goes some time after its node; the ledger keeps how it ended.
            scene.Ledger.Pods().ShouldHaveSingleItem(about).Phase.ShouldBe("Succeeded", about);
            scene.Cluster.Clouds.Machines.ShouldHaveSingleItem(about);
            (await scene.Cluster.Cloud.ListAsync(CancellationToken.None)).ShouldBeEmpty(about);
            (await scene.ClaimsAsync()).ShouldBeEmpty(about);
            (await scene.AllAsync(Resources.Nodes)).ShouldHaveSingleItem(about).Name.ShouldBe("box");
            scene.Ledger.Decisions().Select(one => $"{one.Kind} {one.Count}").ShouldBe(["burst 1", "reclaim 1"], about);
            var node = scene.Ledger.Nodes().Where(one => one.IsRented).ShouldHaveSingleItem(about);
            node.RemovedAt.ShouldNotBeNull(about);
            scene.Ledger.Pods().ShouldHaveSingleItem(about).FinishedAt.ShouldNotBeNull(about);
        });
    }
}
