using Spillway.Core.Burst;
using Spillway.Core.ClusterFile;
using Spillway.Core.Costs;

namespace Spillway.Core.Tests.Burst;

/// <summary>What holds for every scene, tried on a few hundred that are drawn from a seed.</summary>
public sealed class BurstPropertyTests
{
    private const int Scenes = 150;

    [Fact]
    public void Every_pending_pod_is_in_exactly_one_decision() => ForEach((draw, seed) =>
    {
        var scene = draw(seed, 0);

        var answered = scene.Decide().Decisions.SelectMany(one => one.Pods).ToList();

        answered.Count.ShouldBe(answered.Distinct().Count(), $"seed {seed}");
        answered.Order().ShouldBe(scene.Observation().Pending.Select(pod => pod.Key).Order(), $"seed {seed}");
    });

    [Fact]
    public void Maxima_and_the_hourly_budget_are_kept() => ForEach((draw, seed) =>
    {
        var scene = draw(seed, 0);

        var plan = scene.Decide();

        var seen = scene.Observation();
        foreach (var pool in seen.Pools)
        {
            var bought = Bursts(plan).Where(one => one.Offer.Pool == pool.Name).Sum(one => one.Count);
            var there = seen.Claims.Count(claim => claim.Offer.Pool == pool.Name);
            if (bought > 0) (bought + there).ShouldBeLessThanOrEqualTo(pool.Max, $"seed {seed}");
        }

        if (scene.Policy.Budget.PerHour is not { } limit || Bursts(plan).Count == 0) return;
        var price = Bursts(plan).Sum(one => one.Count * one.Offer.Price.Amount)
            + seen.Claims.Sum(claim => claim.Offer.Price.Amount);
        price.ShouldBeLessThanOrEqualTo(limit.Amount, $"seed {seed}");
    });

    [Fact]
    public void Every_node_holds_the_pods_it_is_bought_for() => ForEach((draw, seed) =>
    {
        var scene = draw(seed, 0);
        foreach (var burst in Bursts(scene.Decide()))
        {
            burst.PodsPerNode.Count.ShouldBe(burst.Count, $"seed {seed}");
            foreach (var pods in burst.PodsPerNode)
            {
                var room = OfferNodes.Allocatable(burst.Offer);
                pods.ShouldNotBeEmpty($"seed {seed}");
                foreach (var (resource, there) in room)
                {
                    var asked = pods.Sum(pod => scene.Model.Pod(pod)!.Requirements.Requests[resource]);
                    asked.ShouldBeLessThanOrEqualTo(there, $"seed {seed}: {resource}");
                }
            }
        }
    });

    [Fact]
    public void The_order_in_which_pods_are_seen_does_not_matter() => ForEach((draw, seed) =>
    {
        var (one, other) = (draw(seed, 0), draw(seed, 1));

        BurstPlanText.Print(other.Decide()).ShouldBe(BurstPlanText.Print(one.Decide()), $"seed {seed}");
    });

    [Fact]
    public void A_wider_pool_never_serves_fewer_pods() => ForEach((draw, seed) =>
    {
        var scene = draw(seed, 0);
        var before = Bursts(scene.Decide()).Sum(one => one.Pods.Count);

        foreach (var pool in scene.Observation().Pools.ToList()) scene.Change(pool.Name, one =>
            one with { Max = one.Max + 3 });

        Bursts(scene.Decide()).Sum(one => one.Pods.Count).ShouldBeGreaterThanOrEqualTo(before, $"seed {seed}");
    });

    private static List<BurstDecision.Burst> Bursts(BurstPlan plan) =>
        [.. plan.Decisions.OfType<BurstDecision.Burst>()];

    private static void ForEach(Action<Func<int, int, BurstScene>, int> check)
    {
        for (var seed = 0; seed < Scenes; seed++) check(Draw, seed);
    }

    /// <param name="shuffle">Changes the order in which the same pods are handed in, and nothing else.</param>
    private static BurstScene Draw(int seed, int shuffle)
    {
        var random = new Random(seed);
        var scene = new BurstScene();
        var machines = random.Next(3);
        for (var i = 0; i < machines; i++) scene.Machine($"box-{i}",
            $"cpu={random.Next(1, 9)} memory={random.Next(2, 33)}Gi");
        string[] types = ["m5.large", "m5.xlarge", "m5.2xlarge", "c5.xlarge", "r5.large"];
        var pools = random.Next(1, 4);
        for (var i = 0; i < pools; i++)
        {
            var chosen = types.Where(_ =>
                random.Next(2) == 0).DefaultIfEmpty(types[random.Next(types.Length)]).ToList();
            var (max, purchase) = (random.Next(0, 5), (PoolPurchase)random.Next(3));
            scene.Pool($"pool-{i}", string.Join(' ', chosen), pool => pool with { Max = max, Purchase = purchase });
        }

        if (random.Next(3) == 0) scene.Claim("pool-0-aaaaa", "pool-0", (ClaimPhase)random.Next(3));
        if (random.Next(3) == 0)
            scene.Policy = scene.Policy with { Budget = new Budget { PerHour = Money.Usd(random.Next(1, 12) / 10m) } };
        if (random.Next(4) == 0) scene.StockOut(scene.Offer("pool-0"), TimeSpan.FromMinutes(2));
        var pods = Enumerable.Range(0, random.Next(1, 15))
            .Select(i => (Name: $"job{i % 3}-{i:00}",
                Requests: $"cpu={random.Next(1, 50) * 100}m memory={random.Next(1, 20)}Gi",
                Priority: random.Next(8) == 0 ? -20 : random.Next(3), Since: TimeSpan.FromSeconds(random.Next(60))))
            .ToList();
        if (shuffle > 0) pods = [.. pods.OrderBy(pod => HashOf(pod.Name, shuffle))];
        foreach (var pod in pods)
            scene.Pending(pod.Name, pod.Requests, pod.Since, requirements =>
                requirements with { Priority = pod.Priority });
        return scene;
    }

    private static int HashOf(string text, int seed) =>
        text.Aggregate(seed, (hash, letter) => (hash * 31) + (letter * 7919)) & 0xFFFF;
}
